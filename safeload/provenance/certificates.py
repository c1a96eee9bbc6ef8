"""Certificates: the authority in a trust store, and the chain from it to whoever signed a model.

https://www.rfc-editor.org/rfc/rfc5280#section-6

The library parses one certificate at a time and checks one signature at a time; the path is walked here, and
refuses what it does not understand instead of stepping over it:

    1. the chain ends at a certificate of the trust store, or at one that it has issued itself
    2. each is issued by the next, by name and by signature, over SHA-256 or better, by a strong key
    3. each is valid now: nothing proves when the signature was made
    4. authorities say that they are ones, may certify, and allow the length of the path
    5. the signer is no authority, may sign, and, where it says what for, may sign code
    6. no critical extension that is not on the list, and no constraint of names

Revocation is not asked for: that would need the network. An authority is taken out of the trust store.
"""

from __future__ import annotations

import datetime as dt
import itertools
import warnings
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from safeload.errors import FormatError
from safeload.formats.public_key import (
    KeyKindUnsupported,
    PemKey,
    parse_pem,
    parse_pem_key,
    parse_public_key,
    spki_fingerprint,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from safeload.limits import Limits
    from safeload.provenance.trust import TrustedKey

E = TypeVar("E", bound="x509.ExtensionType")

_CERTIFICATE = "CERTIFICATE"
_BEGIN = b"-----BEGIN CERTIFICATE-----"
_DIGESTS = frozenset({"sha256", "sha384", "sha512"})
_LEAST_CURVE = 256


class CertificateBroken(FormatError):
    """Bytes that are no certificate that the library reads without a complaint."""


class ChainRefused(FormatError):
    """A chain that does not lead to an authority of the rule. `why` is the code of the evidence."""

    def __init__(self, why: str, detail: str) -> None:
        super().__init__(detail)
        self.why = why


class Signer(NamedTuple):
    """Who signed, as certified."""

    key: PemKey
    root: TrustedKey
    name: str
    """One of the identities of the certificate that the trust store takes."""


def parse_pem_file(content: bytes, limits: Limits) -> PemKey:
    """The public key or the certificate of a .pem file.

    Raises:
        FormatError: it holds anything else, or a point that is not on its curve.
    """
    from safeload.provenance.keys import is_usable

    if content.startswith(_BEGIN):
        return _root(parse_pem(_CERTIFICATE, content, limits))
    key = parse_pem_key(content, limits)
    if not is_usable(key):
        raise KeyKindUnsupported("the point of the key is not on its curve")
    return key


class Leaf(NamedTuple):
    """What a certificate says of its holder; whether that is true is not asked here."""

    spki: bytes
    names: list[str]


def leaf_of(der: bytes) -> Leaf:
    """Read one certificate.

    Raises:
        CertificateBroken: it is none.
    """
    certificate = _load(der)
    return Leaf(_spki(certificate), _names(certificate))


def certified_signer(chain: Sequence[bytes], roots: Sequence[TrustedKey], now: float, min_rsa: int) -> Signer:
    """The key that a chain certifies.

    Args:
        chain: certificates in DER, the signer's first.
        roots: keys of kind `oms-root`.
        now: seconds since 1970.
        min_rsa: bits that an RSA key of an authority has at least.

    Raises:
        ChainRefused: with the code of the evidence.
        CertificateBroken: one of them is no certificate.
    """
    certificates = [_load(der) for der in chain]
    root, path = _path(chain, certificates, roots)
    moment = dt.datetime.fromtimestamp(now, tz=dt.UTC)
    for number, certificate in enumerate(path):
        _check_any(certificate, moment, min_rsa, issued=number < len(path) - 1)
        if number:
            _check_authority(certificate, number - 1)
    signer = path[0]
    if len(path) > 1:
        _check_signer(signer)
    names = _names(signer)
    name = next((name for name in names if any(fnmatchcase(name, glob) for glob in root.identities)), None)
    if name is None:
        listed = ", ".join(names[:5]) or "nobody"
        raise ChainRefused(
            "key-not-allowed", f"the certificate names {listed}, whom {root.name} does not list"
        )
    try:
        key = parse_public_key(_spki(signer))
    except FormatError as error:
        raise ChainRefused("unsupported-signature", f"the certified key is {error}") from None
    return Signer(key, root, name)


def _path(
    chain: Sequence[bytes], certificates: Sequence[x509.Certificate], roots: Sequence[TrustedKey]
) -> tuple[TrustedKey, list[x509.Certificate]]:
    """Steps 1 and 2."""
    anchors = {
        root.public.certificate: root
        for root in roots
        if isinstance(root.public, PemKey) and root.public.certificate is not None
    }
    for number, der in enumerate(chain):
        if der in anchors:
            if number + 1 < len(chain):
                # nobody would check it
                raise ChainRefused("certificate-invalid", "something stands behind the authority of the rule")
            path = list(certificates)
            _check_issued(path)
            return anchors[der], path
    for der, root in anchors.items():
        anchor = _load(der)
        if _is_issued(certificates[-1], anchor):
            path = [*certificates, anchor]
            _check_issued(path)
            return root, path
    raise ChainRefused("unknown-key", "the chain leads to no authority of the trust store")


def _check_issued(path: Sequence[x509.Certificate]) -> None:
    for lower, upper in itertools.pairwise(path):
        if not _is_issued(lower, upper):
            raise ChainRefused("certificate-invalid", "a certificate of the chain is not issued by the next")


def _is_issued(lower: x509.Certificate, upper: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        lower.verify_directly_issued_by(upper)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _check_any(certificate: x509.Certificate, moment: dt.datetime, min_rsa: int, *, issued: bool) -> None:
    """Steps 2, 3 and 6 for one certificate; what an anchor is signed with does not matter."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        until = certificate.not_valid_after_utc.date().isoformat()
        raise ChainRefused("certificate-expired", f"a certificate is not valid now, but until {until}")
    digest = certificate.signature_hash_algorithm
    if issued and digest is not None and digest.name not in _DIGESTS:
        raise ChainRefused("weak-digest", f"a certificate is signed over {digest.name}")
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < min_rsa:
        raise ChainRefused("weak-key", f"a key of {public.key_size} bits, and {min_rsa} are the least")
    if isinstance(public, ec.EllipticCurvePublicKey) and public.key_size < _LEAST_CURVE:
        raise ChainRefused("weak-key", f"a curve of {public.key_size} bits")
    understood = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName)
    for extension in certificate.extensions:
        constrains = isinstance(extension.value, x509.NameConstraints)
        if constrains or (extension.critical and not isinstance(extension.value, understood)):
            name = extension.oid.dotted_string
            raise ChainRefused("certificate-invalid", f"an extension that is not understood: {name}")


def _check_authority(certificate: x509.Certificate, below: int) -> None:
    """Step 4. `below` is how many authorities stand between this one and the signer."""
    from cryptography import x509

    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca:
        raise ChainRefused("certificate-invalid", "a certificate was issued by one that is no authority")
    if constraints.path_length is not None and constraints.path_length < below:
        raise ChainRefused("certificate-invalid", "the chain is longer than an authority of it allows")
    if usage is not None and not usage.key_cert_sign:
        raise ChainRefused("certificate-invalid", "an authority of the chain may not certify")


def _check_signer(certificate: x509.Certificate) -> None:
    """Step 5."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    if constraints is not None and constraints.ca:
        raise ChainRefused("certificate-invalid", "the signer's certificate is that of an authority")
    if usage is None or not usage.digital_signature:
        raise ChainRefused("certificate-invalid", "the signer's certificate is not for signatures")
    if purposes is not None and ExtendedKeyUsageOID.CODE_SIGNING not in purposes:
        raise ChainRefused(
            "certificate-invalid", "the signer's certificate is for other signatures than code's"
        )


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _names(certificate: x509.Certificate) -> list[str]:
    """Whom a certificate names: its alternative names, or the common name where there are none."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    alternative = _extension(certificate, x509.SubjectAlternativeName)
    if alternative is not None:
        kinds = (x509.RFC822Name, x509.UniformResourceIdentifier, x509.DNSName)
        return [str(name.value) for name in alternative if isinstance(name, kinds)]
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [str(name.value) for name in common]


def _root(der: bytes) -> PemKey:
    """A certificate of the trust store."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    kinds = {rsa.RSAPublicKey: "RSA", ec.EllipticCurvePublicKey: "ECDSA", ed25519.Ed25519PublicKey: "Ed25519"}
    certificate = _load(der)
    spki = _spki(certificate)
    public = certificate.public_key()
    return PemKey(
        fingerprint=spki_fingerprint(spki),
        algorithm=next((name for kind, name in kinds.items() if isinstance(public, kind)), "another"),
        bits=getattr(public, "key_size", 256),
        der=spki,
        certificate=der,
        user_ids=(certificate.subject.rfc4514_string(),),
    )


def _spki(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _load(der: bytes) -> x509.Certificate:
    """One certificate of version 3, read to its last extension."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        with warnings.catch_warnings():
            # what the library only complains about is broken all the same
            warnings.simplefilter("error")
            certificate = x509.load_der_x509_certificate(der)
            # the library reads these when they are asked for
            list(certificate.extensions)
            certificate.public_key()
            certificate.subject.rfc4514_string()
            certificate.issuer.rfc4514_string()
            same = certificate.public_bytes(Encoding.DER) == der
    except Exception:  # noqa: BLE001 - the library has a class for every field, and none above them
        raise CertificateBroken("no certificate that can be read whole") from None
    if certificate.version is not x509.Version.v3 or not same:
        raise CertificateBroken("no certificate of version 3, or something behind it")
    return certificate
