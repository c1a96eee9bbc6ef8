"""Any bytes give one SSH signature or a FormatError.

The invariant holds within the limits and under the seal. What is accepted is of git's namespace, and all
of its bytes are accounted for: written again from its fields it is the same.
"""

from __future__ import annotations

from safeload.errors import FormatError
from safeload.formats.ssh_signature import SshArmorBroken, SshSignature, parse_ssh_signature
from safeload.limits import DEFAULT_LIMITS
from tests.forge.ssh import armor, signature, string


def seeds() -> list[bytes]:
    """Each kind of key, and what is refused about them."""
    rsa = string(b"ssh-rsa") + string(b"\1\0\1") + string(b"\0" + b"\xff" * 256)
    curve = string(b"ecdsa-sha2-nistp256") + string(b"nistp256") + string(b"\4" + b"\1" * 64)
    return [
        armor(signature()),
        signature(),
        signature(key=rsa, scheme=b"rsa-sha2-256", value=b"x" * 256),
        signature(key=curve, scheme=b"ecdsa-sha2-nistp256", value=string(b"\1") * 2, digest=b"sha256"),
        signature(namespace=b"file"),
    ]


def read(data: bytes) -> object:
    """The signature, or the error that is allowed. Binary input is armored first."""
    try:
        return parse_ssh_signature(data if data.startswith(b"-") else armor(data), DEFAULT_LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a signature."""
    if not isinstance(result, SshSignature) or data.startswith(b"-"):
        return
    again = signature(
        key=result.key.blob,
        digest=result.digest.encode(),
        scheme=result.scheme.encode(),
        value=result.value,
    )
    assert again == data


def deep(result: object) -> bool:
    """Whether it got to the fields."""
    return not isinstance(result, SshArmorBroken)
