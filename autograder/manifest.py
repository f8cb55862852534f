"""The manifest of an assignment: its layers, points, limits, hints; read from its rubric.

Lives in the engine, used by the trusted side and by authoring. The engine names no layer: what
it must know of an exercise is in ``solutions/<assignment>/rubric.toml``.
"""

import importlib
import inspect
import os
import sys
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.untrusted.doubles import DoubleSpec

WHOLE_MODEL = "EndToEnd"


class KitError(Exception):
    """The kit itself is incoherent: staff must act (exit status 3)."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use; every name ends in its unit."""

    start_wall_clock_s: float = 60.0
    call_wall_clock_s: float = 8.0
    training_wall_clock_s: float = 60.0
    lost_wall_clock_s_per_layer: float = 15.0
    answered_wall_clock_s_per_layer: float = 20.0
    cpu_s: int = 90
    memory_mib: int = 3072
    open_files: int = 64
    file_size_mib: int = 16
    scratch_mib: int = 32
    reply_mib: int = 32
    replies_mib_per_layer: int = 64


@dataclass(frozen=True)
class Layer:
    """One class of the exercise, as the rubric describes it."""

    name: str
    file: str
    points: float
    attributes: tuple[str, ...]
    roles: dict[str, tuple[str, ...]]
    hints: tuple[str, ...]
    double: dict[str, str] | None


@dataclass(frozen=True)
class Kit:
    """An assignment with its staff folder."""

    root: Path
    assignment: str
    title: str
    layers: tuple[Layer, ...]
    whole_model_points: float
    whole_model_hints: tuple[str, ...]
    constants: dict[str, Any]
    given: tuple[str, ...]
    limits: Limits
    # The exercise's letters for sizes: "C" = "emb_size", "D" = "emb_size/n_heads".
    letters: dict[str, str]
    # The strongest hint a student may ask for.
    hint_max: int

    @property
    def student_folder(self) -> Path:
        """The folder handed out."""
        return self.root / "assignments" / self.assignment

    @property
    def staff_folder(self) -> Path:
        """The folder only staff may see."""
        return self.root / "solutions" / self.assignment

    @property
    def checks_folder(self) -> Path:
        """The folder with the pytest files."""
        return self.staff_folder / "checks"

    @property
    def package(self) -> str:
        """The dotted name by which students may import the exercise's modules."""
        return f"assignments.{self.assignment}"

    @cached_property
    def by_name(self) -> dict[str, Layer]:
        """The layers by class name."""
        return {layer.name: layer for layer in self.layers}

    @property
    def groups(self) -> tuple[str, ...]:
        """Every name a check may be charged to: the layers, then the whole model."""
        return (*self.by_name, WHOLE_MODEL)

    def points_of(self, group: str) -> float:
        """The points of a layer or of the whole model."""
        return self.whole_model_points if group == WHOLE_MODEL else self.by_name[group].points

    def hints_of(self, group: str) -> tuple[str, ...]:
        """The hints for a layer or for the whole model, each stronger than the one before."""
        return self.whole_model_hints if group == WHOLE_MODEL else self.by_name[group].hints

    def reference_module(self, name: str) -> ModuleType:
        """Import the staff's module that defines a layer."""
        name = f"solutions.{self.assignment}.{self.by_name[name].file.removesuffix('.py')}"
        module = sys.modules.get(name)
        if module is None or module is not self._imported.get(name):
            if module is None or Path(str(module.__file__)).parent != self.staff_folder:
                self._make_importable()
                module = importlib.import_module(name)
            self._imported[name] = module
        return module

    @cached_property
    def _imported(self) -> dict[str, ModuleType]:
        """The modules known to be this kit's."""
        return {}

    def _make_importable(self) -> None:
        """Let this kit's folders be imported, and forget those of another kit's copy."""
        root = str(self.root)
        if root not in sys.path[:1]:
            sys.path.insert(0, root)
        ours = tuple(f"{side}.{self.assignment}" for side in ("solutions", "assignments"))
        for name in [name for name in sys.modules if name.startswith(ours)]:
            if not str(getattr(sys.modules[name], "__file__", "")).startswith(root + os.sep):
                del sys.modules[name]

    def reference_class(self, name: str) -> type:
        """The staff's class for a layer."""
        found: type = getattr(self.reference_module(name), name)
        return found

    def arguments_of(self, name: str) -> Mapping[str, inspect.Parameter]:
        """The arguments of a layer's constructor, by name, in the hand-out's order."""
        if name not in self._arguments:
            self._arguments[name] = inspect.signature(self.reference_class(name)).parameters
        return self._arguments[name]

    @cached_property
    def _arguments(self) -> dict[str, Mapping[str, inspect.Parameter]]:
        return {}

    def double_spec(self, name: str) -> "DoubleSpec":
        """What stands for a layer when another one is graded alone."""
        if name not in self._double_specs:
            self._double_specs[name] = self._describe_double(name)
        return self._double_specs[name]

    @cached_property
    def _double_specs(self) -> "dict[str, DoubleSpec]":
        return {}

    def _describe_double(self, name: str) -> "DoubleSpec":
        # Here, not above: it brings torch, and the command line reads a manifest without it.
        from autograder.untrusted.doubles import DoubleSpec

        described = self.by_name[name].double
        if described is None:
            raise KitError(f"{name} has no double, but a composite layer's checks need one")
        constructor = self.arguments_of(name)
        return DoubleSpec(
            class_name=name,
            kind=described["kind"],
            size=described["size"],
            rows=described.get("rows", ""),
            constructor=tuple(constructor),
            defaults={n: p.default for n, p in constructor.items() if p.default is not p.empty},
            forward=self.inputs_of(name),
        )

    def inputs_of(self, name: str) -> tuple[str, ...]:
        """Return what a layer's forward calls its arguments, in order."""
        reference = self.reference_class(name)
        names = inspect.signature(reference.forward).parameters  # type: ignore[attr-defined]
        return tuple(name for name in names if name != "self")


def asks_for_training(layers: Collection[str], *, training: bool) -> bool:
    """Whether a run of these layers (none: of all) trains: the whole model alone is trained."""
    return training and (not layers or WHOLE_MODEL in layers)


def load_kit(root: Path, assignment: str) -> Kit:
    """Read an assignment's rubric. Raises KitError with one sentence when it cannot be used."""
    rubric = root / "solutions" / assignment / "rubric.toml"
    try:
        text = rubric.read_text(encoding="utf-8")
    except OSError as error:
        raise KitError(f"the rubric {rubric} cannot be read: {error.strerror}") from error
    try:
        data = tomllib.loads(text)
        known = {field.name for field in fields(Limits)}
        unknown = set(data.get("limits", {})) - known
        if unknown:
            raise KitError(f"{rubric}: unknown limit {min(unknown)!r}")
        layers = tuple(_read_layer(entry) for entry in data["layers"])
        return Kit(
            root=root,
            assignment=assignment,
            title=data["title"],
            layers=layers,
            whole_model_points=data["whole_model"]["points"],
            whole_model_hints=tuple(data["whole_model"].get("hints", ())),
            constants=dict(data.get("constants", {})),
            given=tuple(data.get("given", ())),
            limits=Limits(**data.get("limits", {})),
            letters=dict(data.get("letters", {})),
            hint_max=data.get("hint_max", 3),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise KitError(f"{rubric}: {type(error).__name__}: {error}") from error


def _read_layer(entry: dict[str, Any]) -> Layer:
    return Layer(
        name=entry["name"],
        file=entry["file"],
        points=entry["points"],
        attributes=tuple(entry.get("attributes", ())),
        roles={role: tuple(words) for role, words in entry.get("roles", {}).items()},
        hints=tuple(entry.get("hints", ())),
        double=entry.get("double"),
    )
