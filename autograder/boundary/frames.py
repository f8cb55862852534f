"""Frames: how one message lies on the wire.

Runs on both sides. A frame is

    4 bytes   the mark b"AGF1"
    4 bytes   length of the header, unsigned, big-endian
    8 bytes   length of the payload, unsigned, big-endian
    header    UTF-8 JSON, one object: names, numbers, texts
    payload   the tensors, in safetensors format; empty when there are none

The reader on the trusted side checks both lengths against its limits *before* it takes memory
for them: what arrives there was written next to student code and is a claim, not a fact.
"""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MARK = b"AGF1"
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_PREFIX = struct.Struct(">4sIQ")
PREFIX_BYTES = _PREFIX.size


class BadFrame(Exception):
    """The bytes received are no frame of ours; the sender cannot be understood any further."""


@dataclass(frozen=True)
class FrameLimits:
    """How much one frame may hold."""

    # Read, a header takes up to thirty times its bytes.
    header_bytes_max: int = 2**20
    payload_bytes_max: int = 64 * 2**20


def pack_frame(header: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """Return the bytes of one frame."""
    text = _encode(header).encode("ascii")
    return _PREFIX.pack(MARK, len(text), len(payload)) + text + payload


def unpack_prefix(prefix: bytes, limits: FrameLimits) -> tuple[int, int]:
    """Return the lengths (header, payload) a frame announces, or raise BadFrame."""
    if len(prefix) != PREFIX_BYTES:
        raise BadFrame(f"the message ends inside its first {PREFIX_BYTES} bytes")
    mark, header_bytes, payload_bytes = _PREFIX.unpack(prefix)
    if mark != MARK:
        raise BadFrame("the message does not begin with the mark of a frame")
    if header_bytes > limits.header_bytes_max:
        raise BadFrame(f"a header of {header_bytes} bytes (limit {limits.header_bytes_max})")
    if payload_bytes > limits.payload_bytes_max:
        raise BadFrame(f"a payload of {payload_bytes} bytes (limit {limits.payload_bytes_max})")
    return header_bytes, payload_bytes


def unpack_header(text: bytes) -> dict[str, Any]:
    """Return the JSON object in a frame's header, or raise BadFrame."""
    try:
        header = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadFrame("the header is not readable JSON") from error
    if not isinstance(header, dict):
        raise BadFrame("the header is not a JSON object")
    return header


def read_frame(
    read_exactly: Callable[[int], bytes], limits: FrameLimits
) -> tuple[dict[str, Any], bytes]:
    """Read one frame through ``read_exactly(n)``, which returns n bytes or raises."""
    header, payload = read_unopened(read_exactly, limits)
    return unpack_header(header), payload


def read_unopened(read_exactly: Callable[[int], bytes], limits: FrameLimits) -> tuple[bytes, bytes]:
    """Read one frame and return the bytes of its header and of its payload."""
    header_bytes, payload_bytes = unpack_prefix(read_exactly(PREFIX_BYTES), limits)
    return read_exactly(header_bytes), read_exactly(payload_bytes) if payload_bytes else b""
