"""Public keys in PEM: four kinds, each in its one encoding, and nothing beside it."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from safeload.formats.public_key import (
    KeyKindUnsupported,
    PemBroken,
    PemKey,
    parse_pem,
    parse_pem_key,
    parse_public_key,
    write_pem,
)
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.oms import fingerprint, hint, private_key, public_der, public_pem

KEYS = {kind: private_key(kind) for kind in ("ed25519", "p256", "p384", "p521")}
PEM = public_pem(KEYS["p256"])


def parse(text: bytes) -> PemKey:
    return parse_pem_key(text, DEFAULT_LIMITS)


@pytest.mark.parametrize("kind", KEYS)
def test_each_kind_is_read_as_the_library_writes_it(kind):
    """Algorithm, size and fingerprint; written again it is the same file."""
    found = parse(public_pem(KEYS[kind]))
    sizes = {
        "ed25519": ("Ed25519", 256),
        "p256": ("ECDSA", 256),
        "p384": ("ECDSA", 384),
        "p521": ("ECDSA", 521),
    }
    assert (found.algorithm, found.bits) == sizes[kind]
    assert found.fingerprint == fingerprint(KEYS[kind])
    assert write_pem("PUBLIC KEY", found.der).encode() == public_pem(KEYS[kind])
    assert (found.primary, found.key(found.fingerprint), found.key("x")) == (found, found, None)


def test_a_hint_means_the_key_in_four_spellings():
    """The digest of DER in hex or base64, with or without its prefix, and of the PEM; and no other."""
    key = parse(PEM)
    digest = bytes.fromhex(key.fingerprint.removeprefix("SHA256:"))
    for said in (key.fingerprint, digest.hex(), base64.b64encode(digest).decode(), hint(KEYS["p256"])):
        assert key.is_named(said)
    for said in ("", digest.hex()[:-1], digest.hex().upper(), hint(KEYS["p384"])):
        assert not key.is_named(said)


def spki(public: object, point: str = "") -> bytes:
    """A file with some other key."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(serialization.Encoding.PEM, form)  # type: ignore[attr-defined]


COMPRESSED = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d03010703220002") + b"\1" * 32


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", PemBroken),
        (b"x" * (DEFAULT_LIMITS.key_file_bytes + 1), PemBroken),
        (PEM.replace(b"-\n", "-ü\n".encode(), 1), PemBroken),
        (PEM + PEM, PemBroken),
        (b"\n" + PEM, PemBroken),
        (PEM + b"comment", PemBroken),
        (PEM.replace(b"PUBLIC", b"PRIVATE"), PemBroken),
        (PEM.replace(b"-\n", b"-\n\n", 1), PemBroken),
        (PEM.replace(b"-\n", b"-\nProc-Type: 4\n\n", 1), PemBroken),
        (PEM.replace(b"M", b"!", 1), PemBroken),
        (write_pem("PUBLIC KEY", b"abcd").replace("==", "").encode(), PemBroken),
        (write_pem("PUBLIC KEY", b"abcd").replace("ZA==", "ZB==").encode(), PemBroken),
        (b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", PemBroken),
        (write_pem("PUBLIC KEY", public_der(KEYS["p256"]) + b"\0").encode(), KeyKindUnsupported),
        (write_pem("PUBLIC KEY", public_der(KEYS["ed25519"])[:-1]).encode(), KeyKindUnsupported),
        (write_pem("PUBLIC KEY", COMPRESSED).encode(), KeyKindUnsupported),
        (spki(rsa.generate_private_key(65537, 2048).public_key()), KeyKindUnsupported),
        (spki(dsa.generate_private_key(1024).public_key()), KeyKindUnsupported),
        (spki(ec.generate_private_key(ec.SECP256K1()).public_key()), KeyKindUnsupported),
    ],
)
def test_what_is_no_key_of_ours(text, error):
    """The smallest text for each way to be wrong."""
    with pytest.raises(error):
        parse(text)


def test_line_ends_of_windows_are_the_same_file():
    """An editor may have written them."""
    assert parse(PEM.replace(b"\n", b"\r\n")) == parse(PEM)


@given(st.binary(min_size=1, max_size=300))
def test_a_block_holds_what_was_written(data):
    """parse(write(x)) == x, for any bytes."""
    assert parse_pem("X Y", write_pem("X Y", data).encode(), DEFAULT_LIMITS) == data


def test_only_the_key_decides_about_equality():
    """Two files of the same key are the same key."""
    assert parse_public_key(public_der(KEYS["p256"])) == replace(parse(PEM))
