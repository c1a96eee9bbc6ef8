"""Verifies and makes signatures by Ed25519 and ECDSA keys in PEM, with the `cryptography` library.

The mathematics is the library's. Ours: which algorithm belongs to which key, so that no message chooses one,
and that an ECDSA signature stands in its one DER encoding. https://www.rfc-editor.org/rfc/rfc3279#section-2.2.3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import UsageError
from safeload.formats.public_key import PemKey, parse_public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def holds(key: PemKey, signed: bytes, signature: bytes) -> bool:
    """Whether this key has signed these bytes."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    try:
        public = _load(key)
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, signed)
        elif _is_canonical(signature):
            public.verify(signature, signed, ec.ECDSA(_digest(key.bits)))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def is_usable(key: PemKey) -> bool:
    """Whether the library takes the key: a point that lies on its curve."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        _load(key)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def load_private(pem: bytes, passphrase: bytes | None) -> Private:
    """A private key.

    Args:
        pem: the file.
        passphrase: what it is encrypted with, or None.

    Raises:
        UsageError: it is no key that signs here, or the passphrase is missing, wrong or too many.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(pem, passphrase)
    except TypeError:
        lacking = "is encrypted, and there is no passphrase" if passphrase is None else "is not encrypted"
        raise UsageError(f"the private key {lacking}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError("no private key in PEM, or another passphrase") from None
    if isinstance(private, (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)):
        public_of(private)
        return private
    raise UsageError("the private key is neither of Ed25519 nor of ECDSA over P-256, P-384 or P-521")


def public_of(private: Private) -> PemKey:
    """The public half.

    Raises:
        UsageError: it is of a curve that is not read.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from safeload.errors import FormatError

    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    try:
        return parse_public_key(der)
    except FormatError as error:
        raise UsageError(f"the private key is of a kind that is not read: {error}") from None


def sign(private: Private, message: bytes) -> bytes:
    """A signature over these bytes, by the algorithm that belongs to the key."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(message)
    return private.sign(message, ec.ECDSA(_digest(private.curve.key_size)))


def _load(key: PemKey) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    public = load_der_public_key(key.der)
    if not isinstance(public, (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)):
        raise ValueError("a key that verifies nothing here")  # noqa: TRY004 - what the library raises too
    return public


def _digest(bits: int) -> hashes.HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    return {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}[bits]


def _is_canonical(signature: bytes) -> bool:
    """Whether a sequence of two integers stands in the one encoding that DER has for it."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    try:
        first, second = decode_dss_signature(signature)
        return encode_dss_signature(first, second) == signature
    except ValueError:
        return False
