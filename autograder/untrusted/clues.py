"""What loading a module tells of errors that come later: why a name is missing, or another thing.

Runs inside the sandbox, next to student code. The sentences are for the student.
"""

import ast
import builtins
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from autograder.untrusted.bindings import changed_names, names_it_may_set, only_imports
from autograder.untrusted.faults import failing_line

_QUOTED_CHARS_MAX = 60
# How torch says that a class has no forward, and Python that an object lacks anything else.
_LACKS_SOMETHING = re.compile(r"Module \[(\w+)\] is missing|'(\w+)' object has no attribute")


@dataclass
class Clues:
    """What is noted of one module, by name, while its statements run."""

    # What the last statement that would have set a name raised, and where that stands.
    failures: dict[str, tuple[str, BaseException]] = field(default_factory=dict)
    # Where something that was not run would have set a name, or changed a class.
    unset: dict[str, str] = field(default_factory=dict)
    unchanged: dict[str, str] = field(default_factory=dict)
    _replaced: dict[str, str] = field(default_factory=dict)
    _imported: dict[str, str] = field(default_factory=dict)
    _unchangeable: dict[str, tuple[str, BaseException]] = field(default_factory=dict)

    def note_failure(
        self, label: str, statement: ast.stmt, lost: Iterable[str], error: BaseException
    ) -> None:
        """Note that a statement raised, and which names it has not set."""
        self.failures.update(dict.fromkeys(lost, (label, error)))
        self._unchangeable.update(dict.fromkeys(changed_names(statement), (label, error)))

    def note_success(self, label: str, statement: ast.stmt, names: Collection[str]) -> None:
        """Note that a statement has run, and which names it has set, a star import's too."""
        imports = only_imports(statement)
        set_anew = set(names) if imports else names_it_may_set(statement) & set(names)
        for name in names:
            self.failures.pop(name, None)
        for name in set_anew:
            self._replaced.pop(name, None)
            if isinstance(statement, ast.ClassDef | ast.FunctionDef):
                self._imported.pop(name, None)
            elif name in self._imported and not imports:
                self._replaced[name] = (
                    f"{name} is no longer what {self._imported.pop(name)} imported: {label} sets "
                    f"it to something else («{_quote(statement)}»)"
                )
            elif hasattr(builtins, name):
                self._replaced[name] = (
                    f"{name} is not Python's own {name} here: {label} replaces it "
                    f"(«{_quote(statement)}»)"
                )
            elif imports:
                self._imported[name] = label

    def of_missing_name(self, name: str) -> str:
        """Return why a name is not set, or ''."""
        failure = self.failures.get(name)
        # What only adds to a thing that is not there is no reason why it is not.
        adds = failure and isinstance(failure[1], NameError) and failure[1].name == name
        if failure and not (adds and name in self.unset):
            return f"{failure[0]} would set it, {self._say_what_failed(failure)}"
        if name in self.unset:
            return (
                f"{self.unset[name]} sets {name} by running something, and that was not run; only "
                "imports, classes, functions and plain constants are taken from it"
            )
        return ""

    def of_unchanged_class(self, name: str) -> str:
        """Return why a class may lack what it is given later, or ''."""
        if name in self._unchangeable:
            failure = self._unchangeable[name]
            return f"{failure[0]} would add to {name}, {self._say_what_failed(failure)}"
        if name in self.unchanged:
            return (
                f"{self.unchanged[name]} adds to {name} by running something, as in a loop, and "
                "that was not run; a plain assignment or a decorator would be"
            )
        return ""

    def of_replaced_name(self, code: str) -> str:
        """Return what has become of a name that a line calls or looks into, or ''."""
        used = re.findall(r"(?<![\w.])(\w+)\s*[.(]", code)
        return next((self._replaced[name] for name in used if name in self._replaced), "")

    def _say_what_failed(self, failure: tuple[str, BaseException]) -> str:
        """Say what a statement failed with, or what that comes of: a name missing before."""
        root = failure
        for _ in range(len(self.failures) + 1):  # no chain is longer, unless it is a circle
            name = str(root[1].name) if isinstance(root[1], NameError) else ""
            if name in self.unset and name not in self.failures:
                return f"and needs {name}: {self.of_missing_name(name)}"
            root = self.failures.get(name, root)
        told = f"{type(root[1]).__name__}: {root[1]}"
        same = root[0] == failure[0]
        return f"and that failed with {told}" if same else f"and {root[0]} failed with {told}"


def _quote(statement: ast.stmt) -> str:
    return ast.unparse(statement).partition("\n")[0][:_QUOTED_CHARS_MAX]


def explain_by_loading(clues: Iterable[Clues], error: BaseException) -> str:
    """Return what loading tells of an error, or ''. Never raises."""
    try:
        return _explain(clues, error, failing_line(error)[0])
    except Exception:  # noqa: BLE001  (a student's error may raise anything when looked at)
        return ""


def _explain(clues: Iterable[Clues], error: BaseException, code: str) -> str:
    told: Iterable[str] = ()
    if isinstance(error, NameError):
        told = (clue.of_missing_name(str(error.name)) for clue in clues)
    elif isinstance(error, NotImplementedError | AttributeError):
        lacks = _LACKS_SOMETHING.search(str(error))
        name = (lacks[1] or lacks[2]) if lacks else ""
        told = (clue.of_unchanged_class(name) or clue.of_replaced_name(code) for clue in clues)
    elif isinstance(error, TypeError):
        told = (clue.of_replaced_name(code) for clue in clues)
    return next(filter(None, told), "")
