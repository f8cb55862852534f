"""nbconvert's exporters for the course's text source.

    jupyter nbconvert --to student_notebook solutions/bert/notebook/sentiment140.md
    jupyter nbconvert --to solution_notebook --execute solutions/bert/notebook/sentiment140.md

For staff. nbconvert reads notebooks from files of its own format; these read the text source and
hand the built notebook on, so that every option of nbconvert works as ever.
"""

import sys
from pathlib import Path
from typing import Any, ClassVar

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode

from autograder.authoring.notebook.build import build_notebook
from autograder.authoring.notebook.source import NotebookSourceError, Version
from autograder.manifest import KitError


class _SourceExporter(NotebookExporter):  # type: ignore[misc]
    """Builds one version of the notebook from its text source."""

    version: ClassVar[Version]

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Build the notebook of a text source and export it."""
        path = Path(filename)
        resources = resources if resources is not None else {}
        resources.setdefault("metadata", {}).setdefault("name", path.stem)
        resources["metadata"].setdefault("path", str(path.parent))
        try:
            notebook = build_notebook(path, self.version)
        except (NotebookSourceError, KitError) as error:
            # nbconvert would print a traceback for what is a slip in the source.
            sys.exit(f"nbconvert: {error}")
        built: tuple[NotebookNode, dict[str, Any]]
        built = self.from_notebook_node(notebook, resources, **kw)  # type: ignore[no-untyped-call]
        return built


class StudentNotebookExporter(_SourceExporter):
    """The notebook that is handed out: stubs where the classes go."""

    version = "student"


class SolutionNotebookExporter(_SourceExporter):
    """The notebook with solutions: for staff."""

    version = "solution"
