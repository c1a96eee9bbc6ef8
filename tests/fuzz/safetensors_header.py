"""Any bytes give a header or a FormatError.

The invariant holds within the limits and under the seal.
The length of the header is made right first in most inputs: else few would get past it.
The tensors of a file that we accept are those that the safetensors library reads from it: names,
types, shapes and bytes.
"""

from __future__ import annotations

import json

from safeload.errors import FormatError
from safeload.formats.safetensors import (
    HeaderPadding,
    HeaderPastEnd,
    HeaderStart,
    HeaderTooLarge,
    HeaderTooShort,
    Safetensors,
    parse_safetensors,
)
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

LIMITS = replace(DEFAULT_LIMITS, safetensors_header_bytes=1 << 14, safetensors_tensors=64, json_depth=8)


def build(header: object, data: bytes, *, spaces: int = 0) -> bytes:
    """A file with this header."""
    text = json.dumps(header, separators=(",", ":")).encode() + b" " * spaces
    return len(text).to_bytes(8, "little") + text + data


def seeds() -> list[bytes]:
    """Files with tensors of several types and shapes, with metadata, without tensors, and broken ones."""
    two = {
        "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "b": {"dtype": "I8", "shape": [3], "data_offsets": [16, 19]},
    }
    empty = {"e": {"dtype": "BF16", "shape": [0, 4], "data_offsets": [0, 0]}}
    overlap = {**two, "c": {"dtype": "U8", "shape": [4], "data_offsets": [8, 12]}}
    return [
        build(two, bytes(range(19))),
        build({"__metadata__": {"format": "pt"}, **two}, bytes(range(19)), spaces=5),
        build({"s": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]}}, bytes(8)),
        build(empty, b""),
        build({}, b""),
        build(overlap, bytes(19)),
        build(two, bytes(40)),
        bytes(8),
        b"\xff" * 8 + b"{}",
    ]


def mended(data: bytes) -> bytes:
    """The length in front leads to the last brace and the spaces behind it, in two of three inputs."""
    end = data.rfind(b"}") + 1
    if end <= 8 or len(data) % 3 == 0:
        return data
    end += len(data[end:]) - len(data[end:].lstrip(b" "))
    return (end - 8).to_bytes(8, "little") + data[8:]


def read(data: bytes) -> object:
    """The header, or the error that is allowed."""
    try:
        return parse_safetensors(BytesView(mended(data)), LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a header."""
    if not isinstance(result, Safetensors):
        return
    import safetensors

    data = mended(data)
    other = {
        name: (tuple(info["shape"]), bytes(info["data"])) for name, info in safetensors.deserialize(data)
    }
    ours = {}
    for name, entry in result.tensors.items():
        bits = ITEM_BITS[entry.dtype]
        for size in entry.shape:
            bits *= size
        ours[name] = (entry.shape, data[entry.offset : entry.offset + bits // 8])
    assert ours == other
    assert result.size == len(data)


def deep(result: object) -> bool:
    """Whether it got past the length of the header."""
    return not isinstance(result, (HeaderTooShort, HeaderTooLarge, HeaderPastEnd, HeaderStart, HeaderPadding))
