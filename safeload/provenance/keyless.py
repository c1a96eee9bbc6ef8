"""Keyless signatures: by a certificate that a Sigstore instance gave out for minutes, and wrote into its log.

The `sigstore` package verifies them, with the trusted root of the trust store and without network: the chain
to the instance, that its log for certificates and its log for signatures hold them, and the signature. It
gets the bundle in canonical form, after our own strict reading, and what it says was signed has to be what we
read. Who the certificate names is compared here. Without the package nothing is verified.

https://docs.sigstore.dev/about/bundle/, and https://github.com/sigstore/protobuf-specs for the trusted root
"""

from __future__ import annotations

import tempfile
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from safeload.errors import FormatError
from safeload.formats.dsse import IN_TOTO, parse_document
from safeload.formats.json_fields import take_object, take_text
from safeload.formats.json_strict import dump_canonical
from safeload.formats.public_key import SPKI_PREFIX, PemKey, parse_public_key, sha256_of
from safeload.provenance.certificates import ChainRefused, leaf_of
from safeload.provenance.keys import holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.formats.sigstore_bundle import Bundle
    from safeload.limits import Limits
    from safeload.provenance.trust import TrustedKey

ROOT = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
_LONGEST = 200


class RootBroken(FormatError):
    """A file that is no trusted root of a Sigstore instance."""


class KeylessUnavailable(Exception):
    """Nobody here can verify it."""


class KeylessSigner(NamedTuple):
    """Who signed, as certified."""

    key: PemKey
    root: TrustedKey
    name: str
    """One of the identities of the certificate that the trust store takes."""
    made: int | None
    """Seconds since 1970, where the log has signed when it took the entry."""


def parse_root(content: bytes, limits: Limits) -> PemKey:
    """The trusted root of a trust store. Its fingerprint is that of the whole file.

    Raises:
        FormatError: it is no strict JSON, or of another type.
    """
    place = "the trusted root"
    holder = take_object(parse_document(content, limits), place, ("mediaType",))
    if take_text(holder, "mediaType", place) != ROOT:
        raise RootBroken(f"no trusted root of type {ROOT}")
    print_ = f"{SPKI_PREFIX}{sha256_of(content)}"
    return PemKey(fingerprint=print_, algorithm="Sigstore", bits=0, der=content)


def keyless_signer(data: bytes, bundle: Bundle, roots: Sequence[TrustedKey], limits: Limits) -> KeylessSigner:
    """Who has signed a bundle.

    Args:
        data: the bundle.
        bundle: what we have read of it.
        roots: keys of kind `sigstore`.
        limits: `attestation_bytes` bounds it.

    Raises:
        KeylessUnavailable: the package is not installed.
        ChainRefused: with the code of the evidence.
        FormatError: the certificate cannot be read.
    """
    leaf = leaf_of(bundle.certificates[0])
    try:
        key = parse_public_key(leaf.spki)
    except FormatError as error:
        raise ChainRefused("unsupported-signature", f"the certified key is {error}") from None
    if not holds(key, bundle.envelope.signed, bundle.envelope.signature):
        raise ChainRefused(
            "bad-signature", "not what the certified key has signed: it was altered after that"
        )
    plain = dump_canonical(parse_document(data, limits)).decode()
    refusals = []
    for root in roots:
        refusal = _refused(plain, root, bundle)
        if refusal is None:
            return KeylessSigner(key, root, _name(leaf.names, root), bundle.logged)
        refusals.append(f"{root.name}: {refusal}")
    raise ChainRefused("unknown-key", f"certified by no Sigstore instance of the rule: {'; '.join(refusals)}")


def _name(names: Sequence[str], root: TrustedKey) -> str:
    for name in names:
        if any(fnmatchcase(name, glob) for glob in root.identities):
            return name
    listed = ", ".join(names[:5]) or "nobody"
    raise ChainRefused("key-not-allowed", f"the certificate names {listed}, whom {root.name} does not list")


def _refused(plain: str, root: TrustedKey, bundle: Bundle) -> str | None:
    """Why the package does not verify it, or None where it does."""
    try:
        from sigstore.models import Bundle as Theirs
        from sigstore.models import TrustedRoot
        from sigstore.verify import Verifier, policy
    except ImportError:
        raise KeylessUnavailable(
            "a keyless signature needs sigstore: pip install 'safeload[sigstore]'"
        ) from None
    assert isinstance(root.public, PemKey)  # noqa: S101 - the store has no other of this kind
    try:
        # the package reads a trusted root from a file only
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            file.write(root.public.der)
            file.flush()
            trusted = TrustedRoot.from_file(file.name)
        issuer = policy.AnyOf([policy.OIDCIssuer(root.issuer), policy.OIDCIssuerV2(root.issuer)])
        kind, payload = Verifier(trusted_root=trusted).verify_dsse(Theirs.from_json(plain), issuer)
    except Exception as error:  # noqa: BLE001 - of half a dozen packages; none is a verification
        return (str(error).splitlines() or [type(error).__name__])[0][:_LONGEST]
    if kind != IN_TOTO or payload != bundle.envelope.payload:
        return "it has verified another payload than the one that was read"
    return None
