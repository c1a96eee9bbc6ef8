"""Verifies SSH signatures of commits with the `cryptography` library. No program is run.

The mathematics is the library's; what is signed, by which algorithm, and that nothing is left over, our
own strict parser has settled (`formats.ssh_signature`). Tests hold it against `ssh-keygen -Y verify`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.ssh_signature import two_integers

if TYPE_CHECKING:
    from safeload.formats.ssh_signature import SshSignature


def holds(signature: SshSignature, payload: bytes) -> bool:
    """Whether the key that the signature names has signed this payload."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        _verify(signature, signature.signed(payload))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, FormatError):
        return False
    return True


def _verify(signature: SshSignature, signed: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    key = signature.key
    if key.algorithm == "Ed25519":
        ed25519.Ed25519PublicKey.from_public_bytes(key.parts[0]).verify(signature.value, signed)
    elif key.algorithm == "ECDSA":
        curve, digest = {
            256: (ec.SECP256R1(), hashes.SHA256()),
            384: (ec.SECP384R1(), hashes.SHA384()),
            521: (ec.SECP521R1(), hashes.SHA512()),
        }[key.bits]
        value = encode_dss_signature(*two_integers(signature.value))
        point = ec.EllipticCurvePublicKey.from_encoded_point(curve, key.parts[1])
        point.verify(value, signed, ec.ECDSA(digest))
    else:
        exponent, modulus = (int.from_bytes(part, "big") for part in key.parts)
        rsa_digest = hashes.SHA512() if signature.scheme == "rsa-sha2-512" else hashes.SHA256()
        public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        public.verify(signature.value, signed, padding.PKCS1v15(), rsa_digest)
