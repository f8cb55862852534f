"""Frames and tensors: what was sent arrives, and hostile bytes raise one known error."""

import json
import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.boundary.frames import MARK, BadFrame, FrameLimits, pack_frame, read_frame
from autograder.boundary.tensors import BadTensors, pack_tensors, unpack_tensors

LIMITS = FrameLimits(header_bytes_max=1000, payload_bytes_max=1000)


def reader(data):
    position = 0

    def read_exactly(count):
        nonlocal position
        position += count
        if position > len(data):
            raise EOFError
        return data[position - count : position]

    return read_exactly


def test_a_frame_arrives_as_it_was_sent():
    header, payload = {"op": "run", "text": "é\ud800", "n": [1, None, 2.5]}, b"\0\1\2"
    assert read_frame(reader(pack_frame(header, payload)), LIMITS) == (header, payload)


@pytest.mark.parametrize(
    "data",
    [
        b"XXXX" + bytes(12),
        struct.pack(">4sIQ", MARK, 2**31, 0),
        struct.pack(">4sIQ", MARK, 2, 2**62) + b"{}",
        struct.pack(">4sIQ", MARK, 2, 0) + b"[]",
        struct.pack(">4sIQ", MARK, 3, 0) + b"{x}",
        struct.pack(">4sIQ", MARK, 2, 0) + b"\xff\xfe",
        struct.pack(">4sIQ", MARK, 900, 0) + b"[" * 900,
        struct.pack(">4sIQ", MARK, 0, 0),
    ],
)
def test_what_is_no_frame_raises_bad_frame(data):
    with pytest.raises(BadFrame):
        read_frame(reader(data), LIMITS)


def test_lengths_are_checked_before_memory_is_taken():
    asked = []

    def read_exactly(count):
        asked.append(count)
        return struct.pack(">4sIQ", MARK, 10, 2**60)

    with pytest.raises(BadFrame):
        read_frame(read_exactly, LIMITS)
    assert asked == [16]


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_frame_or_a_known_error(data):
    for prefix in (b"", struct.pack(">4sIQ", MARK, len(data), 0)):
        try:
            header, _ = read_frame(reader(prefix + data), LIMITS)
        except (BadFrame, EOFError):
            continue
        assert isinstance(header, dict)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(2, 3, dtype=torch.float64),
        torch.randn(4, 5).transpose(0, 1),
        torch.tensor(True),
        torch.zeros(0, 3, dtype=torch.int64),
        torch.randn(3).bfloat16(),
        torch.tensor([float("nan"), float("inf")]),
    ],
)
def test_a_tensor_arrives_with_its_dtype_shape_and_values(tensor):
    arrived = unpack_tensors(pack_tensors({"x": tensor, "again": tensor}))["x"]
    assert arrived.dtype == tensor.dtype
    assert torch.equal(arrived.nan_to_num(7), tensor.nan_to_num(7))


def test_a_subclass_arrives_as_a_plain_tensor():
    class Liar(torch.Tensor):
        def __eq__(self, other):
            return True

    arrived = unpack_tensors(pack_tensors({"x": torch.zeros(2).as_subclass(Liar)}))["x"]
    assert type(arrived) is torch.Tensor


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_tensors_or_a_known_error(data):
    header = json.dumps({"x": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}}).encode()
    for prefix in (b"", struct.pack("<Q", len(header)) + header):
        try:
            unpack_tensors(prefix + data)
        except BadTensors:
            continue


@pytest.mark.parametrize(("axes", "readable"), [(16, True), (17, False), (600_000, False)])
def test_a_tensor_of_more_axes_than_any_layer_has_is_refused(axes, readable):
    entry = {"dtype": "F32", "shape": [1] * axes, "data_offsets": [0, 4]}
    header = json.dumps({"x": entry}, separators=(",", ":")).encode()
    payload = struct.pack("<Q", len(header)) + header + bytes(4)
    if readable:
        assert unpack_tensors(payload)["x"].dim() == axes
    else:
        with pytest.raises(BadTensors, match=r"axes|contents"):
            unpack_tensors(payload)
