"""A submission under grading: its layers, loaded and questioned in workers.

Runs on the trusted side. The layers of a submission whose text keeps to itself are first asked in
one worker: a worker costs more than most layers' questions. What gives a wrong answer there is
asked everything again in a worker of its own, and that counts: what one module does to its process
can cost no other a point. Any other submission's layers have a worker each from the start: nor can
it win one.
"""

import base64
import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.manifest import WHOLE_MODEL, Kit
from autograder.trusted.class_mentions import decode_roughly
from autograder.trusted.error_kinds import names_its_type
from autograder.trusted.intake import StagedSubmission
from autograder.trusted.loaded_layer import LoadedLayer
from autograder.trusted.outcomes import clean_text
from autograder.trusted.workers import NoRoom, Worker, WorkerLost, WorkerSource

_PATH_CHARS_MAX, _ALIAS_CHARS_MAX = 400, 80
# torch.utils.checkpoint, and not whatever else is called a checkpoint.
_COMPILES = re.compile(r"torch\.utils(?:\.| import [^\n]{0,200}?)checkpoint")


class Submission:
    """A staged submission with the workers that run it."""

    def __init__(
        self, kit: Kit, staged: StagedSubmission, source: WorkerSource, seed: int,
        shared: Path | None = None,
    ) -> None:  # fmt: skip
        self.kit = kit
        self.staged = staged
        self.source = source
        self.seed = seed
        # Where the graders of a class keep what they need only once.
        self.shared = shared
        self.places: dict[str, str] = {}
        self.problems: dict[str, str] = {}
        # Of classes that are nowhere: where one of nearly that name is, in words; and that name,
        # with its file, by which other classes may call it.
        self._near: dict[str, str] = {}
        self.aliases: dict[str, list[str]] = {}
        # Why the sources were not read, where they were not.
        self._unread = ""
        self.found: dict[str, dict[str, Any]] = {}
        self.cells: set[int] = set()
        self.remarks: list[str] = []
        # What was remarked since the group of checks began, once more or for the first time.
        self.said_in_group: list[str] = []
        self._layers: dict[str, LoadedLayer] = {}
        self._common: Worker | None = None
        self._in_company = True
        self._apart: set[str] = set()
        self._questioned: set[str] = set()
        # Layers that name the type they compute in: for them float32 means float64.
        self._widened: set[str] = set()
        # How long each layer has kept us waiting, in whatever worker it was asked.
        self.spent_s: dict[str, float] = defaultdict(float)
        # Whether some worker was killed, by itself or by the machine: nobody can tell which.
        self.killed = False

    def payload(self) -> dict[str, Any]:
        """Return the part of a request that carries the sources."""
        given = {
            name: (self.kit.student_folder / name).read_text(encoding="utf-8")
            for name in self.kit.given
        }
        return {
            "files": {
                file.path: base64.b64encode(file.content).decode() for file in self.staged.files
            },
            "notebooks": {
                notebook.path: [[cell.number, cell.source] for cell in notebook.cells]
                for notebook in self.staged.notebooks
            },
            "root": self.staged.root,
            "exercise": {
                "package": self.kit.package,
                "files": {layer.name: layer.file for layer in self.kit.layers},
                "given": given,
            },
        }

    def survey(self) -> None:
        """Find where each class is defined, in a worker that parses and runs nothing.

        The same worker is the first that every layer is asked in.
        """
        worker = self._common = self.start_worker()
        try:
            reply, _ = worker.ask(
                {"op": "survey", **self.payload()}, {}, self.kit.limits.call_wall_clock_s
            )
            classes = reply.get("classes")
            # No student code has run there yet: this is the text's word, not the submission's.
            self._in_company = reply.get("keeps_to_itself") is True
        except WorkerLost as lost:
            classes, self._unread = None, lost.how
        known = {file.path for file in self.staged.files}
        known |= {notebook.path for notebook in self.staged.notebooks}
        for layer in self.kit.layers:
            entry = classes.get(layer.name) if isinstance(classes, dict) else None
            entry = entry if isinstance(entry, dict) else {"path": self._guess(layer.file, known)}
            path = entry.get("path")
            # A file that a cell of a notebook writes is known to the worker alone; its name is
            # shown, and nothing is done with it here.
            shown = isinstance(path, str) and path == clean_text(path, _PATH_CHARS_MAX)
            if isinstance(path, str) and (path in known or (shown and entry.get("written"))):
                self.places[layer.name] = path
                self.found[layer.name] = entry
            elif entry.get("problem"):
                self.problems[layer.name] = clean_text(str(entry["problem"]))
            elif entry.get("near"):
                self._near[layer.name] = clean_text(str(entry["near"]))
                self._note_alias(layer.name, entry.get("alias"), known)

    def _note_alias(self, name: str, alias: Any, known: set[str]) -> None:
        """Keep what a worker says a missing class is called instead, where that can be so."""
        if isinstance(alias, list) and len(alias) == 2 and all(isinstance(a, str) for a in alias):
            other, path = alias
            if path in known and other.isidentifier() and len(other) <= _ALIAS_CHARS_MAX:
                self.aliases[name] = [other, path]

    @staticmethod
    def _guess(file_name: str, known: set[str]) -> str | None:
        alike = [path for path in known if path.rpartition("/")[2] == file_name]
        return min(alike, key=len) if alike else None

    def layer(self, name: str, *, alone: bool = True) -> LoadedLayer:
        """Return a layer to question; with ``alone`` its sub-layers are test doubles."""
        key = name if alone else WHOLE_MODEL
        self._questioned.add(key)
        if key not in self._layers:
            self._layers[key] = LoadedLayer(self, name, key, widens=key in self._widened)
        return self._layers[key]

    def worker_for(self, key: str) -> tuple[Worker, bool]:
        """Return a worker to load a layer in, and whether other layers are asked there too."""
        common = self._common if self._in_company else None
        if common is not None and common.alive and key not in self._apart:
            return common, True
        return self.start_worker(), False

    def start_worker(self) -> Worker:
        """Return a fresh worker for this submission.

        Where the machine has no room for one, the submission's other workers may be what fills it
        (with threads, say): they go first.
        """
        try:
            return self.source.start_worker(compiles=self._compiles)
        except NoRoom:
            self.close()
            return self.source.start_worker(compiles=self._compiles)

    @cached_property
    def _compiles(self) -> bool:
        """Whether a text of the submission's speaks of what imports torch's compiler."""
        texts = [decode_roughly(file.content) for file in self.staged.files]
        texts += [cell.source for book in self.staged.notebooks for cell in book.cells]
        return any(_COMPILES.search(text) for text in texts)

    def end_company(self) -> None:
        """Have no further layer asked in the common worker: something there is not as it was."""
        self._in_company = False

    def begin_group(self) -> None:
        """Forget which layers were questioned so far: the next checks belong together."""
        self._questioned.clear()
        self.said_in_group.clear()

    def only_one_in_company(self) -> LoadedLayer | None:
        """Return the layer that the checks since the group began were all about, if in company."""
        layers = [self._layers[key] for key in self._questioned & self._layers.keys()]
        return layers[0] if len(layers) == 1 and layers[0].shares else None

    def begin_check(self) -> None:
        """Let the next check have modules that earlier ones are done with."""
        for layer in self._layers.values():
            layer.begin_check()

    def keep_apart(self, key: str) -> None:
        """Have a layer that will hardly be right asked in a worker of its own at once."""
        self._apart.add(key)

    def set_apart(self) -> bool:
        """Have what was questioned in the common worker, since the group began, asked alone.

        False where everything was asked in workers of its own already: that result counts.
        """
        suspects = {key for key in self._questioned & self._layers.keys()
                    if self._layers[key].in_company}  # fmt: skip
        for key in suspects:
            self._layers.pop(key).close()
        self._apart |= suspects
        return bool(suspects)

    def widen(self) -> bool:
        """Have what failed by its number types, since the group began, asked where float32 is wide.

        False where nothing did, or all of that was asked so already: then the result counts.
        """
        suspects = {
            key for key in self._questioned & self._layers.keys() - self._widened
            if any(names_its_type(fault) for fault in self._layers[key].evidence.faults())
        }  # fmt: skip
        for key in suspects:
            self._layers.pop(key).close()
        self._apart |= suspects
        self._widened |= suspects
        return bool(suspects)

    def ran_out_of_time(self, name: str) -> bool:
        """Whether a layer has used up the time it may lose."""
        return name in self._layers and self._layers[name].out_of_time

    def explain_absence(self, name: str) -> str:
        """Say that a class is nowhere, and that its file was left out where that is why."""
        file = self.kit.by_name[name].file
        sentence = f"the class {name} was not found{self._say_where_it_belongs(file)}"
        if self._unread:
            return f"{sentence}: reading the submission was given up, as {self._unread}"
        if name in self._near:
            return f"{sentence}: {self._near[name]}, and names count to the letter, capitals too"
        told = (note for note in self.staged.notes if note.partition(" was left out: ")[2])
        for note in told:
            if note.partition(" was left out: ")[0].rpartition("/")[2] == file:
                return f"{sentence}: {clean_text(note)}"
        return sentence

    def _say_where_it_belongs(self, file: str) -> str:
        paths = self.staged.paths
        if not self.staged.files:
            return f" in {paths[0]}" if len(paths) == 1 else " in the notebooks"
        expected = {layer.file for layer in self.kit.layers}
        if len(paths) == 1 and paths[0] not in expected:
            return f" in {paths[0]}"
        return f" (it belongs in {file})"

    def remark(self, sentence: str) -> None:
        """Keep a sentence for the report; it costs nothing. One of a kind is enough."""
        sentence = clean_text(sentence)
        self.said_in_group.append(sentence)
        kind = sentence.partition(":")[0]
        if not any(known.startswith(f"{kind}:") for known in self.remarks):
            self.remarks.append(sentence)

    def close(self) -> None:
        """End every worker of this submission."""
        if self._common is not None:
            self._common.end()
        for layer in self._layers.values():
            layer.close()
