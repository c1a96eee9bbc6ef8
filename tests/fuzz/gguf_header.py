"""Any bytes give a GGUF header or a FormatError.

The invariant holds within the limits and under the seal.
Every tensor of a file that we accept lies inside it, behind the header, and shares no byte with another.
"""

from __future__ import annotations

import math

from safeload.errors import FormatError
from safeload.formats.gguf import Gguf, parse_gguf
from safeload.formats.gguf_errors import BigEndian, NoMagic, UnsupportedVersion
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.gguf import array, forge, info, pair, small_model, string

LIMITS = replace(DEFAULT_LIMITS, gguf_header_bytes=1 << 15, gguf_keys=64, gguf_tensors=64, gguf_items=512)


def seeds() -> list[bytes]:
    """Files with all types of values, nested arrays, no tensors, another alignment, and broken ones."""
    nested = array(9, array(8, string("x")), array(9, array(4, b"abcd")))
    wide = pair("general.alignment", 4, b"\x40\0\0\0")
    return [
        small_model(),
        forge((pair("a", 9, nested),)),
        forge(version=2),
        forge((wide,), (info("t", [3, 2], 1, 0),), bytes(64), alignment=64),
        forge((), (info("a", [4], 0, 0), info("b", [4], 0, 0)), bytes(32)),
        forge(keys=9),
    ]


def read(data: bytes) -> object:
    """The header, or the error that is allowed."""
    try:
        return parse_gguf(BytesView(data), LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a header."""
    if not isinstance(result, Gguf):
        return
    spans = [(entry.offset, entry.offset + entry.length) for entry in result.quantised.values()]
    spans += [
        (entry.offset, entry.offset + math.prod(entry.shape) * ITEM_BITS[entry.dtype] // 8)
        for entry in result.tensors.values()
    ]
    at = 0
    for begin, end in sorted(spans):
        assert max(at, result.data_offset) <= begin <= end <= len(data)
        at = end
    assert result.size == len(data)


def deep(result: object) -> bool:
    """Whether it got past magic and version."""
    return not isinstance(result, (BigEndian, NoMagic, UnsupportedVersion))
