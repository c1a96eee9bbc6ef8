"""SSH signatures and public keys, read strictly.

https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
https://www.rfc-editor.org/rfc/rfc4253#section-6.6, https://www.rfc-editor.org/rfc/rfc8709,
https://www.rfc-editor.org/rfc/rfc5656 (keys)

Guarantees: a signature is of version 1, of git's namespace, over SHA-256 or SHA-512, by a key of a listed
kind with the signature algorithm that belongs to it, and every byte is used. A key of a file is the one
of its fingerprint. Nothing is verified here: `provenance.ssh` does that.

Keys on security tokens (`sk-...`) and certificates are not read.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.openpgp_packets import strict_base64
from safeload.record import record

if TYPE_CHECKING:
    from safeload.limits import Limits

MAGIC = b"SSHSIG"
NAMESPACE = b"git"
DIGESTS = {b"sha256": "sha256", b"sha512": "sha512"}
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MOST_LINE = 76
_CURVES = {b"nistp256": 256, b"nistp384": 384, b"nistp521": 521}
_RSA_SIGNATURES = frozenset({b"rsa-sha2-256", b"rsa-sha2-512"})


class SshArmorBroken(FormatError):
    """Text that is not exactly one armored SSH signature, or a line that is no public key."""


class SshBlobBroken(FormatError):
    """Fields that are cut off, not canonical, or followed by others."""


class SshKindUnsupported(FormatError):
    """A version, namespace, digest, key or algorithm that is not on the list."""


@record
class SshKey:
    """A public key."""

    fingerprint: str
    """`SHA256:` and 43 characters, as OpenSSH shows it."""
    algorithm: str
    """RSA, ECDSA or Ed25519."""
    bits: int
    blob: bytes
    parts: tuple[bytes, ...]
    """Ed25519: the point. ECDSA: curve and point. RSA: exponent and modulus, big-endian."""
    user_ids: tuple[str, ...] = ()
    """A comment names nobody."""
    created: int = 0
    """An SSH key does not say."""

    @property
    def primary(self) -> SshKey:
        """The key itself: there are no subkeys."""
        return self

    def key(self, fingerprint: str) -> SshKey | None:
        """This key, if it has the fingerprint."""
        return self if fingerprint == self.fingerprint else None


@record
class SshSignature:
    """What a signature says about itself."""

    key: SshKey
    digest: str
    """Name of the digest that is taken of the payload."""
    scheme: str
    """Name of the signature algorithm."""
    value: bytes
    """The signature itself: of ECDSA two integers, else the raw bytes."""

    def signed(self, payload: bytes) -> bytes:
        """What the key has signed, if it has signed this payload."""
        digest = hashlib.new(self.digest, payload, usedforsecurity=True).digest()
        return MAGIC + b"".join(map(_string, (NAMESPACE, b"", self.digest.encode(), digest)))


def parse_ssh_signature(text: bytes, limits: Limits) -> SshSignature:
    """Read an armored signature.

    Args:
        text: the value of a commit's gpgsig header.
        limits: `signature_bytes` bounds it.

    Raises:
        SshArmorBroken: it is not one armored block.
        SshBlobBroken: its fields do not fit.
        SshKindUnsupported: it is of another version, namespace or kind than those that are read.
    """
    blob = _dearmor(text, limits.signature_bytes)
    if not blob.startswith(MAGIC + b"\0\0\0\1"):
        raise SshKindUnsupported("no SSH signature of version 1")
    reader = _Fields(blob, len(MAGIC) + 4)
    key = _key(reader.string())
    namespace, reserved, digest = reader.string(), reader.string(), reader.string()
    signature = _Fields(reader.string(), 0)
    reader.end()
    if namespace != NAMESPACE:
        raise SshKindUnsupported("a signature for another purpose than git's")
    if reserved or digest not in DIGESTS:
        raise SshKindUnsupported("a reserved field, or a digest that is not on the list")
    scheme, value = signature.string(), signature.string()
    signature.end()
    expected = _RSA_SIGNATURES if key.algorithm == "RSA" else {_Fields(key.blob, 0).string()}
    if scheme not in expected:
        raise SshKindUnsupported("a signature algorithm that does not belong to the key")
    return SshSignature(key=key, digest=DIGESTS[digest], scheme=scheme.decode("ascii"), value=value)


def parse_ssh_key(text: bytes, limits: Limits) -> SshKey:
    """Read a .pub file: one line of kind, base64 and comment.

    Raises:
        SshArmorBroken: it is anything else.
        SshBlobBroken: the fields of the key do not fit.
        SshKindUnsupported: it is of a kind that is not read.
    """
    if len(text) > limits.key_file_bytes:
        raise SshArmorBroken("the file is larger than any key")
    try:
        line = text.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        raise SshArmorBroken("the file is not UTF-8") from None
    kind, _, rest = line.partition(" ")
    encoded = rest.partition(" ")[0]
    if not encoded or not line.isprintable():
        raise SshArmorBroken("the file is not one line of kind, key and comment")
    try:
        blob = strict_base64(encoded)
    except FormatError:
        raise SshArmorBroken("the key is no canonical base64") from None
    key = _key(blob)
    if _Fields(blob, 0).string() != kind.encode():
        raise SshBlobBroken("the key is of another kind than its line says")
    return key


def two_integers(value: bytes) -> tuple[int, int]:
    """The integers of an ECDSA signature.

    Raises:
        SshBlobBroken: there are not exactly two of them, both positive.
    """
    reader = _Fields(value, 0)
    first, second = reader.integer(), reader.integer()
    reader.end()
    return first, second


class _Fields:
    """Reads the fields of RFC 4251, section 5, one after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def string(self) -> bytes:
        length = int.from_bytes(self._data[self._at : self._at + 4], "big")
        start = self._at + 4
        if start + length > len(self._data):
            raise SshBlobBroken("a field is cut off", offset=self._at)
        self._at = start + length
        return self._data[start : self._at]

    def integer(self) -> int:
        """A positive integer without superfluous zeros."""
        raw = self.string()
        value = int.from_bytes(raw, "big")
        if not raw or raw[0] & 0x80 or len(raw) != value.bit_length() // 8 + 1 or not value:
            raise SshBlobBroken("an integer that is not positive, or not canonical")
        return value

    def end(self) -> None:
        if self._at != len(self._data):
            raise SshBlobBroken("something behind the last field", offset=self._at)


def _key(blob: bytes) -> SshKey:
    reader = _Fields(blob, 0)
    kind = reader.string()
    parts: tuple[bytes, ...]
    if kind == b"ssh-ed25519":
        algorithm, bits, parts = "Ed25519", 256, (reader.string(),)
        if len(parts[0]) != 32:
            raise SshBlobBroken("an Ed25519 key that has not 32 bytes")
    elif kind.startswith(b"ecdsa-sha2-") and kind.removeprefix(b"ecdsa-sha2-") in _CURVES:
        parts = (reader.string(), reader.string())
        algorithm, bits = "ECDSA", _CURVES.get(parts[0], 0)
        if parts[0] != kind.removeprefix(b"ecdsa-sha2-") or len(parts[1]) != 1 + 2 * ((bits + 7) // 8):
            raise SshBlobBroken("a point that does not belong to its curve")
    elif kind == b"ssh-rsa":
        exponent, modulus = reader.integer(), reader.integer()
        algorithm, bits = "RSA", modulus.bit_length()
        parts = tuple(value.to_bytes((value.bit_length() + 7) // 8, "big") for value in (exponent, modulus))
    else:
        name = kind[:40].decode("ascii", "backslashreplace")
        raise SshKindUnsupported(f"a key of kind {name}, which is not on the list")
    reader.end()
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")
    return SshKey(fingerprint=f"SHA256:{digest}", algorithm=algorithm, bits=bits, blob=blob, parts=parts)


def _dearmor(text: bytes, most: int) -> bytes:
    if len(text) > most:
        raise SshArmorBroken(f"the armor has {len(text)} bytes, more than {most}")
    try:
        lines = text.decode("ascii").rstrip("\n").split("\n")
    except UnicodeDecodeError:
        raise SshArmorBroken("the armor is not ASCII") from None
    body = lines[1:-1]
    if lines[0] != _BEGIN or lines[-1] != _END or any(not line or len(line) > _MOST_LINE for line in body):
        raise SshArmorBroken("no armored SSH signature")
    try:
        return strict_base64("".join(body))
    except FormatError:
        raise SshArmorBroken("the armor is no canonical base64") from None


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
