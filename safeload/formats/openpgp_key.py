"""One OpenPGP public key, as a trust store keeps it: fingerprints, algorithms and sizes.

https://www.rfc-editor.org/rfc/rfc9580#section-10.1 (transferable public keys), #section-5.5 (keys)

Guarantees: the file holds exactly one primary key and nothing secret, and its fingerprints are those
that its bytes have, not those that somebody wrote beside it. Self-signatures, expiry and revocation are
not judged here: gpg does that.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from safeload.formats.openpgp_errors import KeyFileBroken, KeyIsSecret, KeyUnsupported, PacketBroken
from safeload.formats.openpgp_packets import dearmor, packets
from safeload.record import record

if TYPE_CHECKING:
    from safeload.limits import Limits

BLOCK = "PGP PUBLIC KEY BLOCK"
_SIGNATURE, _SECRET, _PRIMARY, _SECRET_SUBKEY, _USER_ID, _SUBKEY, _ATTRIBUTE = 2, 5, 6, 7, 13, 14, 17
_RSA = frozenset({1, 2, 3})
_DISCRETE = {16: "Elgamal", 17: "DSA"}
_FIXED = {25: ("X25519", 256), 26: ("X448", 448), 27: ("Ed25519", 256), 28: ("Ed448", 456)}
_CURVES = {18: "ECDH", 19: "ECDSA", 22: "EdDSA"}
_CURVE_BITS = {
    "2a8648ce3d030107": 256,
    "2b81040022": 384,
    "2b81040023": 521,
    "2b2403030208010107": 256,
    "2b240303020801010b": 384,
    "2b240303020801010d": 512,
    "2b06010401da470f01": 256,
    "2b060104019755010501": 256,
    "2b6571": 456,
    "2b656f": 448,
}
"""Object identifiers of curves (RFC 9580, section 9.2) and the size that is said of them."""


@record
class Key:
    """A primary key or subkey."""

    fingerprint: str
    """40 hex, upper case."""
    algorithm: str
    bits: int | None
    """Size of the modulus or field; None for a curve that is not on the list."""
    created: int
    """Seconds since 1970."""


@record
class PublicKey:
    """A primary key with its subkeys and user ids."""

    primary: Key
    subkeys: tuple[Key, ...]
    user_ids: tuple[str, ...]
    """As they stand in the file: nobody has checked their certifications."""
    binary: bytes
    """The whole key without armor."""

    def key(self, fingerprint: str) -> Key | None:
        """The primary key or subkey of this fingerprint."""
        return next((key for key in (self.primary, *self.subkeys) if key.fingerprint == fingerprint), None)


def parse_public_key(text: bytes, limits: Limits) -> PublicKey:
    """Read an armored public key.

    Args:
        text: the .asc file.
        limits: `key_file_bytes` bounds it.

    Raises:
        ArmorTooLarge: it is longer than the budget.
        ArmorBroken: it is no armored public key.
        PacketBroken: a packet is cut off.
        KeyIsSecret: it holds a secret key.
        KeyFileBroken: it is anything else than one key with what belongs to it.
        KeyUnsupported: a key in it is of another version than 4.
    """
    data = dearmor(text, BLOCK, limits.key_file_bytes)
    keys: list[Key] = []
    user_ids: list[str] = []
    for number, packet in enumerate(packets(data)):
        if packet.tag in {_SECRET, _SECRET_SUBKEY}:
            raise KeyIsSecret("the file holds a secret key", offset=packet.offset)
        if (packet.tag == _PRIMARY) != (number == 0):
            raise KeyFileBroken("the file holds not exactly one primary key", offset=packet.offset)
        if packet.tag in {_PRIMARY, _SUBKEY}:
            keys.append(_key(packet.body, packet.offset))
        elif packet.tag == _USER_ID:
            user_ids.append(packet.body.decode("utf-8", "backslashreplace"))
        elif packet.tag not in {_SIGNATURE, _ATTRIBUTE}:
            raise KeyFileBroken(f"the file holds a packet of type {packet.tag}", offset=packet.offset)
    return PublicKey(primary=keys[0], subkeys=tuple(keys[1:]), user_ids=tuple(user_ids), binary=data)


def _key(body: bytes, offset: int) -> Key:
    if len(body) < 8 or len(body) > 0xFFFF:
        raise PacketBroken("a key is cut off or too long", offset=offset)
    if body[0] != 4:
        raise KeyUnsupported(f"a key of version {body[0]}, and only version 4 is read", offset=offset)
    algorithm, bits = _strength(body, offset)
    framed = b"\x99" + len(body).to_bytes(2, "big") + body
    return Key(
        fingerprint=hashlib.sha1(framed, usedforsecurity=False).hexdigest().upper(),
        algorithm=algorithm,
        bits=bits,
        created=int.from_bytes(body[1:5], "big"),
    )


def _strength(body: bytes, offset: int) -> tuple[str, int | None]:
    """Algorithm and size. The size is that of the number itself, not the one that is said of it."""
    number = body[5]
    if number in _RSA or number in _DISCRETE:
        said = int.from_bytes(body[6:8], "big")
        modulus = body[8 : 8 + (said + 7) // 8]
        if len(modulus) != (said + 7) // 8:
            raise PacketBroken("the modulus of a key is cut off", offset=offset)
        return _DISCRETE.get(number, "RSA"), int.from_bytes(modulus, "big").bit_length()
    if number in _FIXED:
        return _FIXED[number]
    if number in _CURVES:
        return _CURVES[number], _CURVE_BITS.get(body[7 : 7 + body[6]].hex())
    return f"algorithm {number}", None
