"""Where no known mistake fits: say which inner step departs first, and in what pattern.

Runs on the trusted side; the student's half is traced in its worker, by hooks on the parts of the
module that the hand-out names.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from autograder.trusted.built import Built
from autograder.trusted.candidates import Candidate, same_tensor
from autograder.trusted.evidence import BuildRecord, RunRecord
from autograder.trusted.examination import Examination
from autograder.trusted.outcomes import CheckEnded, clean_text
from autograder.trusted.patterns import describe_difference, find_condition
from autograder.trusted.situation import Letters
from autograder.untrusted.probes import trace_module

# More calls, or inputs, than a part has.
_COUNT_MAX = 10_000
_USED_UP = (
    "The first call of every new layer is right, and a later one is not: the layer keeps something "
    "between calls, or a call uses up what the next one needs."
)


def locate(examination: Examination, letters: Letters) -> str:
    """Return sentences about where and when the layer departs from the reference; '' without."""
    sentences = []
    values = [r for r in examination.departing if r.run is not None and r.weights is not None]
    condition = find_condition(examination.departing, examination.agreeing)
    if condition:
        sentences.append(f"The layer is wrong {condition}.")
    elif examination.departs_after_the_first_call and _is_right_when_asked_first(examination):
        sentences.append(_USED_UP)
    record = min(values, key=lambda r: (r.training, r.cotangent is not None), default=None)
    if record is not None and condition != "only in the gradient: the forward pass is right":
        step = _first_wrong_step(examination, record, letters)
        if step:
            sentences.append(step)
    return " ".join(sentences)


def _is_right_when_asked_first(examination: Examination) -> bool:
    """Whether a new module gives the right answer to what an old one answered wrongly."""
    for record in examination.departing:
        if record.weights is None or record.translate is None:
            continue
        build = next(b for b in examination.evidence.builds if b.handle == record.handle)
        try:
            fresh = Built(
                examination.loaded.scout(), dict(build.recipe["arguments"]),
                style=build.recipe["style"], dtype=build.recipe["dtype"],
            )  # fmt: skip
            run = fresh.run(
                record.inputs, weights=record.translate(record.weights), training=record.training,
                seed=record.seed, names=record.names, strided=record.strided,
                cotangent=record.cotangent,
            )  # fmt: skip
        except CheckEnded:
            return False
        want = examination.reference.run(record).output
        was_wrong = record.run is None or not same_tensor(record.run.output, want, record.tolerance)
        return was_wrong and same_tensor(run.output, want, record.tolerance)
    return False


def _first_wrong_step(examination: Examination, record: RunRecord, letters: Letters) -> str:
    try:
        theirs, called = _trace_student(examination, record)
    except CheckEnded:
        return ""
    build = next(b for b in examination.evidence.builds if b.handle == record.handle)
    ours = _trace_reference(examination, record, build)
    right: list[str] = []
    for name, (kind, given, gave, counts) in ours.items():
        if name not in theirs or theirs[name][3] != counts:
            # Called another number of times, its first call may be another call; given more than
            # one thing, as a norm that adds the residual, it does more than its counterpart.
            continue
        own_kind, got_in, got_out, _ = theirs[name]
        own = called.get(name, name)
        told = own if own == name else f"{own} ({name} in the hand-out)"
        wrong_in = not _alike(got_in, given, record)
        wrong_out = not _alike(got_out, gave, record)
        if (wrong_in or wrong_out) and own_kind != kind and hasattr(nn, own_kind):
            is_what, has_what = (f"{_article(one)} {one}" for one in (own_kind, kind))
            return f"{_so_far(right)}{told} is {is_what}, where the hand-out has {has_what}."
        if wrong_in:
            difference = _describe(got_in, given, record, letters)
            return (
                f"{_so_far(right)}what {told} is given is not what it should be"
                f"{_tail(difference)}. The mistake lies {_between(right, own)}."
            )
        if wrong_out:
            difference = _describe(got_out, gave, record, letters)
            return (
                f"{_so_far(right)}{told}, {_article(kind)} {kind}, is given the right thing and "
                f"does not give what it should{_tail(difference)}. Look at how {own} is made, and "
                "at whatever changes its result."
            )
        right.append(own)
    if record.run is None:
        return ""
    want = examination.reference.run(record)
    difference = describe_difference(record.run.output, want.output, record.inputs, letters)
    if not right:
        return f"Of the output: {difference}." if difference else ""
    if not same_tensor(record.run.output, want.output, record.tolerance):
        return (
            f"{_so_far(right)}the output is not right all the same{_tail(difference)}. Look at "
            "what is done with their results."
        )
    return ""


def _article(kind: str) -> str:
    return "an" if kind[:1] in "AEIOU" else "a"


def _so_far(right: list[str]) -> str:
    if not right:
        return "Step by step: "
    names = right[0] if len(right) == 1 else f"{', '.join(right[:-1])} and {right[-1]}"
    return f"Step by step: {names} {'does what it' if len(right) == 1 else 'do what they'} should; "


def _between(right: list[str], name: str) -> str:
    return f"between {right[-1]} and {name}" if right else f"before {name}"


def _tail(difference: str) -> str:
    return f": {difference}" if difference else ""


# By name: class, what the first call was given and gave, how many calls there were, and how many
# hidden states the first was given.
Trace = dict[str, tuple[str, Tensor | None, Tensor | None, tuple[int, int]]]


def _trace_student(examination: Examination, record: RunRecord) -> tuple[Trace, Mapping[str, str]]:
    """Return what the student's parts were given and gave, by the reference's names.

    And what the student calls those parts, where that is another name.
    """
    assert record.weights is not None
    assert record.translate is not None
    weights = record.translate(record.weights)
    tensors = {f"input.{i}": value for i, value in enumerate(record.inputs) if value is not None}
    tensors |= {f"weight.{name}": value for name, value in weights.items()}
    facts, results = examination.loaded.ask(
        {
            "op": "trace",
            "handle": record.handle,
            "arguments": len(record.inputs),
            "training": record.training,
            "seed": record.seed,
        },
        tensors,
    )
    official = _official_names(record, weights)
    called = {clean_text(ours, 60): clean_text(own, 60) for own, ours in official.items() if own}
    return _read(facts, results, official), called


def _trace_reference(examination: Examination, record: RunRecord, build: BuildRecord) -> Trace:
    candidate = Candidate(examination.kit, examination.loaded.name)
    candidate.build(build)
    assert record.weights is not None
    candidate.set_weights(record.handle, record.weights)
    wide = [
        value.double() if value is not None and value.is_floating_point() and value.dim() == 3
        and build.recipe["dtype"] == "float64" else value
        for value in record.inputs
    ]  # fmt: skip
    module = candidate.module(record.handle)
    facts, results = trace_module(module, wide, training=record.training, seed=record.seed)
    return _read(facts, results, {})


def _read(facts: Mapping[str, Any], results: Mapping[str, Tensor], names: dict[str, str]) -> Trace:
    steps = facts.get("steps")
    found: Trace = {}
    for index, step in enumerate(steps if isinstance(steps, list) else []):
        if not isinstance(step, dict):
            continue
        name = str(step.get("name"))
        found.setdefault(
            clean_text(names.get(name, name), 60),
            (
                clean_text(str(step.get("class")), 40),
                results.get(f"step.{index}.in"),
                results.get(f"step.{index}.out"),
                (_count(step.get("calls")), _count(step.get("inputs"))),
            ),
        )
    return found


def _count(claimed: Any) -> int:
    return min(claimed, _COUNT_MAX) if isinstance(claimed, int) else 0


def _official_names(record: RunRecord, weights: Mapping[str, Tensor]) -> dict[str, str]:
    """Map the student's names of parts to the reference's, where a whole part is one part."""
    assert record.weights is not None
    by_value = {id(value): name for name, value in record.weights.items()}
    found = {}
    for theirs, value in weights.items():
        ours = by_value.get(id(value)) or next(
            (
                name
                for name, own in record.weights.items()
                if own.shape == value.shape and bool((own == value).all())
            ),
            "",
        )
        if ours:
            found[theirs.rpartition(".")[0]] = ours.rpartition(".")[0]
    return found


def _alike(got: Tensor | None, want: Tensor | None, record: RunRecord) -> bool:
    """Whether two tensors on the way say the same; what was not seen is not wrong."""
    if got is None or want is None:
        return True
    if got.numel() == want.numel():
        got = got.reshape(want.shape)
    return same_tensor(got, _stretched(want, got), record.tolerance)


def _stretched(want: Tensor, got: Tensor) -> Tensor:
    """Return what is wanted in the shape that was got, where that is stretched over the batch."""
    if got.dim() == want.dim() and all(
        ours in (1, theirs) for theirs, ours in zip(got.shape, want.shape, strict=True)
    ):
        return want.expand_as(got)
    return want


def _describe(got: Tensor | None, want: Tensor | None, record: RunRecord, letters: Letters) -> str:
    assert got is not None
    assert want is not None
    # Batch and heads may share an axis, or a unit axis be there: that is a way to write.
    if got.numel() == want.numel() and got.shape[-1:] == want.shape[-1:]:
        got = got.reshape(want.shape)
    return describe_difference(got, _stretched(want, got), record.inputs, letters)
