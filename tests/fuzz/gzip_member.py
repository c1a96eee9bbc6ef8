"""Any bytes give the content of a gzip file or a FormatError.

The invariant holds within the limits and under the seal.
What we accept, the standard library reads to the same content. What it reads whole, we refuse only for
what it does not look at: reserved flags, a crc of the header, a budget, or zeros between members.
"""

from __future__ import annotations

import gzip
import io
import zlib

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.gzip import Gzip, unpack_gzip
from safeload.formats.unpack import HeaderBroken, NotCompressed
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

LIMITS = replace(DEFAULT_LIMITS, unpacked_bytes=1 << 16, unpacked_factor=0, compressed_streams=16)


def seeds() -> list[bytes]:
    """Members with every field of the header, of each block type, several of them, and padded ones."""
    plain = gzip.compress(b"hello " * 40, mtime=0)
    fields = b"\x1f\x8b\x08\x1c\0\0\0\0\0\xff\x04\0abcdname\0comment\0" + plain[10:]
    crc = b"\x1f\x8b\x08\x02\0\0\0\0\0\xff"
    crc += (zlib.crc32(crc) & 0xFFFF).to_bytes(2, "little") + plain[10:]
    stored = gzip.compress(bytes(range(200)), compresslevel=0, mtime=0)
    return [
        plain,
        fields,
        crc,
        stored,
        plain * 3,
        plain + bytes(20),
        gzip.compress(b"", mtime=0),
        fields + crc,
    ]


def read(data: bytes) -> object:
    """The members and their content, or the error that is allowed."""
    out = bytearray()
    try:
        return unpack_gzip(BytesView(data), LIMITS, out), bytes(out)
    except FormatError as error:
        assert len(out) <= 1 << 16
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of the content."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            other: bytes | None = file.read(1 << 18)
    except (OSError, EOFError, zlib.error):
        other = None
    if isinstance(result, tuple):
        members, content = result
        assert isinstance(members, Gzip)
        assert content == other
        assert sum(member.size for member in members.members) == len(content)
    elif other is not None and data and b"\0\x1f\x8b" not in data:
        assert isinstance(result, (HeaderBroken, LimitExceeded))


def deep(result: object) -> bool:
    """Whether the first header was read."""
    return not isinstance(result, (HeaderBroken, NotCompressed))
