"""Whatever bytes arrive, the trusted side answers with a value or with a sentence of its own.

Property-based, on every parser that reads hostile bytes. A fixed budget here; for an hour's search:

    python -m pytest autograder/tests/test_fuzz.py -n 0 --hypothesis-profile=long
"""

import io
import json
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.boundary.frames import BadFrame, FrameLimits, pack_frame, read_frame
from autograder.boundary.tensors import BadTensors, pack_tensors, unpack_tensors
from autograder.manifest import load_kit
from autograder.trusted.advice import advise
from autograder.trusted.built import Built
from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.evidence import Evidence
from autograder.trusted.faults import read_fault
from autograder.trusted.intake import IntakeLimits, stage_submission
from autograder.trusted.layer_matching import explain_mismatch
from autograder.trusted.matching import match_parameters
from autograder.trusted.notebooks import UnreadableNotebook, read_notebook_cells
from autograder.trusted.outcomes import CheckEnded
from autograder.trusted.parameters import Parameter

TOY = Path(__file__).parent / "toy_course"
KIT = load_kit(TOY, "toy")
LIMITS = FrameLimits(header_bytes_max=4096, payload_bytes_max=4096)

names = st.text(max_size=20) | st.sampled_from(
    ["parameters", "name", "shape", "owner", "output", "kind", "weight", "bias", "Tensor", "calls",
     "arguments", "tensor", "class", "doubles", "modules", "error", "frames", "values", "steps"]
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=25,
)
replies = st.dictionaries(names, json_values, max_size=8)
shapes = st.lists(st.integers(0, 4), max_size=4)
dtypes = st.sampled_from([torch.float32, torch.float64, torch.int64, torch.bool, torch.uint8])
tensors = st.builds(lambda shape, dtype: torch.zeros(shape, dtype=dtype), shapes, dtypes)
results = st.dictionaries(
    names | st.sampled_from(["output", "grad.param.weight", "grad.input.0", "grad.input.99999"]),
    tensors,
    max_size=4,
)


@st.composite
def damaged(draw, whole):
    """Bytes of something valid, cut, spliced or with a few of them changed."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        kind = draw(st.sampled_from(["flip", "cut", "insert", "repeat", "huge"]))
        if kind == "flip" and data:
            data[place] ^= draw(st.integers(1, 255))
        elif kind == "cut":
            del data[place:]
        elif kind == "insert":
            data[place:place] = draw(st.binary(max_size=12))
        elif kind == "repeat":
            data[place:place] = data[place : place + 40]
        else:
            data[place : place + 8] = struct.pack("<Q", 2**63 - 1)
    return bytes(data)


def reader(data):
    stream = io.BytesIO(data)

    def read_exactly(count):
        assert count <= 4096, "more memory was asked for than the limits allow"
        found = stream.read(count)
        if len(found) != count:
            raise EOFError
        return found

    return read_exactly


frames = st.builds(pack_frame, replies, st.binary(max_size=64))
packed = results.map(lambda found: pack_tensors({str(k): v for k, v in found.items()}))


@given(damaged(frames))
def test_a_damaged_frame_is_a_frame_or_a_known_error(data):
    try:
        header, _ = read_frame(reader(data), LIMITS)
    except (BadFrame, EOFError):
        return
    assert isinstance(header, dict)


@given(damaged(packed))
def test_damaged_tensors_are_plain_tensors_or_a_known_error(data):
    try:
        found = unpack_tensors(data)
    except BadTensors:
        return
    assert all(type(value) is torch.Tensor for value in found.values())


@given(replies)
def test_any_error_reply_becomes_a_fault_that_can_be_shown(reply):
    fault = read_fault(reply)
    told = f"{fault.kind} {fault.text} {fault.lines} {fault.values}"
    assert told.isprintable()
    advise(KIT, "Scale", fault, {5: "T"})


def test_a_number_of_thousands_of_digits_is_not_shown():
    huge = 10**4200
    frame = {"file": "a.py", "line": huge, "function": "f", "code": "x"}
    error = {"frames": [frame], "values": [{"name": "x", "shape": [huge, 2]}]}
    fault = read_fault({"error": error})
    assert fault.lines[0].number == 0
    assert fault.values == ()


def make_layer(answers):
    """A layer whose worker answers with whatever is in ``answers``."""
    given_answers = iter(answers)
    return SimpleNamespace(
        name="Scale",
        alone=True,
        evidence=Evidence(),
        submission=SimpleNamespace(kit=KIT),
        next_handle=lambda: 1,
        ask=lambda *_: next(given_answers),
        shares=False,
    )


@given(st.lists(st.tuples(replies, results), min_size=2, max_size=2))
def test_any_description_of_a_module_and_of_its_output_is_read_or_refused(answers):
    layer = make_layer(answers)
    try:
        built = Built(layer, {"width": 3})
    except CheckEnded as ended:
        assert ended.message.isprintable()
        return
    match = match_parameters(built.parameters, [Parameter("weight", (3,), "Scale")], {}, [])
    if not match.complete:
        assert explain_mismatch(built, match).isprintable()
    try:
        run = built.run([torch.zeros(2, 2, 3)], cotangent=torch.ones(2, 2, 3), calls=True)
    except CheckEnded as ended:
        assert ended.message
    else:
        assert isinstance(run.output, torch.Tensor)


notebooks = st.builds(
    lambda cells, extra: json.dumps({"cells": cells, "nbformat": 4, **extra}).encode(),
    st.lists(st.fixed_dictionaries({"cell_type": names, "source": json_values}), max_size=4),
    replies,
)


@given(notebooks | damaged(notebooks) | json_values.map(lambda v: json.dumps(v).encode()))
def test_any_notebook_is_read_or_refused(data):
    try:
        notebook = read_notebook_cells("work.ipynb", data)
    except UnreadableNotebook as error:
        assert str(error)
        return
    for cell in notebook.cells:
        cell.source.encode("utf-8")


def make_zip(entries):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name or "x")
            archive.writestr(info, content)
    return stream.getvalue()


file_names = st.sampled_from(
    ["scale.py", "a/scale.py", "../scale.py", "/etc/scale.py", "stack.py", "a\\b.py", "work.ipynb",
     "a/../../b.py", "scale.py/", "\x01.py", "\u202e.py"]
)  # fmt: skip
sources = st.sampled_from([b"class Scale: pass", b"\x00", b"\xff\xfe", b"", b"class Scale:\n" * 9])
zips = st.lists(st.tuples(file_names, sources), max_size=4).map(make_zip)


@given(zips | damaged(zips))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_any_archive_is_staged_or_refused_in_one_sentence(tmp_path, data):
    path = tmp_path / "work.zip"
    path.write_bytes(data)
    try:
        staged = stage_submission(
            path, ["Scale", "Stack"], ["scale.py", "stack.py"], IntakeLimits()
        )
    except UngradableSubmission as error:
        assert str(error).isprintable()
        return
    for file in staged.files:
        assert file.path.isprintable()
        assert ".." not in file.path.split("/")
        assert not file.path.startswith("/")
