"""One class of a submission, loaded in a worker: asked, timed, and given up where it goes too far.

Runs on the trusted side.
"""

import copy
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from autograder.manifest import WHOLE_MODEL
from autograder.trusted.evidence import Evidence
from autograder.trusted.faults import read_fault
from autograder.trusted.outcomes import (
    AskedInVain,
    Blocked,
    CheckEnded,
    StudentRaised,
    StudentTimeout,
)
from autograder.trusted.seeds import visible_seed
from autograder.trusted.transcripts import Dialogue, Outcome, Transcript
from autograder.trusted.workers import Answer, Worker, WorkerLost, pack_question

if TYPE_CHECKING:
    from autograder.trusted.built import Built
    from autograder.trusted.submission import Submission

_SHARE_IN_COMPANY = 0.25
# How often the time for a layer's answers it may take in all, asked in company, alone and again.
_SHARE_IN_ALL = 2.0

Reply = tuple[dict[str, Any], dict[str, Tensor]]


class LoadedLayer:
    """One class of a submission, loaded in a worker."""

    def __init__(
        self, submission: "Submission", name: str, key: str, *, company: bool = True,
        widens: bool = False,
    ) -> None:  # fmt: skip
        self.submission = submission
        # Whether it may be asked in a worker that others are asked in too.
        self._company = company
        # Whether float32 is to mean float64 for its modules of float64.
        self._widens = widens
        self.name = name
        self.key = key
        # With doubles where its sub-layers go; the whole model has the student's own.
        self.alone = key != WHOLE_MODEL
        # Whether it was ever asked in a worker that others are asked in too.
        self.in_company = False
        # Which reading of the parameters' names turned out right, by the match's layout.
        self.readings: dict[object, int] = {}
        self.evidence = Evidence()
        self._worker: Worker | None = None
        self._scout: LoadedLayer | None = None
        self._shares = False
        self._final: CheckEnded | None = None
        self._lost_s = 0.0
        self._answered_s, self._replies_bytes = 0.0, 0
        self._handles = 0
        # In which worker each module was built, and how the last worker was lost.
        self._homes: dict[int, Worker] = {}
        self._lost: CheckEnded | None = None
        # Modules built in company, by their recipe: those the check at hand has, and the others.
        self._taken: list[tuple[str, Built]] = []
        self._idle: dict[str, list[Built]] = {}
        # By parameters that the reference has not: whether the layer computes the same with them.
        self.right_for_all_its_surplus: dict[tuple[Any, ...], bool] = {}
        # What was said in company, and answers to questions that no check has asked yet, with
        # where these questions came from.
        self.dialogue = Dialogue()
        self._ahead: deque[tuple[bytes, Answer]] = deque()
        self._followed: Transcript | None = None

    @property
    def limits(self) -> Any:
        """The limits in force."""
        return self.submission.kit.limits

    @property
    def out_of_time(self) -> bool:
        """Whether the layer is given up because its time is used up."""
        return isinstance(self._final, StudentTimeout)

    @property
    def shares(self) -> bool:
        """Whether it is asked where others are asked too: then no answer it gives is the last."""
        return self._shares

    def anew(self) -> "LoadedLayer":
        """Return the same class to load in a worker of its own, which has seen nothing yet."""
        return LoadedLayer(self.submission, self.name, self.key, company=False, widens=self._widens)

    def scout(self) -> "LoadedLayer":
        """Return the same class in a worker of its own, for questions whose answers are no marks.

        What it is asked there, the one that is judged does not see.
        """
        if self._scout is None:
            self._scout = self.anew()
        return self._scout

    def next_handle(self) -> int:
        """Return a number for a module to be built."""
        self._handles += 1
        return self._handles

    def take_idle(self, recipe: str) -> "Built | None":
        """Return a module of that recipe which no check has at the moment, if any."""
        idle = self._idle.get(recipe)
        # The first: most checks ask one module, and it knows their answers.
        return idle.pop(0) if idle else None

    def note_taken(self, recipe: str, built: "Built") -> None:
        """Note that the check at hand has this module."""
        if self._shares:
            self._taken.append((recipe, built))

    def begin_check(self) -> None:
        """Let the check that begins have what the one before had."""
        for recipe, built in self._taken:
            self._idle.setdefault(recipe, []).append(built)
        self._taken.clear()

    def close(self) -> None:
        """End the worker, unless others are asked there too, and the scout's."""
        if self._scout is not None:
            self._scout.close()
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
        home = self._homes.get(request.get("handle", 0))
        if home is not None and not home.alive and self._lost is not None:
            # The module is gone with its worker; another one does not know it.
            raise copy.copy(self._lost)
        if self._worker is None or not self._worker.alive:
            self._load()
        reply = self._exchange(request, tensors or {}, wall_clock_s)
        if request["op"] in ("build", "copy") and self._worker is not None:
            self._homes[request.get("copy_handle", request["handle"])] = self._worker
        return reply

    def ask_ahead(self, transcripts: Sequence[Transcript]) -> Outcome | None:
        """Ask at once all that its like were asked, in company.

        Returns how its checks end, where every answer is one that they have ended on before. Where
        it returns None they have to be run, and find their answers here already; or find that the
        layer is given up, as if they had asked.
        """
        try:
            self._load()
            if not self._shares:
                return None
            first = transcripts[0].questions[0]
            self._post(first)
            self._ahead.append((first, self._hear("ahead", None)))
            known = next((t for t in transcripts if t.begins(*self._ahead[0])), None)
            if known is None:
                return None
            self._followed = known
            rest = known.questions[1:]
            self._post(b"".join(rest))
            for question in rest:
                self._ahead.append((question, self._hear("ahead", None)))
            return known.outcome_of([answer for _, answer in self._ahead])
        except CheckEnded:
            return None

    def _load(self) -> None:
        self._taken.clear()
        self._idle.clear()
        kit = self.submission.kit
        if self.name not in self.submission.places:
            problem = self.submission.problems.get(self.name)
            if problem:
                raise self._finally(StudentRaised(problem))
            raise self._finally(Blocked(self.submission.explain_absence(self.name)))
        if self._company:
            self._worker, self._shares = self.submission.worker_for(self.key)
        else:
            self._worker, self._shares = self.submission.start_worker(), False
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
            "aliases": self.submission.aliases,
            "doubles": doubles,
            "seed": visible_seed(self.name, "load"),
            "widens": self._widens,
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
        operation = str(request["op"])
        question = pack_question({**request, "subject": self.key}, tensors)
        if self._ahead:
            expected, answer = self._ahead.popleft()
            if expected != question:
                if self._followed is not None:
                    self._followed.misleads = True
                raise self._finally(
                    AskedInVain(f"{self.name} was asked what it need not have been")
                )
        else:
            self._post(question)
            answer = self._hear(operation, wall_clock_s)
        if self._shares and operation != "load":
            self.dialogue.note(question, answer)
        try:
            reply, results = self._worker.read(answer)
        except WorkerLost as lost:
            raise self._explain_loss(lost, operation) from None
        if reply.get("ok") is not True:
            raise self._explain_error(reply)
        return reply, results

    def _post(self, questions: bytes) -> None:
        assert self._worker is not None
        try:
            self._worker.send(questions, self.limits.call_wall_clock_s)
        except WorkerLost as lost:
            raise self._explain_loss(lost, "ahead") from None

    def _hear(self, operation: str, wall_clock_s: float | None) -> Answer:
        """Return the next answer; raises a CheckEnded when there is none."""
        assert self._worker is not None
        allowed_s = wall_clock_s or self.limits.call_wall_clock_s
        started = time.monotonic()
        try:
            answer = self._worker.receive(allowed_s)
        except WorkerLost as lost:
            self._lost_s += time.monotonic() - started
            self._spend(operation, time.monotonic() - started)
            # In company the layer is asked again anyway.
            self.submission.killed |= lost.killed and not self._shares
            raise self._explain_loss(lost, operation) from None
        took_s = self._spend(operation, time.monotonic() - started)
        self._account(took_s, answer.memory_bytes)
        return answer

    def _spend(self, operation: str, took_s: float) -> float:
        """Take time from the layer's purse; return how much: training has a limit of its own."""
        counts_s = 0.0 if operation == "train" else took_s
        self.submission.spent_s[self.key] += counts_s
        return counts_s

    def _account(self, took_s: float, memory_bytes: int) -> None:
        """Add an answer to what the layer has used; give it up where that is too much.

        Each answer within its own limits, hundreds of them could still keep a class waiting for
        half an hour, or fill the grader's memory with what it keeps for the diagnosis.
        """
        file = self.submission.places.get(self.name, self.name)
        self._answered_s += took_s
        self._replies_bytes += memory_bytes
        limit_s = self.limits.answered_wall_clock_s_per_layer
        # In company a part of it is enough: then the layer is asked again, alone, with all of it.
        own = (self._answered_s, limit_s * (_SHARE_IN_COMPANY if self._shares else 1.0))
        in_all = (self.submission.spent_s[self.key], limit_s * _SHARE_IN_ALL)
        exceeded = [allowed_s for used_s, allowed_s in (own, in_all) if used_s > allowed_s]
        if exceeded:
            raise self._finally(
                StudentTimeout(
                    f"{file} was stopped: all its answers together took more than "
                    f"{exceeded[0]:g} s of wall clock"
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
        self._lost = ended
        return ended

    def _explain_error(self, reply: dict[str, Any]) -> CheckEnded:
        fault = read_fault(reply)
        if reply.get("kind") == "load_problem" or fault.kind == "NotImplementedError":
            message = fault.text or f"{self.name} is not written yet"
            return StudentRaised(f"{message} ({fault.hint})" if fault.hint else message, fault)
        text = fault.text
        where = ""
        if fault.lines:
            last = fault.lines[-1]
            where = f"{last.file}, line {last.number}, in {last.function}: "
            text = f"{text}   ← {last.code}" if last.code else text
        message = f"{where}{fault.kind}: {text}"
        return StudentRaised(f"{message} ({fault.hint})" if fault.hint else message, fault)
