"""Which files of a submission are sources, and how much of them is taken.

Runs on the trusted side; looks at names and sizes only.
"""

from dataclasses import dataclass, field

from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.outcomes import clean_text

_SKIPPED_FOLDERS = {"__pycache__", "__macosx", "node_modules", "site-packages"}
_LITTER = ("desktop.ini", "thumbs.db")
_OTHERS_MAX = 8
_SOURCES = (".py", ".ipynb")
# What browsers and editors make of a notebook's name.
_RENAMED_NOTEBOOK = (".ipynb.txt", ".ipynb.json")
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


@dataclass(frozen=True)
class IntakeLimits:
    """What one submission may hold.

    There is no limit on how well an archive is packed: what counts is what comes out of it.
    """

    source_mib_max: float = 1.0
    # Pictures and tables in a notebook's outputs are large.
    notebook_mib_max: float = 64.0
    total_mib_max: float = 128.0
    # The code alone, without outputs: all of it is sent to every worker.
    code_mib_max: float = 16.0
    archive_mib_max: float = 512.0
    # An archive's table of contents is held in memory at about ten times its size.
    archive_contents_mib_max: float = 8.0
    files_max: int = 2000
    entries_max: int = 20000
    depth_max: int = 24
    path_chars_max: int = 1000

    def bytes_max(self, path: str) -> int:
        """Return how many bytes a source of this name may have."""
        notebook = path.lower().endswith(".ipynb")
        return int((self.notebook_mib_max if notebook else self.source_mib_max) * 2**20)


@dataclass
class FoundSources:
    """The sources found so far, and what there is to say about the rest."""

    shown: str
    limits: IntakeLimits
    contents: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)
    # Sources that lie beside an archive that is graded in their place.
    beside: list[str] = field(default_factory=list)
    # A few of the files that are neither sources nor archives.
    others: list[str] = field(default_factory=list)
    _total_bytes: int = 0

    def add(self, path: str, content: bytes) -> None:
        """Keep one source. Raises UngradableSubmission when they grow too many or too large."""
        self._total_bytes += len(content)
        if self._total_bytes > self.limits.total_mib_max * 2**20:
            raise UngradableSubmission(
                f"{self.shown} holds more than {self.limits.total_mib_max:g} MiB of sources: give "
                "only the folder your classes are in"
            )
        self.contents[path] = content
        if len(self.contents) > self.limits.files_max:
            raise UngradableSubmission(
                f"{self.shown} holds more than {self.limits.files_max} sources: give only the "
                "folder your classes are in"
            )

    def pass_by(self, path: str) -> None:
        """Keep the name of a file that can be no part of a submission, if it is to be shown."""
        folders, _, name = path.rpartition("/")
        litter = name.startswith(".") or name.lower() in _LITTER
        hidden = litter or any(map(is_skipped_folder, folders.split("/")))
        if not hidden and len(self.others) < _OTHERS_MAX:
            self.others.append(name)

    def leave_out(self, path: str, reason: str) -> None:
        """Note that a file is not graded, and why."""
        self.notes.append(f"{clean_text(path, 120)} was left out: {reason}")


def is_wanted(path: str) -> bool:
    """Whether a file of this name is a source of the submission's."""
    folders, _, name = path.rpartition("/")
    if any(map(is_skipped_folder, folders.split("/") if folders else [])):
        return False
    return name.lower().endswith(_SOURCES) and not name.startswith(".")


def is_renamed_notebook(name: str) -> bool:
    """Whether a file is a notebook by another name, which only its owner can give back."""
    return name.lower().endswith(_RENAMED_NOTEBOOK)


def is_archive(path: str) -> bool:
    """Whether a file of this name is packed; such a file inside a submission is not opened."""
    folders, _, name = path.rpartition("/")
    if any(map(is_skipped_folder, folders.split("/") if folders else [])):
        return False
    return name.lower().endswith(_ARCHIVES) and not name.startswith(".")


def is_skipped_folder(name: str) -> bool:
    """Whether a folder of this name holds no work of the student's."""
    return name.startswith(".") or name.lower() in _SKIPPED_FOLDERS
