"""A submission under grading: its layers, loaded and questioned in workers.

Runs on the trusted side. All layers are first asked in one worker. What gives a wrong answer there
is asked everything again in a worker of its own, and that counts: what one module does to its
process can cost no other a point. A worker costs more than most layers' questions.
"""

import base64
import copy
import hashlib
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from autograder.manifest import WHOLE_MODEL, Kit
from autograder.trusted.evidence import Evidence
from autograder.trusted.faults import read_fault
from autograder.trusted.intake import StagedSubmission
from autograder.trusted.outcomes import (
    Blocked,
    CheckEnded,
    StudentRaised,
    StudentTimeout,
    clean_text,
)
from autograder.trusted.workers import Worker, WorkerLost, WorkerSource

Reply = tuple[dict[str, Any], dict[str, Tensor]]


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
        self.found: dict[str, dict[str, Any]] = {}
        self.cells: set[int] = set()
        self.remarks: list[str] = []
        self._layers: dict[str, LoadedLayer] = {}
        self._common: Worker | None = None
        self._in_company = True
        self._apart: set[str] = set()
        self._questioned: set[str] = set()
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
        worker = self._common = self.source.start_worker()
        try:
            reply, _ = worker.ask(
                {"op": "survey", **self.payload()}, {}, self.kit.limits.call_wall_clock_s
            )
            classes = reply.get("classes")
        except WorkerLost:
            classes = None
        known = {file.path for file in self.staged.files}
        known |= {notebook.path for notebook in self.staged.notebooks}
        for layer in self.kit.layers:
            entry = classes.get(layer.name) if isinstance(classes, dict) else None
            entry = entry if isinstance(entry, dict) else {"path": self._guess(layer.file, known)}
            path = entry.get("path")
            if isinstance(path, str) and path in known:
                self.places[layer.name] = path
                self.found[layer.name] = entry
            elif entry.get("problem"):
                self.problems[layer.name] = clean_text(str(entry["problem"]))

    @staticmethod
    def _guess(file_name: str, known: set[str]) -> str | None:
        alike = [path for path in known if path.rpartition("/")[2] == file_name]
        return min(alike, key=len) if alike else None

    def layer(self, name: str, *, alone: bool = True) -> "LoadedLayer":
        """Return a layer to question; with ``alone`` its sub-layers are test doubles."""
        key = name if alone else WHOLE_MODEL
        self._questioned.add(key)
        if key not in self._layers:
            self._layers[key] = LoadedLayer(self, name, key)
        return self._layers[key]

    def worker_for(self, key: str) -> tuple[Worker, bool]:
        """Return a worker to load a layer in, and whether other layers are asked there too."""
        common = self._common if self._in_company else None
        if common is not None and common.alive and key not in self._apart:
            return common, True
        return self.source.start_worker(), False

    def end_company(self) -> None:
        """Have no further layer asked in the common worker: something there is not as it was."""
        self._in_company = False

    def begin_group(self) -> None:
        """Forget which layers were questioned so far: the next checks belong together."""
        self._questioned.clear()

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

    def ran_out_of_time(self, name: str) -> bool:
        """Whether a layer has used up the time it may lose."""
        return name in self._layers and self._layers[name].out_of_time

    def explain_absence(self, name: str) -> str:
        """Say that a class is nowhere, and that its file was left out where that is why."""
        file = self.kit.by_name[name].file
        sentence = f"the class {name} was not found (it belongs in {file})"
        told = (note for note in self.staged.notes if note.partition(" was left out: ")[2])
        for note in told:
            if note.partition(" was left out: ")[0].rpartition("/")[2] == file:
                return f"{sentence}: {clean_text(note)}"
        return sentence

    def remark(self, sentence: str) -> None:
        """Keep a sentence for the report; it costs nothing. One of a kind is enough."""
        sentence = clean_text(sentence)
        kind = sentence.partition(":")[0]
        if not any(known.startswith(f"{kind}:") for known in self.remarks):
            self.remarks.append(sentence)

    def close(self) -> None:
        """End every worker of this submission."""
        if self._common is not None:
            self._common.end()
        for layer in self._layers.values():
            layer.close()


class LoadedLayer:
    """One class of a submission, loaded in a worker."""

    def __init__(
        self, submission: Submission, name: str, key: str, *, company: bool = True
    ) -> None:
        self.submission = submission
        # Whether it may be asked in a worker that others are asked in too.
        self._company = company
        self.name = name
        self.key = key
        # With doubles where its sub-layers go; the whole model has the student's own.
        self.alone = key != WHOLE_MODEL
        # Whether it was ever asked in a worker that others are asked in too.
        self.in_company = False
        # Which reading of the parameters' names turned out right; -1: not settled.
        self.reading = -1
        self.evidence = Evidence()
        self._worker: Worker | None = None
        self._shares = False
        self._final: CheckEnded | None = None
        self._lost_s = 0.0
        self._answered_s, self._replies_bytes = 0.0, 0
        self._handles = 0

    @property
    def limits(self) -> Any:
        """The limits in force."""
        return self.submission.kit.limits

    @property
    def out_of_time(self) -> bool:
        """Whether the layer is given up because its time is used up."""
        return isinstance(self._final, StudentTimeout)

    def anew(self) -> "LoadedLayer":
        """Return the same class to load in a worker of its own, which has seen nothing yet."""
        return LoadedLayer(self.submission, self.name, self.key, company=False)

    def next_handle(self) -> int:
        """Return a number for a module to be built."""
        self._handles += 1
        return self._handles

    def close(self) -> None:
        """End the worker, unless others are asked there too."""
        if self._worker is not None and not self._shares:
            self._worker.end()
        self._worker = None

    def ask(
        self,
        request: dict[str, Any],
        tensors: dict[str, Tensor] | None = None,
        wall_clock_s: float | None = None,
    ) -> Reply:
        """Ask the worker; raises a CheckEnded when the student's code gives no answer."""
        if self._final is not None:
            raise copy.copy(self._final)
        if self._worker is None or not self._worker.alive:
            self._load()
        return self._exchange(request, tensors or {}, wall_clock_s)

    def _load(self) -> None:
        kit = self.submission.kit
        if self.name not in self.submission.places:
            problem = self.submission.problems.get(self.name)
            if problem:
                raise self._finally(StudentRaised(problem))
            raise self._finally(Blocked(self.submission.explain_absence(self.name)))
        if self._company:
            self._worker, self._shares = self.submission.worker_for(self.key)
        else:
            self._worker, self._shares = self.submission.source.start_worker(), False
        doubles = [
            vars(kit.double_spec(layer.name))
            for layer in kit.layers
            if self.alone and layer.name != self.name and layer.double
        ]
        request = {
            "op": "load",
            # The common worker has the sources since the survey.
            **({} if self._shares else self.submission.payload()),
            "class": self.name,
            "places": self.submission.places,
            "doubles": doubles,
            "seed": visible_seed(self.name, "load"),
        }
        try:
            reply, _ = self._exchange(request, {}, None)
        except CheckEnded as ended:
            # What does not load once is not tried again: every check would wait for it anew.
            self.in_company |= self._shares
            raise self._finally(ended) from None
        if self._shares and reply.get("untouched") is not True:
            # What another module has done to torch may help this one or harm it.
            self.submission.end_company()
            self._load()
            return
        self.in_company |= self._shares
        cells = reply.get("cells")
        if isinstance(cells, list):
            known = {
                cell.number for book in self.submission.staged.notebooks for cell in book.cells
            }
            self.submission.cells |= {cell for cell in cells if isinstance(cell, int)} & known

    def _finally(self, ended: CheckEnded) -> CheckEnded:
        self._final = ended
        self.close()
        return ended

    def _exchange(
        self, request: dict[str, Any], tensors: dict[str, Tensor], wall_clock_s: float | None
    ) -> Reply:
        assert self._worker is not None
        allowed_s = wall_clock_s or self.limits.call_wall_clock_s
        started = time.monotonic()
        try:
            reply, results = self._worker.ask({**request, "subject": self.key}, tensors, allowed_s)
        except WorkerLost as lost:
            self._lost_s += time.monotonic() - started
            # In company the layer is asked again anyway.
            self.submission.killed |= lost.killed and not self._shares
            raise self._explain_loss(lost, str(request["op"])) from None
        self._account(request, time.monotonic() - started)
        if reply.get("ok") is not True:
            raise self._explain_error(reply)
        return reply, results

    def _account(self, request: dict[str, Any], took_s: float) -> None:
        """Add an answer to what the layer has used; give it up where that is too much.

        Each answer within its own limits, hundreds of them could still keep a class waiting for
        half an hour, or fill the grader's memory with what it keeps for the diagnosis.
        """
        assert self._worker is not None
        file = self.submission.places.get(self.name, self.name)
        self._replies_bytes += self._worker.reply_bytes
        if request["op"] != "train":  # that has a limit of its own
            self._answered_s += took_s
        if self._answered_s > self.limits.answered_wall_clock_s_per_layer:
            raise self._finally(
                StudentTimeout(
                    f"{file} was stopped: all its answers together took more than "
                    f"{self.limits.answered_wall_clock_s_per_layer:g} s of wall clock"
                )
            )
        if self._replies_bytes > self.limits.replies_mib_per_layer * 2**20:
            raise self._finally(
                StudentRaised(
                    f"{file} was stopped: all its answers together hold more than "
                    f"{self.limits.replies_mib_per_layer} MiB"
                )
            )

    def _explain_loss(self, lost: WorkerLost, stage: str) -> CheckEnded:
        doing = {"load": "while it was imported", "build": "while it was constructed"}.get(
            stage, "while it ran"
        )
        file = self.submission.places.get(self.name, self.name)
        if lost.out_of_time:
            ended: CheckEnded = StudentTimeout(f"{file} was stopped {doing}: {lost.how}")
        else:
            ended = StudentRaised(f"{file} took its process down {doing}: {lost.how}")
        if self._shares:
            # Asked again in a worker of its own anyway: one loss in company is enough.
            self._finally(ended)
        elif self._lost_s > self.limits.lost_wall_clock_s_per_layer:
            again = f"{ended.message}; the layer has used up the time it may lose"
            self._finally(type(ended)(again))
        return ended

    def _explain_error(self, reply: dict[str, Any]) -> CheckEnded:
        fault = read_fault(reply)
        if reply.get("kind") == "load_problem" or fault.kind == "NotImplementedError":
            return StudentRaised(fault.text or f"{self.name} is not written yet", fault)
        text = fault.text
        where = ""
        if fault.lines:
            last = fault.lines[-1]
            where = f"{last.file}, line {last.number}, in {last.function}: "
            text = f"{text}   ← {last.code}" if last.code else text
        message = f"{where}{fault.kind}: {text}"
        return StudentRaised(f"{message} ({fault.hint})" if fault.hint else message, fault)


def derive_seed(seed: int, *names: str) -> int:
    """Return a 63-bit seed for one purpose; it tells nothing about the run's seed."""
    text = "/".join([str(seed), *names]).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def visible_seed(*names: str) -> int:
    """Return a 31-bit seed that student code may see: it has nothing of the run's seed in it.

    A seed of 31 bits is found by trying, where anything that was made from it can be seen.
    """
    return derive_seed(0, "visible", *names) % 2**31


def make_generator(seed: int, *names: str) -> torch.Generator:
    """Return a generator of random numbers for one purpose."""
    return torch.Generator().manual_seed(derive_seed(seed, *names))
