"""One header block of a tar archive: `parse_header(block, offset)`.

Guarantees: the block has its sum, every number in it is one to all readers, and the name is put together
as the header's own format says.

Specification: POSIX.1-2017, pax, "ustar Interchange Format"; for GNU's headers and base-256 numbers
https://www.gnu.org/software/tar/manual/html_node/Standard.html. Stricter than both: a number holds octal
digits between blanks, and nothing in front of its zero byte but these.
"""

from __future__ import annotations

from typing import NamedTuple

from safeload.formats.tar_errors import HeaderSumWrong, NumberBroken

BLOCK = 512
_OCTAL = frozenset(b"01234567")
_SUM = slice(148, 156)
_NUMBERS = {
    "mode": (100, 108), "owner": (108, 116), "group": (116, 124), "size": (124, 136), "time": (136, 148),
    "major": (329, 337), "minor": (337, 345),
}  # fmt: skip
_POSITIVE = frozenset({0x80})
_NEGATIVE = 0xFF
_BELOW_128 = bytes(range(128))


class Header(NamedTuple):
    """What one block says."""

    name: str
    size: int
    type: bytes
    link: str
    posix: bool
    """Whether the header is of the POSIX format, which continues the name in a prefix."""
    odd_prefix: bool
    """Whether there is something in the place of the prefix that is none."""


def parse_header(block: bytes, offset: int) -> Header:
    """The header in one block.

    Args:
        block: 512 bytes, not all of them zero.
        offset: where they stand, for messages.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    field = block[_SUM]
    # the sum counts its own field as blanks
    total = sum(block) - sum(field) + 8 * 32
    try:
        stated = _number(field, offset + 148)
    except NumberBroken:
        stated = -1
    if stated != total:
        high = len(block.translate(None, _BELOW_128)) - len(field.translate(None, _BELOW_128))
        if stated != total - 256 * high:
            raise HeaderSumWrong("a block that should be a header does not have its sum", offset=offset)
    numbers = {name: _number(block[a:b], offset + a) for name, (a, b) in _NUMBERS.items()}
    if numbers["size"] < 0:
        raise NumberBroken("a member has a negative size", offset=offset + 124)
    posix = block[257:263] == b"ustar\0"
    prefix = block[345:500].partition(b"\0")[0]
    kind = block[156:157]
    raw = block[:100].partition(b"\0")[0]
    odd = bool(prefix) and not posix
    if prefix and posix:
        raw = prefix + b"/" + raw
    return Header(
        name=text(raw),
        size=numbers["size"],
        type=kind,
        link=text(block[157:257].partition(b"\0")[0]),
        posix=posix,
        odd_prefix=odd and kind not in {b"S", b"L", b"K"},
    )


def text(raw: bytes) -> str:
    """A name as text. What is not UTF-8 leaves characters in it that no name may have."""
    return raw.decode("utf-8", "surrogateescape")


def _number(field: bytes, offset: int) -> int:
    first = field[0]
    if first in _POSITIVE:
        return int.from_bytes(field[1:], "big")
    if first == _NEGATIVE:
        return int.from_bytes(field, "big", signed=True)
    digits = field.partition(b"\0")[0].strip(b" ")
    if not digits:
        return 0
    if not _OCTAL.issuperset(digits):
        raise NumberBroken(f"{field!r} is no number", offset=offset)
    return int(digits, 8)
