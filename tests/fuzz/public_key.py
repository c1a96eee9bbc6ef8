"""Any bytes give one public key or a FormatError.

The invariant holds within the limits and under the seal. What is accepted is, written again, the same file
but for the ends of its lines.
"""

from __future__ import annotations

from safeload.errors import FormatError
from safeload.formats.public_key import PemBroken, PemKey, parse_pem_key, write_pem
from safeload.limits import DEFAULT_LIMITS
from tests.forge.oms import private_key, public_der, public_pem

KEYS = [private_key(kind) for kind in ("ed25519", "p256", "p384", "p521")]


def seeds() -> list[bytes]:
    """Each kind as a file, and as DER, which `read` writes as a file."""
    return [*map(public_pem, KEYS), *map(public_der, KEYS)]


def read(data: bytes) -> object:
    """The key, or the error that is allowed."""
    text = data if data.startswith(b"-") else write_pem("PUBLIC KEY", data).encode()
    try:
        return parse_pem_key(text, DEFAULT_LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a key."""
    if not isinstance(result, PemKey):
        return
    if data.startswith(b"-"):
        plain = data.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
        assert write_pem("PUBLIC KEY", result.der).encode() == plain
    else:
        assert result.der == data


def deep(result: object) -> bool:
    """Whether it got past the PEM block."""
    return not isinstance(result, PemBroken)
