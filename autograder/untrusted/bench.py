"""One class under test: its modules of the submission, its doubles, what was built of it.

Runs inside the sandbox, next to student code. It holds the student's modules; it knows no
expected value, no label and no check.
"""

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from autograder.untrusted import construct, probes
from autograder.untrusted.anatomy import describe_module, named_modules, parameters_of
from autograder.untrusted.class_texts import (
    declared_arguments,
    kept_arguments,
    offered_names,
)
from autograder.untrusted.common_ground import is_untouched
from autograder.untrusted.doubles import DoubleSpec, MadeOnDemand, Recorder, make_double
from autograder.untrusted.elsewhere import Watch, find_mixture
from autograder.untrusted.loader import LoadProblem, SubmissionLoader
from autograder.untrusted.module_names import Exercise, Sources
from autograder.untrusted.training import predict, train
from autograder.untrusted.widening import Widening

Reply = tuple[dict[str, Any], dict[str, Tensor]]


class Bench:
    """Loads one class of a submission, builds modules of it, and questions them."""

    def __init__(self, sources: Sources, exercise: Exercise, request: dict[str, Any]) -> None:
        self._sources = sources
        self._class: type | None = None
        self._recorder = Recorder()
        self._modules: dict[int, nn.Module] = {}
        # Those that compute in float64, and whether float32 is to mean that for them.
        self._wide: set[int] = set()
        self._widens = bool(request.get("widens"))
        specs = {spec["class_name"]: spec for spec in request["doubles"]}
        # A class that is missing may be there under nearly its name, by which the others call it:
        # then its double stands in under that name, too.
        near = {name: pair for name, pair in request["aliases"].items() if name in specs}
        places = {**request["places"], **dict(near.values())}
        specs |= {alias: specs[name] for name, (alias, _) in near.items()}
        stand_ins = MadeOnDemand(
            specs, lambda name: self._make_double(specs[name], request["places"].get(name))
        )
        self.loader = SubmissionLoader(sources, exercise, places, stand_ins)
        self._operations: dict[str, Callable[[dict[str, Any], dict[str, Tensor]], Reply]] = {
            "load": self._load,
            "build": self._build,
            "run": self._run,
            "row": self._row,
            "copy": self._copy,
            "elsewhere": self._elsewhere,
            "trace": self._trace,
            "train": self._train,
            "predict": self._predict,
        }

    def carry_out(
        self, operation: str, request: dict[str, Any], tensors: dict[str, Tensor]
    ) -> Reply:
        """Return the facts and tensors asked for, or raise what the student's code raised."""
        with Widening() if self._is_widened(operation, request) else contextlib.nullcontext():
            return self._operations[operation](request, tensors)

    def _is_widened(self, operation: str, request: dict[str, Any]) -> bool:
        if operation == "build" and request["dtype"] == "float64":
            self._wide.add(int(request["handle"]))
        if operation == "copy" and request["handle"] in self._wide:
            self._wide.add(int(request["copy_handle"]))
        apart = operation in ("load", "elsewhere") or request.get("default") == "float32"
        return self._widens and not apart and request["handle"] in self._wide

    def _load(self, request: dict[str, Any], _: dict[str, Tensor]) -> Reply:
        with torch.random.fork_rng(devices=[]):
            probes.seed_everything(request["seed"])
            untouched = is_untouched()
            self._class = self.loader.load_class(request["class"])
        return {"cells": self.loader.cells_used(), "untouched": untouched}, {}

    def _make_double(self, spec: dict[str, Any], place: str | None) -> type[nn.Module]:
        own: dict[str, Any] = {}
        find_own = functools.cache(lambda: self._own_class(spec["class_name"]))
        source = self._sources.by_path.get(place or "")
        if source is not None:
            for key, method in (("constructor", "__init__"), ("forward", "forward")):
                told = declared_arguments(source, spec["class_name"], method)
                if told and construct.are_moved(told, spec[key]):
                    # Text may never run: a class that loads is asked itself.
                    told = construct.own_arguments(find_own(), method) or told
                own[f"own_{key}"] = told
            own["own_kept"] = kept_arguments(source, spec["class_name"])
            own["own_offers"] = offered_names(self._sources, source, spec["class_name"])
        lists = {key: tuple(spec[key]) for key in ("constructor", "forward")}
        build_own = functools.partial(self._build_own, find_own)
        return make_double(
            DoubleSpec(**{**spec, **lists, **own}), self._recorder, find_own, build_own
        )

    def _build_own(
        self, find_own: Callable[[], type | None], given: dict[str, Any]
    ) -> nn.Module | None:
        """Return a module of the class that a double stands for; None where there can be none."""
        own = find_own()
        if own is None:
            return None
        made = list(self._recorder.made)
        try:
            with torch.random.fork_rng(devices=[]):
                return construct.build_module(own, [list(pair) for pair in given.items()], {}, "")
        except (Exception, SystemExit):  # noqa: BLE001  (a fault of that class, charged to it)
            return None
        finally:
            # Its own parts are doubles too, which nobody is to be asked about.
            self._recorder.made[:] = made

    def _own_class(self, name: str) -> type | None:
        """Return the student's class that a double stands for; None where it does not load.

        It is made beside the double, from the same file once more.
        """
        others = [other for other in self.loader.stand_ins if other != name]
        stand_ins = MadeOnDemand(others, self.loader.stand_ins.__getitem__)
        loader = SubmissionLoader(
            self._sources, self.loader.exercise, self.loader.places, stand_ins
        )
        try:
            return loader.load_class(name)
        except (Exception, SystemExit):  # noqa: BLE001  (a fault of that class, charged to it)
            return None

    def _build(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        module = self._construct(request)
        if tensors:
            probes.set_weights(module, tensors)
        self._modules[int(request["handle"])] = module
        assert self._class is not None
        facts = describe_module(module, self._recorder, request["attributes"])
        facts["defaults"] = construct.numeric_defaults(self._class)
        return {**facts, "forward": construct.forward_arguments(self._class)}, {}

    def _construct(self, request: dict[str, Any]) -> nn.Module:
        if self._class is None:
            raise LoadProblem("no class is loaded")
        misspelt = construct.find_misspelt(self._class)
        if misspelt:
            raise LoadProblem(misspelt)
        try:
            return self._construct_once(self._class, request)
        except Exception as error:
            # It may look its parts up where their own files write them down.
            if not self.loader.run_what_stands_aside():
                raise
            try:
                return self._construct_once(self._class, request)
            except Exception:  # noqa: BLE001  (the first time told the truth)
                raise error from None

    def _construct_once(self, student_class: type, request: dict[str, Any]) -> nn.Module:
        self._recorder.made.clear()
        self._recorder.asked = dict(request["arguments"])
        probes.seed_everything(request["seed"])
        wide = request["dtype"] == "float64"
        with construct.default_dtype(wide=wide):
            module = construct.build_module(
                student_class, request["arguments"], request["extra"], request["style"]
            )
            construct.fill_lazy_parameters(module, request["example"])
        return nn.Module.double(module) if wide else module

    def _weighed(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> nn.Module:
        """Return the module a request speaks of, with the weights that come with it."""
        module = self._modules[int(request["handle"])]
        weights = _take(tensors, "weight.")
        if weights:
            probes.set_weights(module, weights)
        return module

    def _run(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        module = self._weighed(request, tensors)
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
            calls=bool(request["calls"]),
            own_default=request.get("default") != "float32",
        )

    def _row(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        module = self._weighed(request, tensors)
        self._recorder.listens = False
        return probes.run_in_a_row(module, _inputs(request, tensors), request["steps"])

    def _trace(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        return probes.trace_module(
            self._weighed(request, tensors),
            _inputs(request, tensors),
            training=bool(request["training"]),
            seed=int(request["seed"]),
        )

    def _copy(self, request: dict[str, Any], _: dict[str, Tensor]) -> Reply:
        original = self._modules[int(request["handle"])]
        fresh = self._construct({**request, **request["build"]})
        probes.copy_by_state_dict(original, fresh)
        self._modules[int(request["copy_handle"])] = fresh
        return {}, {}

    def _elsewhere(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        watch = Watch()
        try:
            with watch:
                module = self._construct(request["build"])
        except Exception:  # noqa: BLE001  (it was constructed before: being watched is what it minds)
            return {"mixes": ""}, {}
        self._recorder.calls.clear()
        self._recorder.listens = True
        with construct.default_dtype(wide=True):
            found = find_mixture(watch, module, _inputs(request, tensors), self._recorder.calls)
        return {"mixes": found}, {}

    def _train(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        module = self._weighed(request, tensors)
        train(module, **_data(tensors), **request["settings"])
        parts = named_modules(module)
        return {}, {f"trained.{name}": value for name, value in parameters_of(parts).items()}

    def _predict(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        module = self._weighed(request, tensors)
        predictions = predict(module, **_data(tensors), **request["settings"])
        return {}, {"predictions": predictions}


def _data(tensors: dict[str, Tensor]) -> dict[str, Any]:
    return {name: value for name, value in tensors.items() if not name.startswith("weight.")}


def _take(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _inputs(request: dict[str, Any], tensors: dict[str, Tensor]) -> list[Tensor | None]:
    return [tensors.get(f"input.{index}") for index in range(int(request["arguments"]))]
