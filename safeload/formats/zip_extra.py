"""Extra fields of a zip header: `split_extra(extra, offset)`.

Guarantees: each field is of a listed kind, at most once, complete, and of a kind that no reader draws name,
place or size from, but for zip64. Nothing can be kept in them that no reader shows.

Specification: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.5 and 4.6; Info-ZIP's
fields in its proginfo/extrafld.txt.
"""

from __future__ import annotations

from struct import Struct

from safeload.errors import FormatError
from safeload.formats.archive import AmbiguousArchive

EXTRA_ZIP64 = 0x0001
_EXTRA_HEAD = Struct("<HH")
_PADDING = 0x4246
"""`FB`, filled with Z: how torch aligns tensor data."""
_TIMES_AND_OWNERS = frozenset({0x5455, 0x7875, 0x5855, 0x000A})
"""Info-ZIP's times and owners, NTFS times: no reader draws name, place or size from them."""
_TIMES_MOST = 36
"""Bytes of the longest of them. More would be a place to keep what no reader shows."""
_GROWTH = 0xA220
"""Room that Microsoft's writers of documents leave: a signature, a size, and zeros."""
_JAVA = 0xCAFE
"""The mark of a Java archive, without content."""
_PROGRAMS_OWN = frozenset({_GROWTH, _JAVA})
_UNICODE_PATH = 0x7075


class ExtraBroken(FormatError):
    """An extra field that is cut short or does not have its specified length."""


class UnlistedExtra(FormatError):
    """An extra field that no writer of checkpoints leaves."""


class UnicodePathExtra(AmbiguousArchive):
    """A second name in an extra field, which some readers prefer."""


def split_extra(extra: bytes, offset: int) -> dict[int, bytes]:
    """Extra fields by id, each of a listed id and at most once.

    Raises:
        FormatError: `ExtraBroken`, `UnlistedExtra` or `UnicodePathExtra`.
    """
    fields: dict[int, bytes] = {}
    at = 0
    while at < len(extra):
        if at + 4 > len(extra):
            raise ExtraBroken("an extra field is cut short", offset=offset + at)
        kind, length = _EXTRA_HEAD.unpack_from(extra, at)
        body = extra[at + 4 : at + 4 + length]
        if len(body) != length or kind in fields:
            raise ExtraBroken(f"extra field {kind:#06x} is cut short or repeated", offset=offset + at)
        if kind == _UNICODE_PATH:
            raise UnicodePathExtra("a second name in an extra field", offset=offset + at)
        if kind == _PADDING:
            if body.strip(b"Z"):
                raise UnlistedExtra("alignment padding that is not all Z", offset=offset + at)
        elif kind in _PROGRAMS_OWN:
            if body[4:].strip(b"\0") or (kind == _JAVA and body):
                raise UnlistedExtra(f"extra field {kind:#06x} that is not empty", offset=offset + at)
        elif kind != EXTRA_ZIP64 and kind not in _TIMES_AND_OWNERS:
            raise UnlistedExtra(f"extra field {kind:#06x}", offset=offset + at)
        elif kind in _TIMES_AND_OWNERS and length > _TIMES_MOST:
            raise ExtraBroken(f"extra field {kind:#06x} of {length} bytes", offset=offset + at)
        fields[kind] = body
        at += 4 + length
    return fields
