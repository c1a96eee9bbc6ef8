"""Public keys in PEM: the SubjectPublicKeyInfo of Ed25519 and of ECDSA over P-256, P-384 and P-521.

https://www.rfc-editor.org/rfc/rfc7468#section-13 (PEM), https://www.rfc-editor.org/rfc/rfc8410 (Ed25519),
https://www.rfc-editor.org/rfc/rfc5480 (curves)

Guarantees: the file is one block of canonical base64, and the DER in it is, byte for byte, the one encoding
that the four kinds have: named curves, uncompressed points, nothing behind. So no ASN.1 is parsed here. That
the point lies on its curve is for the library to say that verifies with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.record import record

if TYPE_CHECKING:
    from safeload.limits import Limits

SPKI_PREFIX = "SHA256:"
"""What a fingerprint of this kind begins with; 64 hexadecimal digits follow."""
_LINE = 64
_LABEL = "PUBLIC KEY"
_KINDS = (
    # algorithm, bits, the DER up to the key itself, bytes of the key
    ("Ed25519", 256, bytes.fromhex("302a300506032b6570032100"), 32),
    ("ECDSA", 256, bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"), 64),
    ("ECDSA", 384, bytes.fromhex("3076301006072a8648ce3d020106052b8104002203620004"), 96),
    ("ECDSA", 521, bytes.fromhex("30819b301006072a8648ce3d020106052b810400230381860004"), 132),
)


class PemBroken(FormatError):
    """Text that is not exactly one PEM block of the kind that was asked for."""


class KeyKindUnsupported(FormatError):
    """A key of another kind, or in another encoding, than the four that are read."""


@record
class PemKey:
    """A public key, or the certificate that holds it."""

    fingerprint: str
    """`SHA256:` and the 64 digits of the sha256 of the SubjectPublicKeyInfo in DER."""
    algorithm: str
    """Ed25519 or ECDSA; of a certificate RSA too."""
    bits: int
    der: bytes
    """The SubjectPublicKeyInfo."""
    certificate: bytes | None = None
    """The whole certificate in DER, where the file holds one."""
    created: int = 0
    """A key does not say."""
    user_ids: tuple[str, ...] = ()
    """A certificate's subject; a bare key names nobody."""

    @property
    def primary(self) -> PemKey:
        """The key itself: there are no subkeys."""
        return self

    def key(self, fingerprint: str) -> PemKey | None:
        """This key, if it has the fingerprint."""
        return self if fingerprint == self.fingerprint else None

    def is_named(self, hint: str) -> bool:
        """Whether a hint of a bundle or envelope means this key: some write one digest, some another."""
        digest = hashlib.sha256(self.der).digest()
        written = hashlib.sha256(write_pem(_LABEL, self.der).encode()).hexdigest()
        encoded = base64.b64encode(digest).decode("ascii")
        return hint in {self.fingerprint, digest.hex(), encoded, written}


def parse_public_key(der: bytes) -> PemKey:
    """Read a SubjectPublicKeyInfo.

    Raises:
        KeyKindUnsupported: it is of none of the four kinds.
    """
    for algorithm, bits, prefix, length in _KINDS:
        if der.startswith(prefix) and len(der) == len(prefix) + length:
            return PemKey(fingerprint=spki_fingerprint(der), algorithm=algorithm, bits=bits, der=der)
    raise KeyKindUnsupported("no Ed25519 key and no point of P-256, P-384 or P-521 in its plain encoding")


def parse_pem_key(text: bytes, limits: Limits) -> PemKey:
    """Read a .pem file with one public key.

    Raises:
        PemBroken: it is anything else.
        KeyKindUnsupported: the key is of a kind that is not read.
    """
    return parse_public_key(parse_pem(_LABEL, text, limits))


def parse_pem(label: str, text: bytes, limits: Limits) -> bytes:
    """The bytes of one PEM block.

    Args:
        label: what stands behind BEGIN.
        text: the file.
        limits: `key_file_bytes` bounds it.

    Raises:
        PemBroken: the text is not exactly one such block.
    """
    if len(text) > limits.key_file_bytes:
        raise PemBroken("the file is larger than any key")
    try:
        plain = text.decode("ascii").replace("\r\n", "\n").rstrip("\n")
    except UnicodeDecodeError:
        raise PemBroken("the file is not ASCII") from None
    lines = plain.split("\n")
    begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
    body = lines[1:-1]
    if not body or lines[0] != begin or lines[-1] != end or any("-" in line for line in body):
        raise PemBroken(f"the file is not one PEM block of a {label.lower()}")
    if any(len(line) != _LINE for line in body[:-1]) or not 0 < len(body[-1]) <= _LINE:
        raise PemBroken(f"the lines of the PEM block are not {_LINE} characters long")
    try:
        data = base64.b64decode("".join(body), validate=True)
    except (binascii.Error, ValueError):
        raise PemBroken("the PEM block is no base64") from None
    if base64.b64encode(data).decode("ascii") != "".join(body):
        raise PemBroken("the base64 of the PEM block is not canonical")
    return data


def write_pem(label: str, der: bytes) -> str:
    """One PEM block, as OpenSSL writes it."""
    text = base64.b64encode(der).decode("ascii")
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def spki_fingerprint(der: bytes) -> str:
    """The fingerprint of a SubjectPublicKeyInfo."""
    return f"{SPKI_PREFIX}{sha256_of(der)}"


def sha256_of(data: bytes) -> str:
    """Its sha256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
