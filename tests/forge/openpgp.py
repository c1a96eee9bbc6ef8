"""OpenPGP packets and armor, byte by byte."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CREATED = 1_700_000_000


def armor(data: bytes, kind: str = "PGP SIGNATURE", *, headers: str = "", crc: str = "") -> bytes:
    """One armored block."""
    text = base64.b64encode(data).decode()
    lines = "".join(f"{text[at : at + 64]}\n" for at in range(0, len(text), 64))
    return f"-----BEGIN {kind}-----\n{headers}\n{lines}{crc}-----END {kind}-----\n".encode()


def packet(tag: int, body: bytes) -> bytes:
    """A packet with a length of five octets, which any body fits."""
    return bytes([0xC0 | tag, 255]) + len(body).to_bytes(4, "big") + body


def subpacket(kind: int, body: bytes) -> bytes:
    """A short subpacket; 0x80 in its kind makes it critical."""
    return bytes([len(body) + 1, kind]) + body


def number(bits: int) -> bytes:
    """An integer of exactly so many bits."""
    return bits.to_bytes(2, "big") + (1 << bits - 1).to_bytes((bits + 7) // 8, "big")


def signature(
    *,
    version: int = 4,
    kind: int = 0,
    algorithm: int = 22,
    digest: int = 8,
    hashed: bytes = subpacket(2, CREATED.to_bytes(4, "big")) + subpacket(33, b"\4" + b"\x11" * 20),
    unhashed: bytes = b"",
    numbers: Sequence[int] = (256, 255),
    fixed: int = 0,
    tail: bytes = b"",
) -> bytes:
    """A signature packet. What it says about itself is all that is right about it."""
    body = bytes([version, kind, algorithm, digest])
    body += len(hashed).to_bytes(2, "big") + hashed + len(unhashed).to_bytes(2, "big") + unhashed + b"\0\0"
    body += bytes(fixed) if fixed else b"".join(map(number, numbers))
    return packet(2, body + tail)


def key(*, version: int = 4, algorithm: int = 1, bits: int = 2048) -> bytes:
    """The body of a public key packet."""
    body = bytes([version]) + CREATED.to_bytes(4, "big") + bytes([algorithm])
    if algorithm == 22:
        return body + bytes.fromhex("092b06010401da470f01") + number(263)
    return body + (bytes(32) if algorithm == 27 else number(bits) + number(17))
