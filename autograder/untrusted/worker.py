"""The worker: answers the trusted side's requests about one submission, one at a time.

Runs inside the sandbox, in a process of its own, next to student code. It holds the student's
sources and modules; it knows no expected value, no label and no check.
"""

import base64
import contextlib
import copy
import sys
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from autograder.boundary.frames import FrameLimits, pack_frame, read_frame
from autograder.boundary.tensors import pack_tensors, unpack_tensors
from autograder.untrusted import probes
from autograder.untrusted.doubles import DoubleSpec, MadeOnDemand, Recorder, make_double
from autograder.untrusted.faults import describe_error
from autograder.untrusted.loader import (
    LoadProblem,
    SubmissionLoader,
    parse_sources,
    survey_classes,
)
from autograder.untrusted.module_names import Exercise, Sources
from autograder.untrusted.sources import declared_arguments
from autograder.untrusted.training import train_and_predict

# Requests come from the grader: they may be as large as a submission.
_REQUEST_LIMITS = FrameLimits(header_bytes_max=512 * 2**20, payload_bytes_max=512 * 2**20)

Reply = tuple[dict[str, Any], dict[str, Tensor]]


class Wire(Protocol):
    """Where frames come from and go to."""

    def read_exactly(self, count: int) -> bytes:
        """Return exactly ``count`` bytes, or raise EOFError when the grader is gone."""

    def write_all(self, data: bytes) -> None:
        """Send all of ``data``."""


def serve(wire: Wire) -> None:
    """Answer requests until the grader closes the wire."""
    worker = Worker()
    while True:
        try:
            request, payload = read_frame(wire.read_exactly, _REQUEST_LIMITS)
        except EOFError:
            return
        reply, tensors = worker.answer(request, unpack_tensors(payload))
        try:
            packed = pack_tensors(tensors)
        except Exception as error:  # noqa: BLE001  (a student's output may be no plain tensor)
            reply, packed = {"ok": False, "stage": "reply", "error": describe_error(error)}, b""
        wire.write_all(pack_frame(reply, packed))


class Worker:
    """The state between two requests: sources, loader, modules built so far."""

    def __init__(self) -> None:
        self._sources: Sources | None = None
        self._exercise: Exercise | None = None
        self._loader: SubmissionLoader | None = None
        self._class: type | None = None
        self._recorder = Recorder()
        self._modules: dict[int, nn.Module] = {}
        self._operations: dict[str, Callable[[dict[str, Any], dict[str, Tensor]], Reply]] = {
            "greet": lambda request, tensors: ({}, {}),
            "survey": self._survey,
            "load": self._load,
            "build": self._build,
            "run": self._run,
            "copy": self._copy,
            "trace": self._trace,
            "train": self._train,
        }

    def answer(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        """Carry out one request; whatever student code raises becomes an error reply."""
        stage = str(request.get("op"))
        try:
            facts, results = self._operations[stage](request, tensors)
        except BaseException as error:  # noqa: BLE001  (SystemExit from student code included)
            hint = ""
            if isinstance(error, NameError) and self._loader is not None:
                hint = self._loader.explain_missing_name(str(error.name))
            kind = "load_problem" if isinstance(error, LoadProblem) else "raised"
            reply = {"ok": False, "stage": stage, "kind": kind}
            return {**reply, "error": describe_error(error, hint)}, {}
        return {"ok": True, **facts}, results

    def _open(self, request: dict[str, Any]) -> None:
        exercise = request["exercise"]
        self._exercise = Exercise(exercise["package"], exercise["files"], exercise["given"])
        self._sources = parse_sources(
            {path: base64.b64decode(text) for path, text in request["files"].items()},
            {
                path: [(number, text) for number, text in cells]
                for path, cells in request["notebooks"].items()
            },
            request["root"],
            self._exercise.files,
        )

    def _survey(self, request: dict[str, Any], _: dict[str, Tensor]) -> Reply:
        self._open(request)
        assert self._sources is not None
        assert self._exercise is not None
        return {"classes": survey_classes(self._sources, self._exercise)}, {}

    def _load(self, request: dict[str, Any], _: dict[str, Tensor]) -> Reply:
        self._open(request)
        assert self._sources is not None
        assert self._exercise is not None
        specs = {spec["class_name"]: spec for spec in request["doubles"]}
        stand_ins = MadeOnDemand(
            specs, lambda name: self._make_double(specs[name], request["places"].get(name))
        )
        self._loader = SubmissionLoader(self._sources, self._exercise, request["places"], stand_ins)
        with torch.random.fork_rng(devices=[]):
            probes.seed_everything(request["seed"])
            self._class = self._loader.load_class(request["class"])
        return {"cells": self._loader.cells_used()}, {}

    def _make_double(self, spec: dict[str, Any], place: str | None) -> type[nn.Module]:
        assert self._sources is not None
        own: dict[str, tuple[str, ...] | None] = {}
        source = self._sources.by_path.get(place or "")
        if source is not None:
            own["own_constructor"] = declared_arguments(source, spec["class_name"], "__init__")
            own["own_forward"] = declared_arguments(source, spec["class_name"], "forward")
        lists = {key: tuple(spec[key]) for key in ("constructor", "forward")}
        return make_double(DoubleSpec(**{**spec, **lists, **own}), self._recorder)

    def _build(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        module = self._construct(request)
        if tensors:
            probes.set_weights(module, tensors)
        self._modules[int(request["handle"])] = module
        return probes.describe_module(module, self._recorder, request["attributes"]), {}

    def _construct(self, request: dict[str, Any]) -> nn.Module:
        if self._class is None:
            raise LoadProblem("no class is loaded")
        self._recorder.made.clear()
        probes.seed_everything(request["seed"])
        module = probes.build_module(
            self._class, request["arguments"], request["extra"], request["style"]
        )
        if request["dtype"] == "float64":
            module = nn.Module.double(module)
        return module

    def _run(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        module = self._modules[int(request["handle"])]
        weights = _take(tensors, "weight.")
        if weights:
            probes.set_weights(module, weights)
        arguments: list[Tensor | None] = []
        for index, kind in enumerate(request["arguments"]):
            value = tensors.get(f"input.{index}")
            if kind == "strided" and value is not None:
                # The same values, laid out in memory the other way round.
                value = value.transpose(0, -1).contiguous().transpose(0, -1)
            arguments.append(value)
        cotangent = tensors.get("cotangent")
        return probes.run_module(
            module,
            self._recorder,
            arguments,
            request["names"],
            training=bool(request["training"]),
            seed=int(request["seed"]),
            cotangent=cotangent,
        )

    def _trace(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        module = self._modules[int(request["handle"])]
        weights = _take(tensors, "weight.")
        if weights:
            probes.set_weights(module, weights)
        count = int(request["arguments"])
        return probes.trace_module(
            module,
            [tensors.get(f"input.{index}") for index in range(count)],
            training=bool(request["training"]),
            seed=int(request["seed"]),
        )

    def _copy(self, request: dict[str, Any], _: dict[str, Tensor]) -> Reply:
        original = self._modules[int(request["handle"])]
        fresh = self._construct({**request, **request["build"]})
        probes.copy_by_state_dict(original, fresh)
        self._modules[int(request["copy_handle"])] = fresh
        return {}, {}

    def _train(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        module = self._modules[int(request["handle"])]
        weights = _take(tensors, "weight.")
        probes.set_weights(module, weights)
        data: dict[str, Any] = {
            name: value for name, value in tensors.items() if not name.startswith("weight.")
        }
        predictions = train_and_predict(module, **data, **request["settings"])
        return {"output": probes.describe_output(predictions)}, {"predictions": predictions}


def _take(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


class FileWire:
    """A wire over two binary file objects."""

    def __init__(self, reader: Any, writer: Any) -> None:
        self._reader, self._writer = reader, writer

    def read_exactly(self, count: int) -> bytes:
        """Return exactly ``count`` bytes, or raise EOFError when the grader is gone."""
        data: bytes = self._reader.read(count)
        if len(data) != count:
            raise EOFError
        return data

    def write_all(self, data: bytes) -> None:
        """Send all of ``data``."""
        self._writer.write(data)
        self._writer.flush()


def warm_up() -> None:
    """Touch what workers will need, so that each fork finds it imported.

    Uses one thread and opens no parallel region: a process that has may not be forked.
    """
    torch.set_num_threads(1)
    with contextlib.suppress(RuntimeError):
        torch.set_num_interop_threads(1)
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=1e-3)
    layer(torch.zeros(2, 3, 4)).sum().backward()
    torch.nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
    optimizer.step()
    unpack_tensors(pack_tensors({"x": torch.zeros(1)}))
    for dtype in (torch.float32, torch.float64):
        _touch_operations(dtype)
    sys.setrecursionlimit(1000)


def _touch_operations(dtype: torch.dtype) -> None:
    """Run what layers are made of once: the first call of each costs every fork anew."""
    table, layer_norm = nn.Embedding(5, 4).to(dtype), nn.LayerNorm(4).to(dtype)
    linear, functional = nn.Linear(4, 4).to(dtype), nn.functional
    emb = layer_norm(table(torch.tensor([[1, 2, 3]])))
    query = linear(emb).view(1, 3, 2, 2).transpose(1, 2)
    scores = (query @ query.transpose(-2, -1)).masked_fill(torch.eye(3).bool(), -1e4)
    mixed = (functional.dropout(scores.softmax(-1), 0.5) @ query).transpose(1, 2).flatten(2)
    functional.scaled_dot_product_attention(query, query, query)
    output = torch.tanh(functional.gelu(mixed + emb))
    torch.autograd.grad(output, list(linear.parameters()), torch.ones_like(output))
    copy.deepcopy(linear.state_dict())
