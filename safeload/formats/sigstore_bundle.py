"""Sigstore bundles, version 0.3, as they carry a signature over a model.

https://docs.sigstore.dev/about/bundle/
https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
https://github.com/ossf/model-signing-spec (which of its fields model signing uses)

Guarantees: the bundle is understood whole: one DSSE envelope, and verification material of exactly one of
three kinds. A key says at most which one it is, a chain holds at most `MOST_CERTIFICATES`, and neither has
log entries or timestamps beside it, which nobody here would check. Names of fields are those of proto3's
JSON form, and none is there in two spellings. Nothing is verified here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.dsse import parse_document, read_envelope
from safeload.formats.json_fields import take_bytes, take_list, take_object, take_text
from safeload.record import record

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.formats.dsse import Envelope
    from safeload.formats.json_fields import Object
    from safeload.limits import Limits

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MOST_CERTIFICATES = 8
"""Of one chain. Private authorities have one or two between root and signer."""
MOST_CERTIFICATE_BYTES = 16 << 10
_MOST_DIGITS = 11
_KINDS = ("publicKey", "x509CertificateChain", "certificate")
_TIMES = "timestampVerificationData"
_PLACE = "the verification material"


class MediaTypeUnsupported(FormatError):
    """No bundle of version 0.3."""


class ContentUnsupported(FormatError):
    """A bundle that signs a digest of one file and no statement."""


class MaterialNotOne(FormatError):
    """Verification material of no kind, or of several."""


class LogUnexpected(FormatError):
    """Log entries or timestamps beside a key or a chain: nobody would check them."""


class LogBroken(FormatError):
    """A keyless signature without exactly one log entry, or whose entry has no time that it promises."""


class ChainBroken(FormatError):
    """No certificates, too many, or one that is too large."""


@record
class Bundle:
    """One signature with what it takes to verify it."""

    kind: str
    """`key`, `certificate`, or `keyless` (Sigstore's own services)."""
    envelope: Envelope
    hint: str = ""
    """Which key is said to have signed; nobody signed that."""
    key: bytes | None = None
    """The key itself, as bundles before version 1.1 of the reference implementation have it. Not trusted."""
    certificates: tuple[bytes, ...] = ()
    """In DER, the signer's first."""
    logged: int | None = None
    """When the log has taken a keyless signature, in seconds since 1970, where it promises that."""


def parse_bundle(data: bytes, limits: Limits) -> Bundle:
    """Read a bundle.

    Args:
        data: the file.
        limits: `attestation_bytes` bounds it.

    Raises:
        FormatError: a class of this module, of `dsse`, of `json_fields` or of `json_strict`.
    """
    place = "the bundle"
    holder = take_object(
        parse_document(data, limits), place, ("mediaType", "verificationMaterial"),
        ("dsseEnvelope", "messageSignature"),
    )  # fmt: skip
    media = take_text(holder, "mediaType", place)
    if media != MEDIA_TYPE:
        raise MediaTypeUnsupported(f"a bundle of type {media[:80]}, and only {MEDIA_TYPE} is read")
    if "dsseEnvelope" not in holder or "messageSignature" in holder:
        raise ContentUnsupported("the bundle does not hold one envelope and nothing else")
    envelope = read_envelope(holder["dsseEnvelope"])
    material = take_object(holder["verificationMaterial"], _PLACE, (), (*_KINDS, "tlogEntries", _TIMES))
    kinds = [kind for kind in _KINDS if kind in material]
    if len(kinds) != 1:
        raise MaterialNotOne(f"{len(kinds)} kinds of verification material, where there has to be one")
    if kinds[0] == "certificate":
        leaf = _certificate(material["certificate"])
        return Bundle(kind="keyless", envelope=envelope, certificates=(leaf,), logged=_logged(material))
    _check_alone(material)
    if kinds[0] == "x509CertificateChain":
        chain = _chain(material["x509CertificateChain"])
        return Bundle(kind="certificate", envelope=envelope, certificates=chain)
    hint, key = _key(material["publicKey"])
    return Bundle(kind="key", envelope=envelope, hint=hint, key=key)


def _check_alone(material: Object) -> None:
    """Log entries and timestamps are there and empty, or not there."""
    times = take_object(material.get(_TIMES, {}), _TIMES, (), ("rfc3161Timestamps",))
    entries = take_list({"tlogEntries": [], **material}, "tlogEntries", _PLACE)
    stamps = take_list({"rfc3161Timestamps": [], **times}, "rfc3161Timestamps", _TIMES)
    if entries or stamps:
        raise LogUnexpected("log entries or timestamps beside a key or a chain, which nobody would check")


def _key(value: Json) -> tuple[str, bytes | None]:
    """The hint, and the key where an older bundle has it."""
    place = "the public key"
    holder = take_object(value, place, (), ("hint", "rawBytes", "keyDetails"))
    hint = take_text(holder, "hint", place) if holder.get("hint") not in (None, "") else ""
    if "keyDetails" in holder:
        take_text(holder, "keyDetails", place)
    return hint, take_bytes(holder, "rawBytes", place) if "rawBytes" in holder else None


def _chain(value: Json) -> tuple[bytes, ...]:
    place = "the chain"
    certificates = take_list(take_object(value, place, ("certificates",), ()), "certificates", place)
    if not 0 < len(certificates) <= MOST_CERTIFICATES:
        raise ChainBroken(f"{len(certificates)} certificates, where 1 to {MOST_CERTIFICATES} are read")
    return tuple(map(_certificate, certificates))


def _certificate(value: Json) -> bytes:
    place = "a certificate"
    der = take_bytes(take_object(value, place, ("rawBytes",), ()), "rawBytes", place)
    if len(der) > MOST_CERTIFICATE_BYTES:
        raise ChainBroken(f"a certificate of more than {MOST_CERTIFICATE_BYTES} bytes")
    return der


def _logged(material: Object) -> int | None:
    """When the one log entry was taken, if the log promises that; what the entry says is not read here."""
    entries = take_list({"tlogEntries": [], **material}, "tlogEntries", _PLACE)
    if len(entries) != 1:
        raise LogBroken(f"{len(entries)} log entries, where a keyless signature has one")
    entry = take_object(entries[0], "the log entry")
    if not entry.get("inclusionPromise"):
        return None
    # proto3 writes integers of 64 bits as text
    time = entry.get("integratedTime")
    if isinstance(time, str) and time.isascii() and time.isdigit() and len(time) <= _MOST_DIGITS:
        return int(time)
    raise LogBroken("a promise of the log without its time")
