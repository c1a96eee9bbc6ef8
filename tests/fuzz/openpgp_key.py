"""Any bytes give one public key or a FormatError.

The invariant holds within the limits and under the seal. What is accepted begins with its one primary
key, holds no secret, and has the fingerprint of its bytes.
"""

from __future__ import annotations

import hashlib

from safeload.errors import FormatError
from safeload.formats.openpgp_errors import ArmorBroken, ArmorTooLarge
from safeload.formats.openpgp_key import PublicKey, parse_public_key
from safeload.formats.openpgp_packets import packets
from safeload.limits import DEFAULT_LIMITS
from tests.forge.openpgp import armor, key, packet


def seeds() -> list[bytes]:
    """RSA and curves, with user ids and subkeys, a secret key, two keys."""
    whole = packet(6, key()) + packet(13, b"Ann <ann@acme.example>") + packet(14, key(algorithm=22))
    return [
        armor(whole, "PGP PUBLIC KEY BLOCK"),
        whole,
        packet(6, key(algorithm=27)) + packet(2, b"x" * 30),
        packet(5, key()),
        packet(6, key()) + packet(6, key()),
    ]


def read(data: bytes) -> object:
    """The key, or the error that is allowed. Binary input is armored first, to get to the packets."""
    text = data if data.startswith(b"-") else armor(data, "PGP PUBLIC KEY BLOCK")
    try:
        return parse_public_key(text, DEFAULT_LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a key."""
    if not isinstance(result, PublicKey):
        return
    found = packets(result.binary)
    body = found[0].body
    framed = b"\x99" + len(body).to_bytes(2, "big") + body
    assert result.primary.fingerprint == hashlib.sha1(framed).hexdigest().upper()
    assert [item.tag for item in found].count(6) == 1
    assert not {5, 7} & {item.tag for item in found}


def deep(result: object) -> bool:
    """Whether it got to the packets."""
    return not isinstance(result, (ArmorBroken, ArmorTooLarge))
