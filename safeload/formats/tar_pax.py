"""Extended headers of pax: `parse_pax(data, offset)`.

Specification: POSIX.1-2017, pax, "pax Extended Header": records of `length key=value newline`, where the
length counts the whole record. Stricter: no leading zero or blank, no key twice, UTF-8 keys, and nothing
between or behind the records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.tar_errors import PaxBroken

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_DIGITS = 8
_MOST_SIZE_DIGITS = 19


def parse_pax(data: bytes, offset: int) -> Mapping[str, bytes]:
    """The records of one extended header, by key.

    Raises:
        FormatError: `PaxBroken`.
    """
    records: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        head = data[at : at + _MOST_DIGITS + 1].partition(b" ")
        if not head[1] or not head[0].isdigit() or head[0].startswith(b"0"):
            raise PaxBroken("a pax record does not begin with its length", offset=offset + at)
        end = at + int(head[0])
        record = data[at:end]
        key, equals, value = record[len(head[0]) + 1 : -1].partition(b"=")
        if end > len(data) or not record.endswith(b"\n") or not equals or not key:
            raise PaxBroken("a pax record does not have its length", offset=offset + at)
        try:
            name = key.decode("utf-8")
        except UnicodeDecodeError:
            raise PaxBroken("the key of a pax record is not UTF-8", offset=offset + at) from None
        if name in records:
            raise PaxBroken(f"a pax header holds {name} twice", offset=offset + at)
        records[name] = value
        at = end
    return records


def pax_size(value: bytes, offset: int) -> int:
    """The value of `size`.

    Raises:
        FormatError: `PaxBroken`.
    """
    if not value.isdigit() or len(value) > _MOST_SIZE_DIGITS:
        raise PaxBroken(f"a pax size is no number: {value[:32]!r}", offset=offset)
    return int(value)
