"""Any bytes give ranges inside the file or a FormatError, within the limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgpack

from safeload.formats.msgpack_plain import walk_plain
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator

Ranges = tuple[tuple[int, int], ...]


def seeds() -> Iterator[bytes]:
    """Files as spaCy writes them, and one of every head."""
    yield msgpack.packb({"nodes": [{"index": 0}], "params": [{b"nd": True, b"data": bytes(range(64))}]})
    yield msgpack.packb({11_000_000_000_000_000_000: 0, 2: 1})
    yield msgpack.packb(["a" * 40, "b" * 300, b"c" * 300, 1.5, -1, -200, 1 << 20, None, True, [1] * 20])


def read(data: bytes) -> Ranges:
    """Walk the bytes."""
    return walk_plain(BytesView(data), DEFAULT_LIMITS)


def check(data: bytes, result: Ranges) -> None:
    """Ranges lie inside the file, one behind the other."""
    end = 0
    for at, length in result:
        assert at >= end
        end = at + length
    assert end <= len(data)


def deep(result: Ranges) -> bool:
    """Whether it got to bytes that may hold something."""
    return bool(result)
