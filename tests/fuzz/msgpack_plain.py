"""Any bytes give ranges inside the file or a FormatError, within the limits."""

from __future__ import annotations

import msgpack

from safeload.errors import FormatError
from safeload.formats.msgpack_plain import walk_plain
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS


def seeds() -> list[bytes]:
    """Files as spaCy writes them, and one of every head."""
    return [
        msgpack.packb({"nodes": [{"index": 0}], "params": [{b"nd": True, b"data": bytes(range(64))}]}),
        msgpack.packb({11_000_000_000_000_000_000: 0, 2: 1}),
        msgpack.packb(["a" * 40, "b" * 300, b"c" * 300, 1.5, -1, -200, 1 << 20, None, True, [1] * 20]),
    ]


def read(data: bytes) -> object:
    """The ranges, or the error that is allowed."""
    try:
        return walk_plain(BytesView(data), DEFAULT_LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """Ranges lie inside the file, one behind the other."""
    end = 0
    for at, length in result if isinstance(result, tuple) else ():
        assert at >= end
        end = at + length
    assert end <= len(data)


def deep(result: object) -> bool:
    """Whether it got past the first head: to the end, or to an error behind it."""
    return isinstance(result, tuple) or (isinstance(result, FormatError) and bool(result.offset))
