"""Any bytes give the objects of a pack or a FormatError.

The invariant holds within the limits and under the seal; the checksum is mended before the parser sees
the bytes, or no mutation would get past it. What comes out has the ids under which it comes.
"""

from __future__ import annotations

import hashlib

from safeload.errors import FormatError
from safeload.formats.git_objects import object_id
from safeload.formats.git_pack import read_pack
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.git import delta, entry, pack

LIMITS = replace(DEFAULT_LIMITS, git_object_bytes=1 << 16, git_inflated_bytes=1 << 18, git_pack_objects=256)
_BASE = b"0123456789" * 10


def seeds() -> list[bytes]:
    """Whole objects and deltas of both kinds."""
    first = entry("tree", _BASE)
    change = delta(_BASE, 101, b"\x90\x64", b"\1!")
    return [
        pack([first, entry("commit", b"x"), entry("blob", b"y")]),
        pack([first, entry(6, change, base=bytes([len(first)]))]),
        pack([entry(7, change, base=bytes.fromhex(object_id("tree", _BASE))), first]),
    ]


def read(data: bytes) -> object:
    """The objects, or the error that is allowed."""
    mended = b"PACK\0\0\0\2" + data[8:-20]
    mended += hashlib.sha1(mended, usedforsecurity=False).digest()
    try:
        return read_pack(mended, LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of objects."""
    if not isinstance(result, dict):
        return
    assert sum(len(item.raw) for item in result.values()) <= LIMITS.git_inflated_bytes
    for name, item in result.items():
        assert object_id(item.kind, item.raw) == name


def deep(result: object) -> bool:
    """Whether it got to the entries."""
    return isinstance(result, dict) or getattr(result, "offset", None) is not None
