"""The fixture checks hold: the student's code, as far as a check may see it.

Runs on the trusted side, one object per check.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from autograder.manifest import Kit
from autograder.trusted.background import compute_once
from autograder.trusted.built import Built, Inputs
from autograder.trusted.loaded_layer import LoadedLayer
from autograder.trusted.outcomes import Blocked, CheckEnded
from autograder.trusted.reference import Draw, draw_lively
from autograder.trusted.seeds import derive_seed, make_generator, visible_seed
from autograder.trusted.submission import Submission
from autograder.trusted.twins import Twin


# A layer's inputs are the same for every submission of a class.
@functools.lru_cache(maxsize=1024)
def _draw_normal(seed: int, layer: str, purpose: str, shape: tuple[int, ...]) -> Tensor:
    generator = make_generator(seed, layer, f"{purpose}{shape}")
    return torch.randn(shape, generator=generator, dtype=torch.float64)


class Student:
    """A student's submission inside one check, with random numbers for it.

    All checks of a layer draw the same weights and inputs for the same purpose: what two of them
    ask is then one question, and need not be answered twice.
    """

    def __init__(self, submission: Submission, check_id: str, layer: str, *, device: str) -> None:
        self.submission = submission
        self.check_id = check_id
        self.layer_name = layer
        self.device = device
        submission.begin_check()

    @property
    def kit(self) -> Kit:
        """The assignment."""
        return self.submission.kit

    @property
    def seed(self) -> int:
        """A seed of this check's own; the submission never sees it."""
        return derive_seed(self.submission.seed, self.check_id)

    @property
    def worker_seed(self) -> int:
        """The seed a worker may see: for dropout and initial weights of the student's making."""
        return visible_seed(self.check_id, "worker")

    def generator(self, purpose: str) -> torch.Generator:
        """Random numbers for one purpose of this layer's checks."""
        return make_generator(self.submission.seed, self.layer_name, purpose)

    def normal(self, *shape: int, purpose: str = "input", std: float = 1.0) -> Tensor:
        """Draw a float64 tensor from a normal distribution."""
        return std * _draw_normal(self.submission.seed, self.layer_name, purpose, shape)

    def rate(self) -> float:
        """A dropout rate of this run's own: one that never changes could be learnt by heart."""
        return round(0.25 + 0.2 * float(torch.rand((), generator=self.generator("rate"))), 3)

    def eps(self) -> float:
        """A layer_norm_eps of this run's own, large enough to show."""
        return round(0.002 + 0.004 * float(torch.rand((), generator=self.generator("eps"))), 5)

    def layer(self, name: str, *, alone: bool = True) -> LoadedLayer:
        """Return a layer of the submission; ``alone`` puts doubles where its sub-layers go."""
        return self.submission.layer(name, alone=alone)

    def build(self, name: str, arguments: Mapping[str, Any], *, style: str = "adaptive",
              alone: bool = True, dtype: str = "float64") -> Built:  # fmt: skip
        """Construct the student's class."""
        return Built(
            self.layer(name, alone=alone), arguments, style=style, dtype=dtype,
            seed=self.worker_seed,
        )  # fmt: skip

    def twin(
        self,
        name: str,
        arguments: Mapping[str, Any],
        example: Inputs,
        *,
        draw: Draw = draw_lively,
        alone: bool = True,
        dtype: str = "float64",
        style: str = "adaptive",
    ) -> Twin:
        """Construct the student's class and the reference's, with the same fresh weights."""
        return Twin(
            self.layer(name, alone=alone),
            arguments,
            derive_seed(self.submission.seed, self.layer_name, "weights"),
            example,
            draw=draw,
            dtype=dtype,
            style=style,
        )

    def compute_once(self, purpose: str, work: Callable[[], Tensor]) -> Callable[[], Tensor]:
        """Start work of ours that depends on the seed and on no submission; return how to wait.

        A class is graded with one seed, so this is done once for all of it.
        """
        kit = self.kit
        name = f"{kit.root}/{kit.assignment} {self.seed} {self.check_id} {purpose}"
        return compute_once(name, work, self.submission.shared)

    def all_arguments(self, name: str, changed: Mapping[str, Any]) -> dict[str, Any]:
        """Return every argument of a layer's constructor, in the hand-out's order."""
        parameters = self.kit.arguments_of(name)
        return {key: changed.get(key, p.default) for key, p in parameters.items()}

    def whole_model(
        self, name: str, arguments: Mapping[str, Any], example: Inputs, *, dtype: str = "float64"
    ) -> Twin:
        """Like ``twin`` with the student's own sub-layers; Blocked where one is missing."""
        for layer in self.kit.layers:
            if layer.name not in self.submission.places:
                raise Blocked(f"the whole model needs {layer.name}, which is missing")
            if self.submission.ran_out_of_time(layer.name):
                raise Blocked(f"the whole model needs {layer.name}, which runs out of time")
        try:
            return self.twin(name, arguments, example, alone=False, dtype=dtype)
        except CheckEnded as ended:
            raise type(ended)(f"the whole model cannot be built: {ended.message}") from None
