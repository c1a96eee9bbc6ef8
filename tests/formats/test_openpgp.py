"""OpenPGP before gpg sees it: one block, one packet, one reading."""

from __future__ import annotations

import pytest

from safeload.formats.openpgp import parse_signature, signature_kind
from safeload.formats.openpgp_errors import (
    ArmorBroken,
    ArmorTooLarge,
    DigestWeak,
    KeyFileBroken,
    KeyIsSecret,
    KeyUnsupported,
    PacketBroken,
    SignatureKindUnsupported,
    SignatureNotAlone,
    SignatureTypeWrong,
    SubpacketBroken,
    SubpacketCritical,
)
from safeload.formats.openpgp_key import parse_public_key
from safeload.formats.openpgp_packets import dearmor, packets
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.keys import GPG, PAST, keyring
from tests.forge.openpgp import CREATED, armor, key, number, packet, signature, subpacket

BLOCK = "PGP PUBLIC KEY BLOCK"
MADE = subpacket(2, CREATED.to_bytes(4, "big"))
GOOD = signature()
TEXT = armor(GOOD)


def parse(text: bytes):
    return parse_signature(text, DEFAULT_LIMITS)


def test_a_signature_says_who_and_when():
    """Issuer, times, algorithm and digest, and the binary packet for gpg."""
    found = parse(TEXT)
    assert (found.packet, found.algorithm, found.digest, found.created) == (GOOD, "EdDSA", "SHA256", CREATED)
    assert (found.issuer, found.issuer_id, found.expires) == ("11" * 20, "11" * 8, None)


@pytest.mark.parametrize(
    "text",
    [
        armor(GOOD, headers="Version: GnuPG v2\nComment: x\n"),
        armor(GOOD).rstrip(b"\n"),
        armor(GOOD) + b"\n\n",
        armor(signature(algorithm=1, numbers=[2048])),
        armor(signature(algorithm=27, fixed=64)),
        armor(signature(digest=10)),
        armor(signature(numbers=[256], tail=b"\1\0" + bytes(32))),
        armor(signature(hashed=MADE)),
        armor(signature(hashed=MADE, unhashed=subpacket(16, b"1" * 8))),
        armor(signature(hashed=MADE + subpacket(20, b"note") + subpacket(0x80 | 28, b"a@b"))),
        armor(b"\x88" + GOOD[5:6] + GOOD[6:]),
    ],
)
def test_other_forms_of_the_same(text):
    """Armor headers, other algorithms, an old packet header, no issuer, notations that may be ignored."""
    assert parse(text).created == CREATED


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", ArmorBroken),
        (b"-----BEGIN PGP MESSAGE-----\n\naGk=\n-----END PGP MESSAGE-----\n", ArmorBroken),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nx\n" + TEXT, SignatureNotAlone),
        (b"-----BEGIN SSH SIGNATURE-----\naGk=\n-----END SSH SIGNATURE-----\n", ArmorBroken),
        (b" " + TEXT, ArmorBroken),
        (b"x\n" + TEXT, ArmorBroken),
        (TEXT + b"x", ArmorBroken),
        (TEXT + TEXT, SignatureNotAlone),
        (TEXT.replace(b"\n", b"\r\n"), ArmorBroken),
        (TEXT.replace(b"-----\n\n", b"-----\n", 1), ArmorBroken),
        (TEXT.replace(b"-----\n\n", b"-----\n \n", 1), ArmorBroken),
        (armor(GOOD, headers="Subject: x\n"), ArmorBroken),
        (armor(GOOD, headers="Version x\n"), ArmorBroken),
        (armor(GOOD, headers="Comment: \x1b\n"), ArmorBroken),
        (armor(GOOD, headers="Comment: \u00e9\n"), ArmorBroken),
        (armor(GOOD, crc="=AAAA\n"), ArmorBroken),
        (armor(GOOD, crc="=AA\n"), ArmorBroken),
        (armor(b""), ArmorBroken),
        (TEXT.replace(b"\n-----END", b"\n\n-----END"), ArmorBroken),
        (armor(b"\0\0").replace(b"AAA=", b"AAB="), ArmorBroken),
        (armor(b"\0\0").replace(b"AAA=", b"A-A="), ArmorBroken),
        (armor(GOOD).replace(b"\n", b"", 3), ArmorBroken),
        (armor(b"x" * 90).replace(b"eHh4\neH", b"eHh4eH"), ArmorBroken),
        (armor(b"x"), PacketBroken),
        (armor(GOOD[:-1]), PacketBroken),
        (armor(b"\xc2"), PacketBroken),
        (armor(b"\xc2\xff\0"), PacketBroken),
        (armor(b"\xc2\xe1" + bytes(2)), PacketBroken),
        (armor(b"\x8b" + bytes(9)), PacketBroken),
        (armor(packet(2, bytes(3))), PacketBroken),
        (armor(GOOD + GOOD), SignatureNotAlone),
        (armor(packet(11, b"text")), ArmorBroken),
        (armor(packet(4, bytes(13)) + packet(11, b"x") + GOOD), ArmorBroken),
        (armor(packet(10, b"PGP") + GOOD), ArmorBroken),
        (armor(GOOD + packet(21, b"pad")), ArmorBroken),
        (armor(signature(version=3)), SignatureKindUnsupported),
        (armor(signature(version=6)), SignatureKindUnsupported),
        (armor(signature(kind=1)), SignatureTypeWrong),
        (armor(signature(kind=2)), SignatureTypeWrong),
        (armor(signature(kind=0x13)), SignatureTypeWrong),
        (armor(signature(digest=1)), DigestWeak),
        (armor(signature(digest=2)), DigestWeak),
        (armor(signature(digest=3)), DigestWeak),
        (armor(signature(digest=11)), DigestWeak),
        (armor(signature(digest=12)), SignatureKindUnsupported),
        (armor(signature(algorithm=17)), SignatureKindUnsupported),
        (armor(signature(algorithm=16)), SignatureKindUnsupported),
        (armor(signature(tail=b"x")), PacketBroken),
        (armor(signature(numbers=[256])), PacketBroken),
        (armor(signature(numbers=[256, 256, 8])), PacketBroken),
        (armor(signature(numbers=[], tail=b"\0\0\0\0")), PacketBroken),
        (armor(signature(algorithm=19, numbers=[8], tail=b"\0\x09\0\1")), PacketBroken),
        (armor(signature(algorithm=1, numbers=[], tail=b"\0\x10\0\1")), PacketBroken),
        (armor(signature(algorithm=27, fixed=63)), PacketBroken),
        (armor(signature(hashed=b"")), SubpacketBroken),
        (armor(signature(hashed=b"", unhashed=MADE)), SubpacketBroken),
        (armor(signature(hashed=MADE + MADE)), SubpacketBroken),
        (armor(signature(hashed=subpacket(2, b"\0"))), SubpacketBroken),
        (armor(signature(unhashed=subpacket(3, bytes(4)))), SubpacketBroken),
        (armor(signature(unhashed=subpacket(16, b"2" * 8))), SubpacketBroken),
        (armor(signature(unhashed=subpacket(33, b"\4" + b"2" * 20))), SubpacketBroken),
        (armor(signature(hashed=MADE + subpacket(33, b"\6" + b"2" * 20))), SignatureKindUnsupported),
        (armor(signature(hashed=MADE + subpacket(0x80 | 20, b"x"))), SubpacketCritical),
        (armor(signature(hashed=MADE + subpacket(0x80 | 100, b"x"))), SubpacketCritical),
        (armor(signature(unhashed=subpacket(0x80 | 35, b"x"))), SubpacketCritical),
        (armor(signature(hashed=b"\0" + MADE)), PacketBroken),
        (armor(signature(hashed=MADE + b"\x09\x01")), PacketBroken),
        (armor(signature(hashed=MADE + b"\xc0")), PacketBroken),
        (armor(packet(2, b"\4\0\x16\x08\xff\xff" + bytes(9))), PacketBroken),
    ],
)  # fmt: skip
def test_anything_else_is_no_signature(text, error):
    """Other armor, several packets, weak digests, doubled or unsigned times, ends that do not fit."""
    with pytest.raises(error):
        parse(text)


def test_the_budget_is_checked_first():
    """A megabyte of base64 is not decoded."""
    with pytest.raises(ArmorTooLarge):
        parse_signature(TEXT, replace(DEFAULT_LIMITS, signature_bytes=100))


def test_kinds_are_told_by_their_first_line():
    """So that a message can name what is not supported."""
    assert signature_kind(TEXT) == "openpgp"
    assert signature_kind(b"-----BEGIN SSH SIGNATURE-----\nx") == "ssh"
    assert signature_kind(b"-----BEGIN SIGNED MESSAGE-----\nx") == "x509"
    for text in (b"", b"-----BEGIN PGP MESSAGE-----\n", b"-----BEGIN PGP SIGNED MESSAGE-----", b" " + TEXT):
        assert signature_kind(text) is None


def test_lengths_of_all_widths():
    """One, two and five octets, and the old header's one, two and four."""
    for head, size in ((b"\xc2\x05", 5), (b"\xc2\xc0\x00", 192), (b"\xc2\xff\0\0\0\5", 5),
                       (b"\x88\x05", 5), (b"\x89\0\x05", 5), (b"\x8a\0\0\0\5", 5)):  # fmt: skip
        (found,) = packets(head + bytes(size))
        assert (found.tag, len(found.body)) == (2, size)


def public(*parts: bytes) -> bytes:
    """An armored key of these packets."""
    return armor(b"".join(parts), BLOCK)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", ArmorBroken),
        (TEXT, ArmorBroken),
        (public(b"x"), PacketBroken),
        (public(packet(5, key())), KeyIsSecret),
        (public(packet(6, key()), packet(7, key())), KeyIsSecret),
        (public(packet(6, key()), packet(6, key())), KeyFileBroken),
        (public(packet(14, key())), KeyFileBroken),
        (public(packet(13, b"Ann"), packet(6, key())), KeyFileBroken),
        (public(packet(6, key()), packet(11, b"x")), KeyFileBroken),
        (public(packet(6, key(version=3))), KeyUnsupported),
        (public(packet(6, key(version=6))), KeyUnsupported),
        (public(packet(6, b"\4")), PacketBroken),
        (public(packet(6, key()[:10])), PacketBroken),
        (public(packet(6, bytes(1 << 16))), PacketBroken),
    ],
)
def test_anything_else_is_no_public_key(text, error):
    """Secrets, two keys, other versions, and packets that have no place in a key."""
    with pytest.raises(error):
        parse_public_key(text, DEFAULT_LIMITS)


def test_the_size_of_a_key_is_that_of_its_number():
    """A modulus of 1024 bits that is said to have 4096 has 1024."""
    padded = key()[:6] + (4096).to_bytes(2, "big") + bytes(384) + number(1024)[2:] + number(17)
    assert parse_public_key(public(packet(6, padded)), DEFAULT_LIMITS).primary.bits == 1024
    small = parse_public_key(public(packet(6, key(bits=1024))), DEFAULT_LIMITS)
    assert (small.primary.algorithm, small.primary.bits) == ("RSA", 1024)
    odd = key(algorithm=22).replace(b"\x2b\x06", b"\x2b\x07")
    assert parse_public_key(public(packet(6, odd)), DEFAULT_LIMITS).primary.bits is None


@pytest.mark.skipif(GPG is None, reason="gpg is not installed")
def test_what_gpg_writes_is_read():
    """Differential: fingerprints, sizes and user ids as gpg lists them, for several kinds of keys."""
    for keys in keyring():
        for name, algorithm in (("ed", "ed25519"), ("rsa", "rsa2048"), ("p", "nistp256")):
            main = keys.key(
                name, "--faked-system-time", PAST, algorithm=algorithm, uid=f"{name} ü <{name}@x>"
            )
            sub = keys.subkey(name)
            found = parse_public_key(keys.public(name), DEFAULT_LIMITS)
            assert (found.primary.fingerprint, found.subkeys[0].fingerprint) == (main, sub)
            assert found.primary.bits == (2048 if name == "rsa" else 256)
            assert found.user_ids == (f"{name} ü <{name}@x>",)
            assert found.key(sub) == found.subkeys[0]
            assert found.key("0" * 40) is None
            assert found.binary == keys.gpg("--export", main)
            made = parse(keys.sign(name, b"payload"))
            assert made.issuer in {main, sub}


@pytest.mark.skipif(GPG is None, reason="gpg is not installed")
def test_the_armor_of_gpg_has_a_checksum_that_we_check():
    """Differential: any byte of gpg's base64 that changes fails."""
    for keys in keyring():
        keys.key("ed")
        text = keys.sign("ed", b"payload")
        data = dearmor(text, "PGP SIGNATURE", 1 << 16)
        assert data == keys.gpg("--dearmor", data=text)
        body = text.index(b"\n\n") + 2
        for at in range(body, body + 40):
            changed = text[:at] + (b"A" if text[at : at + 1] != b"A" else b"B") + text[at + 1 :]
            with pytest.raises(ArmorBroken, match="checksum"):
                dearmor(changed, "PGP SIGNATURE", 1 << 16)
