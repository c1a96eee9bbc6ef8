"""OpenPGP's armor and packet framing.

https://www.rfc-editor.org/rfc/rfc9580#section-6.2 (armor), #section-4.2 (packet headers)

Guarantees: text is exactly one block, with canonical base64, known header names and, where it has one, a
checksum that holds; packets fill their bytes exactly. So gpg's own armor parser, which has a history,
never sees what strangers wrote (CVE-2025-68973).

Deviations: packets of partial or indeterminate length are refused, and so is every other thing that
the two kinds of file that we read do not need.
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from safeload.formats.openpgp_errors import ArmorBroken, ArmorTooLarge, PacketBroken

_HEADERS = frozenset({"Version", "Comment", "MessageID", "Charset", "Hash"})
_MOST_HEADERS = 64
_MOST_LINE = 76
_CRC_START, _CRC_POLYNOMIAL = 0xB704CE, 0x864CFB


class Packet(NamedTuple):
    """One packet."""

    tag: int
    body: bytes
    offset: int
    """Of its header."""


def dearmor(text: bytes, kind: str, most: int) -> bytes:
    """The bytes of the one armored block that `text` is.

    Args:
        text: the block, which may end in newlines.
        kind: `PGP SIGNATURE` or `PGP PUBLIC KEY BLOCK`.
        most: bytes that the text may have.

    Raises:
        ArmorTooLarge: it has more.
        ArmorBroken: it is anything but one block of this kind.
    """
    if len(text) > most:
        raise ArmorTooLarge(f"the armor has {len(text)} bytes, more than {most}")
    try:
        lines = text.decode("ascii").rstrip("\n").split("\n")
    except UnicodeDecodeError:
        raise ArmorBroken("the armor is not ASCII") from None
    if lines[0] != f"-----BEGIN {kind}-----" or lines[-1] != f"-----END {kind}-----" or len(lines) < 4:
        raise ArmorBroken(f"no armored block of kind {kind}")
    if any(line.startswith("-----") for line in lines[1:-1]):
        raise ArmorBroken("more than one armored block")
    try:
        blank = lines.index("", 1, _MOST_HEADERS)
    except ValueError:
        raise ArmorBroken("no empty line behind the armor's headers") from None
    for line in lines[1:blank]:
        name, colon, _ = line.partition(": ")
        if not colon or name not in _HEADERS or not line.isprintable():
            raise ArmorBroken("an armor header that is not on the list")
    body = lines[blank + 1 : -1]
    checksum = body.pop()[1:] if body and body[-1].startswith("=") else None
    if any(not line or len(line) > _MOST_LINE for line in body):
        raise ArmorBroken("an empty line, or one that is too long, within the armor")
    data = strict_base64("".join(body))
    if not data:
        raise ArmorBroken("the armor holds nothing")
    if checksum is not None and strict_base64(checksum) != _crc24(data):
        raise ArmorBroken("the armor's checksum does not hold")
    return data


def packets(data: bytes) -> list[Packet]:
    """The packets that fill `data`.

    Raises:
        PacketBroken: one is cut off or of partial or indeterminate length.
    """
    found = []
    at = 0
    while at < len(data):
        start, head = at, data[at]
        if not head & 0x80:
            raise PacketBroken("no packet begins here", offset=at)
        if head & 0x40:
            tag, (length, at) = head & 0x3F, _length(data, at + 1, partial=True)
        else:
            tag, width = head >> 2 & 0x0F, 1 << (head & 3)
            if width == 8:
                raise PacketBroken("a packet of indeterminate length", offset=at)
            at += 1 + width
            length = int.from_bytes(data[at - width : at], "big")
        if at + length > len(data):
            raise PacketBroken("a packet is cut off", offset=start)
        found.append(Packet(tag, data[at : at + length], start))
        at += length
    return found


def subpackets(data: bytes) -> list[Packet]:
    """The subpackets that fill one area of a signature; `tag` keeps the critical bit (0x80).

    Raises:
        PacketBroken: one is cut off or empty.
    """
    found = []
    at = 0
    while at < len(data):
        start = at
        length, at = _length(data, at, partial=False)
        if not length or at + length > len(data):
            raise PacketBroken("a subpacket is cut off or empty", offset=start)
        found.append(Packet(data[at], data[at + 1 : at + length], start))
        at += length
    return found


def _length(data: bytes, at: int, *, partial: bool) -> tuple[int, int]:
    """A length of one, two or five octets. Among packets, 224 to 254 mean partial lengths."""
    first = data[at] if at < len(data) else 0
    if partial and 224 <= first < 255:
        raise PacketBroken("a packet of partial length", offset=at)
    width = 1 if first < 192 else 2 if first < 255 else 5
    if at + width > len(data):
        raise PacketBroken("a length is cut off", offset=at)
    if width == 1:
        return first, at + 1
    if width == 2:
        return (first - 192 << 8) + data[at + 1] + 192, at + 2
    return int.from_bytes(data[at + 1 : at + 5], "big"), at + 5


def strict_base64(text: str) -> bytes:
    """The bytes of base64 that is written in the one canonical way.

    Raises:
        ArmorBroken: it is not.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ArmorBroken("the armor is no base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise ArmorBroken("the armor's base64 is not canonical")
    return data


def _crc24(data: bytes) -> bytes:
    """The checksum of RFC 9580, section 6.1.1."""
    table = []
    for high in range(256):
        value = high << 16
        for _ in range(8):
            value = value << 1 ^ (_CRC_POLYNOMIAL if value & 0x800000 else 0)
        table.append(value & 0xFFFFFF)
    crc = _CRC_START
    for byte in data:
        crc = (crc << 8 & 0xFFFFFF) ^ table[crc >> 16 ^ byte]
    return crc.to_bytes(3, "big")
