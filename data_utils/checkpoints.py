"""Two files that let a training run be used and continued: the best weights and the last state.

Runs anywhere, next to the training loop. For `checkpoint="bert.pt"` the files are

- `bert.pt`, the model's weights at the lowest validation loss so far, and
- `bert.last.pt`, all that continuing takes: weights, optimizer, learning rate schedule, random
  number generators and history, as of the last finished epoch.

A file is written under another name and then renamed, so a power cut leaves the old file or the new
one, never half of one. Files are read with `weights_only=True`: a checkpoint from a stranger can
hold wrong numbers, but it cannot run code.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from data_utils.errors import DataProblem
from data_utils.history import History

# Read before anything else in the file; a change of what a file holds changes its number.
BEST_FORMAT = "bert-exercise best weights, 1"
LAST_FORMAT = "bert-exercise last state, 1"


@dataclass(frozen=True)
class Best:
    """Where the weights of a best-weights file come from; epochs count from 1."""

    epoch: int
    val_loss: float


def last_state_path(checkpoint: str | os.PathLike[str]) -> Path:
    """Return where the last state lies for a given checkpoint: `bert.last.pt` for `bert.pt`."""
    path = Path(checkpoint)
    return path.with_name(f"{path.stem}.last{path.suffix}")


def save_best(path: str | os.PathLike[str], model: nn.Module, best: Best) -> None:
    """Write the model's weights as the best so far."""
    _write(path, {"format": BEST_FORMAT, "model": model.state_dict(), **asdict(best)})


def load_best(model: nn.Module, path: str | os.PathLike[str]) -> Best:
    """Put the best weights that `train(..., checkpoint=path)` saved into `model`.

    The model keeps its device. Raises DataProblem when there is no such file or it does not fit;
    the model is then as it was.
    """
    content = _read(path, BEST_FORMAT)
    _put_weights(model, content["model"], path)
    return Best(int(content["epoch"]), float(content["val_loss"]))


@dataclass
class RunState:
    """The moving parts of a run; `save` and `restore` them between two epochs."""

    model: nn.Module
    optimizer: Optimizer
    scheduler: LRScheduler | None
    scaler: torch.amp.GradScaler
    generators: list[torch.Generator]  # the loaders' own, if they have any
    history: History

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state as of now."""
        content = {
            "format": LAST_FORMAT,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "scaler": self.scaler.state_dict(),
            "generators": [generator.get_state() for generator in self.generators],
            "cpu_rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "history": dict(zip(_list_names(), self.history, strict=True)),
        }
        _write(path, content)

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Set everything back to what `save` wrote.

        Raises DataProblem when the file cannot be read or belongs to another model, optimizer,
        scheduler or kind of loader.
        """
        content = _read(path, LAST_FORMAT)
        if (content["scheduler"] is None) != (self.scheduler is None):
            had = "no" if content["scheduler"] is None else "a"
            raise DataProblem(f"{path} was written with {had} scheduler: resume with the same")
        if len(content["generators"]) != len(self.generators):
            raise DataProblem(
                f"{path} was written with {len(content['generators'])} random generators in the "
                f"loaders and there are {len(self.generators)} now: resume with the same loaders"
            )
        _put_weights(self.model, content["model"], path)
        try:
            self.optimizer.load_state_dict(content["optimizer"])
        except (ValueError, KeyError) as error:
            raise DataProblem(f"{path} was written with another optimizer ({error})") from error
        if self.scheduler is not None:
            self.scheduler.load_state_dict(content["scheduler"])
        # A disabled scaler keeps no state and takes none.
        if self.scaler.is_enabled() and content["scaler"]:
            self.scaler.load_state_dict(content["scaler"])
        for name in _list_names():
            getattr(self.history, name)[:] = content["history"][name]
        # Last of all, lest anything above draws a number.
        for generator, state in zip(self.generators, content["generators"], strict=True):
            generator.set_state(state)
        torch.set_rng_state(content["cpu_rng"])
        if torch.cuda.is_available() and len(content["cuda_rng"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(content["cuda_rng"])


def find_generators(loaders: Iterable[Any]) -> list[torch.Generator]:
    """Return the random generators that loaders, their samplers and batch samplers own."""
    found: dict[int, torch.Generator] = {}
    for loader in loaders:
        batch_sampler = getattr(loader, "batch_sampler", None)
        owners = (
            loader,
            getattr(loader, "sampler", None),
            batch_sampler,
            getattr(batch_sampler, "sampler", None),
        )
        for owner in owners:
            generator = getattr(owner, "generator", None)
            if isinstance(generator, torch.Generator):
                found[id(generator)] = generator
    return list(found.values())


def _list_names() -> list[str]:
    return [part.name for part in fields(History) if part.name != "interrupted"]


def _write(path: str | os.PathLike[str], content: Mapping[str, Any]) -> None:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the file itself: a rename is atomic only within one file system. The process number
    # keeps two runs that share a folder apart.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("wb") as file:
            torch.save(dict(content), file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _read(path: str | os.PathLike[str], wanted: str) -> dict[str, Any]:
    if not Path(path).is_file():
        raise DataProblem(f"there is no checkpoint {path}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # bytes that are no pickle end in errors of every kind
        raise DataProblem(
            f"{path} cannot be read as a checkpoint: it is damaged or something else"
        ) from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != wanted:
        raise DataProblem(f"{path} should hold '{wanted}' and holds '{found}'")
    return dict(content)


def _put_weights(
    model: nn.Module, weights: Mapping[str, torch.Tensor], path: str | os.PathLike[str]
) -> None:
    own = model.state_dict()
    # Checked first: load_state_dict copies what fits before it complains about the rest.
    for name in own:
        if name not in weights:
            raise DataProblem(f"{path} has no '{name}', which the model has: it is another model's")
    for name in weights:
        if name not in own:
            raise DataProblem(f"{path} has '{name}', unlike the model: it is another model's")
    for name, value in own.items():
        if value.shape != weights[name].shape:
            raise DataProblem(
                f"'{name}' has shape {tuple(value.shape)} in the model and "
                f"{tuple(weights[name].shape)} in {path}"
            )
    model.load_state_dict(weights)
