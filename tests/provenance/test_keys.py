"""Signatures by PEM keys: the library's mathematics, one encoding, and the algorithm that belongs to the key.

The encodings are those that https://github.com/C2SP/wycheproof tries on ECDSA and Ed25519, made here from a
good signature of a fresh key.
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import UsageError
from safeload.formats.public_key import parse_public_key
from safeload.provenance.keys import holds, is_usable, load_private, public_of, sign
from tests.forge.oms import private_key, private_pem, public_der
from tests.forge.oms import sign as sign_independently

KINDS = ("ed25519", "p256", "p384", "p521")
KEYS = {kind: private_key(kind) for kind in KINDS}
PUBLIC = {kind: parse_public_key(public_der(key)) for kind, key in KEYS.items()}
MESSAGE = b"what was said"
SIGNATURES = {kind: sign_independently(key, MESSAGE) for kind, key in KEYS.items()}
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256. https://csrc.nist.gov/pubs/sp/800/186/final"""


@pytest.mark.parametrize("kind", KINDS)
def test_what_another_signer_signs_holds_and_the_other_way_round(kind):
    """Both directions, for each kind of key; no other key and no other message."""
    assert holds(PUBLIC[kind], MESSAGE, SIGNATURES[kind])
    assert holds(PUBLIC[kind], MESSAGE, sign(KEYS[kind], MESSAGE))
    assert not holds(PUBLIC[kind], MESSAGE + b"!", SIGNATURES[kind])
    assert public_of(KEYS[kind]) == PUBLIC[kind]
    for other in KINDS:
        again = parse_public_key(public_der(private_key(other)))
        assert not holds(again, MESSAGE, SIGNATURES[kind])


def integer(value: bytes) -> bytes:
    return b"\x02" + bytes([len(value)]) + value


def sequence(body: bytes) -> bytes:
    return b"\x30" + bytes([len(body)]) + body


def encodings() -> dict[str, bytes]:
    """The good signature of P-256, written in ways that DER does not have; and numbers out of range."""
    good = SIGNATURES["p256"]
    first, second = decode_dss_signature(good)
    body = good[2:]
    r, s = (number.to_bytes(33, "big").lstrip(b"\0") for number in (first, second))
    r, s = (b"\0" + part if part[0] & 0x80 else part for part in (r, s))
    raw = first.to_bytes(32, "big") + second.to_bytes(32, "big")
    whole = integer(r) + integer(s)
    return {
        "raw numbers": raw,
        "nothing": b"",
        "an empty sequence": b"\x30\x00",
        "long form of a short length": b"\x30\x81" + good[1:2] + body,
        "longer form still": b"\x30\x82\x00" + good[1:2] + body,
        "indefinite length": b"\x30\x80" + body + b"\0\0",
        "behind the sequence": good + b"\0",
        "inside of the sequence": sequence(body + b"\x05\x00"),
        "a third number": sequence(body + integer(b"\1")),
        "a number alone": sequence(integer(r)),
        "a leading zero": sequence(integer(b"\0" + r) + integer(s)),
        "a leading zero of the second": sequence(integer(r) + integer(b"\0" + s)),
        "an integer in long form": sequence(b"\x02\x81" + integer(r)[1:] + integer(s)),
        "a set": b"\x31" + good[1:],
        "an octet string": sequence(b"\x04" + integer(r)[1:] + integer(s)),
        "numbers swapped": sequence(integer(s) + integer(r)),
        "too short a length": b"\x30" + bytes([len(body) - 1]) + body,
        "too long a length": b"\x30" + bytes([len(body) + 1]) + body,
        "cut off": good[:-1],
        "negative": sequence(integer(r.lstrip(b"\0")) + integer(s))
        if r[0] == 0
        else sequence(integer(b"\xff" + r) + integer(s)),
        "zero": sequence(integer(b"\0") + integer(s)),
        "both zero": sequence(integer(b"\0") + integer(b"\0")),
        "both one": sequence(integer(b"\1") + integer(b"\1")),
        "the order": encode_dss_signature(ORDER, second),
        "the order of the second": encode_dss_signature(first, ORDER),
        "plus the order": encode_dss_signature(first + ORDER, second),
        "the second plus the order": encode_dss_signature(first, second + ORDER),
        "minus": sequence(whole)[:2] + sequence(whole)[3:],
    }


@pytest.mark.parametrize("how", encodings())
def test_a_signature_has_one_encoding(how):
    """Every other way to write it, and every number out of range, is no signature."""
    assert not holds(PUBLIC["p256"], MESSAGE, encodings()[how])


def test_the_digest_belongs_to_the_curve():
    """A signature over another digest is none, though the key has made it."""
    for kind, digest in (("p256", hashes.SHA384()), ("p384", hashes.SHA256()), ("p521", hashes.SHA256())):
        made = KEYS[kind].sign(MESSAGE, ec.ECDSA(digest))
        assert not holds(PUBLIC[kind], MESSAGE, made)


@pytest.mark.parametrize("value", [b"", b"\0" * 64, b"\0" * 63, b"\xff" * 64])
def test_values_that_are_no_signature(value):
    """For each kind of key, whatever its length is."""
    for kind in KINDS:
        assert not holds(PUBLIC[kind], MESSAGE, value)


def test_ed25519_takes_no_second_form():
    """S plus the order of the group is the same point's signature, and refused (RFC 8032, section 5.1.7)."""
    made = SIGNATURES["ed25519"]
    order = 2**252 + 27742317777372353535851937790883648493
    second = int.from_bytes(made[32:], "little") + order
    assert not holds(PUBLIC["ed25519"], MESSAGE, made[:32] + second.to_bytes(32, "little"))
    assert not holds(PUBLIC["ed25519"], MESSAGE, made + b"\0")


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(KINDS), place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_no_flipped_byte_holds(kind, place, flip):
    """Of a signature."""
    made = SIGNATURES[kind]
    at = place % len(made)
    assert not holds(PUBLIC[kind], MESSAGE, made[:at] + bytes([made[at] ^ flip]) + made[at + 1 :])


def test_a_point_off_its_curve_is_no_key():
    """The encoding is right and the point is not: nothing holds, and the trust store refuses it."""
    der = public_der(KEYS["p256"])
    off = parse_public_key(der[:-1] + bytes([der[-1] ^ 1]))
    assert not is_usable(off)
    assert not holds(off, MESSAGE, SIGNATURES["p256"])
    assert all(is_usable(key) for key in PUBLIC.values())


@pytest.mark.parametrize("kind", KINDS)
def test_private_keys_are_read(kind):
    """Plain and encrypted; what signs is the key of the file."""
    for pem, passphrase in ((private_pem(KEYS[kind]), None), (private_pem(KEYS[kind], b"pw"), b"pw")):
        assert public_of(load_private(pem, passphrase)) == PUBLIC[kind]


def test_private_keys_that_do_not_sign_here():
    """No passphrase, another, one too many, no key, and keys of other kinds."""
    encrypted = private_pem(KEYS["p256"], b"pw")
    for pem, passphrase, what in (
        (encrypted, None, "no passphrase"),
        (encrypted, b"other", "another passphrase"),
        (private_pem(KEYS["p256"]), b"pw", "not encrypted"),
        (b"", None, "no private key"),
        (private_pem(rsa.generate_private_key(65537, 2048)), None, "neither of Ed25519"),
        (private_pem(ec.generate_private_key(ec.SECP256K1())), None, "not read"),
        (
            KEYS["p256"]
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            None,
            "no private key",
        ),
    ):
        with pytest.raises(UsageError, match=what):
            load_private(pem, passphrase)
