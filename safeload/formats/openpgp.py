"""One OpenPGP signature over a commit, as far as it can be told without a key.

https://www.rfc-editor.org/rfc/rfc9580#section-5.2

Guarantees: there is exactly one signature packet and nothing beside it, of version 4, over plain bytes,
by a listed algorithm over SHA-256, SHA-384 or SHA-512; its times and its issuer have one reading; every
critical subpacket is one that we and gpg understand. Nothing is verified: gpg does that, with the
binary packet that comes back.

Whoever reads the first of several signatures and whoever reads the last disagree, gpg and python-gnupg
among them; a signature over text would also hold for other bytes than those of the commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.openpgp_errors import (
    ArmorBroken,
    DigestWeak,
    PacketBroken,
    SignatureKindUnsupported,
    SignatureNotAlone,
    SignatureTypeWrong,
    SubpacketBroken,
    SubpacketCritical,
)
from safeload.formats.openpgp_packets import dearmor, packets, subpackets
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.formats.openpgp_packets import Packet
    from safeload.limits import Limits

SIGNATURE = 2
BLOCK = "PGP SIGNATURE"
KINDS = {
    b"-----BEGIN PGP SIGNATURE-----": "openpgp",
    b"-----BEGIN SSH SIGNATURE-----": "ssh",
    b"-----BEGIN SIGNED MESSAGE-----": "x509",
}
"""First line of a commit's signature -> its kind. Everything else is of no kind."""
DIGESTS = {8: "SHA256", 9: "SHA384", 10: "SHA512"}
_WEAK_DIGESTS = {1: "MD5", 2: "SHA-1", 3: "RIPEMD-160", 11: "SHA-224"}
ALGORITHMS = {1: "RSA", 3: "RSA", 19: "ECDSA", 22: "EdDSA", 27: "Ed25519", 28: "Ed448"}
_NUMBERS = {1: 1, 3: 1, 19: 2, 22: 2}
"""How many integers the signature of an algorithm has; the others are of fixed length."""
_FIXED = {27: 64, 28: 114}
_EDDSA = 22

_CREATED, _EXPIRES, _ISSUER, _FINGERPRINT = 2, 3, 16, 33
_UNDERSTOOD = frozenset({_CREATED, _EXPIRES, _ISSUER, _FINGERPRINT, 28})
"""Subpackets that may be critical: those read here, and the signer's user id, which decides nothing."""
_SIGNED_ONLY = frozenset({_CREATED, _EXPIRES})


@record
class Signature:
    """What a signature says about itself. Only gpg can tell whether it holds."""

    packet: bytes
    """The one packet, binary."""
    algorithm: str
    digest: str
    created: int
    """Seconds since 1970. The signer sets this clock."""
    expires: int | None
    """Seconds after creation, or None."""
    issuer: str | None
    """Full fingerprint of the key that is said to have signed, 40 hex, or None."""
    issuer_id: str | None
    """The last 16 digits of it, or None."""


def signature_kind(text: bytes) -> str | None:
    """What kind of signature a commit carries, told from its first line; None for no known kind."""
    return KINDS.get(text.partition(b"\n")[0])


def parse_signature(text: bytes, limits: Limits) -> Signature:
    """Read an armored signature.

    Args:
        text: the value of a commit's gpgsig header.
        limits: `signature_bytes` bounds it.

    Raises:
        ArmorTooLarge: it is longer than the budget.
        ArmorBroken: it is no armored signature.
        SignatureNotAlone: there is more than one signature, or something else beside it.
        PacketBroken: a packet is cut off, or does not end where its last field does.
        SignatureTypeWrong: it is over something else than plain bytes.
        SignatureKindUnsupported: version or algorithm are not on the list.
        DigestWeak: the digest is too weak.
        SubpacketBroken: times or issuer do not have one reading.
        SubpacketCritical: something that must not be ignored is not understood.
    """
    if text.count(b"-----BEGIN ") > 1:
        raise SignatureNotAlone("more than one armored block")
    data = dearmor(text, BLOCK, limits.signature_bytes)
    found = packets(data)
    if [packet.tag for packet in found] != [SIGNATURE]:
        if sum(packet.tag == SIGNATURE for packet in found) > 1:
            raise SignatureNotAlone(f"{len(found)} packets where one signature is expected")
        raise ArmorBroken("something else than one signature packet")
    return _parse(found[0].body, data)


def _parse(body: bytes, data: bytes) -> Signature:
    if len(body) < 10:
        raise PacketBroken("the signature packet is cut off")
    version, kind, algorithm, digest = body[:4]
    if version != 4:
        raise SignatureKindUnsupported(f"a signature of version {version}, and only version 4 is read")
    if kind != 0:
        raise SignatureTypeWrong(f"a signature of type 0x{kind:02x}, which is not over plain bytes")
    if digest not in DIGESTS:
        name = _WEAK_DIGESTS.get(digest)
        if name is not None:
            raise DigestWeak(f"a signature over {name}; SHA-256 is the least that counts")
        raise SignatureKindUnsupported(f"a signature over digest {digest}, which is not on the list")
    if algorithm not in ALGORITHMS:
        raise SignatureKindUnsupported(f"a signature by algorithm {algorithm}, which is not on the list")
    hashed, at = _area(body, 4)
    unhashed, at = _area(body, at)
    _check_end(body, at + 2, algorithm)
    signed, hints = _fields(hashed, signed=True), _fields(unhashed, signed=False)
    if _CREATED not in signed:
        raise SubpacketBroken("the signature does not say when it was made")
    issuer, issuer_id = _issuer(signed, hints)
    expires = int.from_bytes(signed[_EXPIRES], "big") if _EXPIRES in signed else 0
    return Signature(
        packet=data,
        algorithm=ALGORITHMS[algorithm],
        digest=DIGESTS[digest],
        created=int.from_bytes(signed[_CREATED], "big"),
        expires=expires or None,
        issuer=issuer,
        issuer_id=issuer_id,
    )


def _area(body: bytes, at: int) -> tuple[list[Packet], int]:
    """The subpackets of one area with its two octets of length, and where it ends."""
    length = int.from_bytes(body[at : at + 2], "big")
    end = at + 2 + length
    if end + 2 > len(body):
        raise PacketBroken("an area of subpackets is cut off", offset=at)
    return subpackets(body[at + 2 : end]), end


def _fields(area: list[Packet], *, signed: bool) -> Mapping[int, bytes]:
    """The subpackets that matter, each at most once."""
    fields: dict[int, bytes] = {}
    lengths = {_CREATED: 4, _EXPIRES: 4, _ISSUER: 8, _FINGERPRINT: 21}
    for item in area:
        kind = item.tag & 0x7F
        if item.tag & 0x80 and kind not in _UNDERSTOOD:
            raise SubpacketCritical(f"a critical subpacket of type {kind}", offset=item.offset)
        if kind not in lengths:
            continue
        if kind in fields or len(item.body) != lengths[kind]:
            raise SubpacketBroken(f"a subpacket of type {kind} twice or of a wrong length")
        if kind in _SIGNED_ONLY and not signed:
            raise SubpacketBroken(f"a subpacket of type {kind} in the part that nobody signed")
        fields[kind] = item.body
    return fields


def _issuer(signed: Mapping[int, bytes], hints: Mapping[int, bytes]) -> tuple[str | None, str | None]:
    """The issuer's fingerprint and key id. All that name one have to name the same."""
    prints = {area[_FINGERPRINT] for area in (signed, hints) if _FINGERPRINT in area}
    ids = {area[_ISSUER] for area in (signed, hints) if _ISSUER in area}
    if any(found[0] != 4 for found in prints):
        raise SignatureKindUnsupported("a signature by a key of another version than 4")
    ids |= {found[-8:] for found in prints}
    if len(prints) > 1 or len(ids) > 1:
        raise SubpacketBroken("the signature names more than one issuer")
    issuer = prints.pop()[1:].hex().upper() if prints else None
    return issuer, ids.pop().hex().upper() if ids else None


def _check_end(body: bytes, at: int, algorithm: int) -> None:
    """Walk the integers of the signature: they end where the packet does."""
    if algorithm in _FIXED:
        at += _FIXED[algorithm]
    for _ in range(_NUMBERS.get(algorithm, 0)):
        bits = int.from_bytes(body[at : at + 2], "big")
        width = (bits + 7) // 8
        if not bits or at + 2 + width > len(body):
            raise PacketBroken("an integer of the signature is cut off", offset=at)
        # GnuPG since 2.3 writes EdDSA's octet strings with their leading zeros
        if algorithm != _EDDSA and body[at + 2].bit_length() != (bits - 1) % 8 + 1:
            raise PacketBroken("an integer of the signature is not canonical", offset=at)
        at += 2 + width
    if at != len(body):
        raise PacketBroken("the signature does not end where its last integer does", offset=at)
