"""Whose modules ``import`` finds: those of the class under test, and of no other.

Runs inside the sandbox. Each class under test has a loader of its own, in which other classes may
be doubles; in Python's tables, which know one module per name, one loader's modules stand at a
time.
"""

import sys
from types import ModuleType

from autograder.untrusted.loader import SubmissionLoader


class ImportScope:
    """Exchanges one loader's modules for another's."""

    def __init__(self) -> None:
        self._present: SubmissionLoader | None = None
        self._away: dict[int, dict[str, ModuleType]] = {}

    def enter(self, loader: SubmissionLoader) -> None:
        """Let imports find the modules of ``loader``'s submission."""
        if loader is self._present:
            return
        if self._present is not None:
            self._leave(self._present)
        packages = {package.__name__: package for package in loader.packages}
        sys.modules.update(self._away.pop(id(loader), packages))
        sys.meta_path.insert(0, loader)
        self._present = loader

    def _leave(self, loader: SubmissionLoader) -> None:
        # By the names it gave out: looking through all of Python's table takes ten times as long,
        # and copies memory that is shared with the template.
        present = sys.modules.keys() & loader.names_given
        own = {name: sys.modules[name] for name in present if loader.owns(sys.modules[name])}
        for name in own:
            del sys.modules[name]
        self._away[id(loader)] = own
        if loader in sys.meta_path:
            sys.meta_path.remove(loader)
