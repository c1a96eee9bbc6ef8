"""Evidence `model-signature`: are the files those that a key which counts for this repository has signed?

https://github.com/ossf/model-signing-spec (OpenSSF Model Signing)

    1. the bundle is read whole (`formats.sigstore_bundle`)
    2. the first rule of the trust store that names the repository, and its keys of MODEL_KINDS
    3. the signature over the payload's very bytes, by one of those keys and no other
    4. the same bytes, read as a statement with a manifest (`formats.model_manifest`)
    5. every file against the manifest (`model_files`)

VERIFIED says all of that: a good signature over other files proves nothing about these.

Of a keyless signature its log proves when it was made. Nothing else in a bundle does, so dates in the trust
store are held against the time of the check then, and the evidence has no time. In any case an older model
that the same key has signed passes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from safeload.core import NOT_NEEDED, UNTRUSTED, Evidence, Status
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.dsse import PayloadTypeUnsupported
from safeload.formats.intoto import StatementTypeUnsupported, parse_statement
from safeload.formats.model_manifest import (
    PredicateOutdated,
    PredicateUnsupported,
    SerializationUnsupported,
    parse_manifest,
)
from safeload.formats.public_key import PemKey, write_pem
from safeload.formats.sigstore_bundle import (
    ContentUnsupported,
    LogUnexpected,
    MediaTypeUnsupported,
    parse_bundle,
)
from safeload.provenance import MODEL
from safeload.provenance.certificates import ChainRefused, certified_signer
from safeload.provenance.commit_signature import instant
from safeload.provenance.keys import holds
from safeload.provenance.model_files import FileUnread, compare_files
from safeload.provenance.tree_binding import mismatches
from safeload.provenance.trust import MODEL_KINDS

if TYPE_CHECKING:
    from safeload.core import Fact
    from safeload.formats.model_manifest import ModelManifest
    from safeload.formats.sigstore_bundle import Bundle
    from safeload.limits import Limits
    from safeload.provenance import Case, SignatureFile
    from safeload.provenance.trust import TrustedKey, TrustRule, TrustStore

NAME = "model.sig"
"""Where a bundle lies by convention: in the root of the repository."""
_UNCHECKED = {NOT_NEEDED, "unsupported-signature", "pinned", *UNTRUSTED}
_OTHERS = (
    ContentUnsupported,
    LogUnexpected,
    MediaTypeUnsupported,
    PayloadTypeUnsupported,
    PredicateOutdated,
    PredicateUnsupported,
    SerializationUnsupported,
    StatementTypeUnsupported,
)


class _Ended(Exception):
    """The way out of the steps, with what was found."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def collect(case: Case) -> tuple[Evidence | None, list[Fact]]:
    """Judge the model signature of a source by a trust store.

    Args:
        case: the files, the bundle, the repository and the trust store.

    Returns:
        The evidence, or None where there is no bundle and no rule asks for one; and a fact
        `integrity.mismatch` for each of the first files that differ.
    """
    rule = None
    if case.store is not None and case.repository is not None:
        rule = case.store.rule_for(case.repository)
    if case.signature is None:
        if rule is None or not rule.keys_of(MODEL_KINDS):
            return None, []
        subject = case.manifest.uri
        absent = _Ended("", f"there is no {NAME}, and {rule.place} names who signs models")
        return _evidence(case, rule, Status.ABSENT, absent, subject), []
    subject = f"sha256:{hashlib.sha256(case.signature.data).hexdigest()}"
    try:
        signed = _verify(case, case.signature, rule)
        problems, said = compare_files(case, signed.manifest)
    except FileUnread as error:
        ended = _Ended("unread", str(error))
        return _evidence(case, rule, Status.UNAVAILABLE, ended, subject), []
    except _Ended as ended:
        status = Status.UNAVAILABLE if ended.code in _UNCHECKED else Status.INVALID
        return _evidence(case, rule, status, ended, subject), []
    if problems:
        facts = mismatches(problems)
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        first = f"{problems[0][0]} {problems[0][2]}{more}"
        differs = _Ended("named", f"the files are not those that were signed: {first}")
        return _evidence(case, rule, Status.INVALID, differs, subject), facts
    good = _Ended("", f"{signed.said}; {said}")
    return _evidence(case, rule, Status.VERIFIED, good, subject, signed=signed), []


class _Signed(NamedTuple):
    """What steps 1 to 4 have established."""

    signer: str
    """Full fingerprint."""
    key: str
    """What the trust store calls the key that counts: the signer's own, or the root that certified it."""
    said: str
    """Who that is, in words."""
    made: int | None
    """When, in seconds since 1970, where that is proven."""
    manifest: ModelManifest


def _verify(case: Case, file: SignatureFile, rule: TrustRule | None) -> _Signed:
    """Steps 1 to 4."""
    if rule is None or case.store is None:
        raise _Ended(NOT_NEEDED, f"{file.name} was not checked: nobody said whose key counts")
    if rule.require == "deny":
        raise _Ended("no-rule", f"{rule.place} denies or trusts nobody for {case.repository}")
    if not rule.keys_of(MODEL_KINDS):
        raise _Ended(NOT_NEEDED, f"{file.name} was not checked: {rule.place} names no key for it")
    if rule.pin:
        raise _Ended("pinned", f"{rule.place} pins commits, and a model signature names none")
    try:
        bundle = parse_bundle(file.data, case.limits)
    except FormatError as error:
        raise _Ended(_code(error), f"{file.name} cannot be verified: {error}") from None
    made = None
    if bundle.kind == "keyless":
        signer, who, trusted, made = _keyless(file.data, bundle, rule, case.limits)
    elif bundle.kind == "certificate":
        signer, who, trusted = _by_certificate(bundle, rule, case.now)
    else:
        signer, who, trusted = _by_key(bundle, case.store, rule)
    for window, whose in ((trusted.window, trusted.name), (rule.window, rule.place)):
        if not window.holds(int(case.now) if made is None else made):
            when = "today" if made is None else "when it was logged"
            raise _Ended("outside-window", f"{when} lies outside of the dates that {whose} has")
    said = f"signed by {who}, a publisher key of {rule.place}"
    return _Signed(signer, trusted.name, said, made, _manifest(bundle, case.limits))


def _manifest(bundle: Bundle, limits: Limits) -> ModelManifest:
    """Step 4."""
    try:
        return parse_manifest(parse_statement(bundle.envelope.payload, limits), limits)
    except FormatError as error:
        raise _Ended(_code(error), f"what was signed cannot be compared: {error}") from None


def _code(error: FormatError) -> str:
    """What is of another kind than those that are read is not wrong, only not verified."""
    unread = isinstance(error, (*_OTHERS, LimitExceeded))
    return "unsupported-signature" if unread else "malformed-signature"


def _by_key(bundle: Bundle, store: TrustStore, rule: TrustRule) -> tuple[str, str, TrustedKey]:
    """Step 3 where the bundle names a key at most."""
    signed = bundle.envelope.signed
    for trusted in rule.keys_of({"oms"}):
        key = trusted.public
        if isinstance(key, PemKey) and holds(key, signed, bundle.envelope.signature):
            if not _means(bundle, key):
                raise _Ended("malformed-signature", "the bundle names another key than the one that signed")
            return trusted.fingerprint, f"{trusted.name} ({trusted.fingerprint})", trusted
    for trusted in store.keys:
        if trusted.kind != "oms" or not isinstance(trusted.public, PemKey) or not _said(bundle):
            continue
        if _means(bundle, trusted.public):
            if trusted in rule.keys:
                raise _Ended(
                    "bad-signature", f"not what {trusted.name} has signed: it was altered after that"
                )
            raise _not_listed(trusted, rule)
    hint = f" (it names {bundle.hint[:80]})" if bundle.hint else ""
    raise _Ended("unknown-key", f"signed by none of the keys that {rule.place} lists{hint}")


def _by_certificate(bundle: Bundle, rule: TrustRule, now: float) -> tuple[str, str, TrustedKey]:
    """Step 3 where the bundle brings a chain."""
    roots = rule.keys_of({"oms-root"})
    if not roots:
        raise _Ended("unknown-key", f"signed by a certificate, and {rule.place} lists no authority")
    try:
        signer = certified_signer(bundle.certificates, roots, now, rule.min_rsa)
    except ChainRefused as error:
        raise _Ended(error.why, error.detail) from None
    except FormatError as error:
        raise _Ended("malformed-signature", str(error)) from None
    if bundle.envelope.keyid and not signer.key.is_named(bundle.envelope.keyid):
        raise _Ended("malformed-signature", "the envelope names another key than the certificate")
    if not holds(signer.key, bundle.envelope.signed, bundle.envelope.signature):
        raise _Ended("bad-signature", "not what the certified key has signed: it was altered after that")
    who = f"{signer.name} ({signer.key.fingerprint}), certified by {signer.root.name}"
    return signer.key.fingerprint, who, signer.root


def _keyless(
    data: bytes, bundle: Bundle, rule: TrustRule, limits: Limits
) -> tuple[str, str, TrustedKey, int | None]:
    """Step 3 where a Sigstore instance has certified the key for minutes."""
    from safeload.provenance.keyless import KeylessUnavailable, keyless_signer

    roots = rule.keys_of({"sigstore"})
    if not roots:
        lacks = f"a keyless signature, and {rule.place} lists no trusted root of Sigstore"
        raise _Ended("unsupported-signature", lacks)
    if bundle.envelope.keyid:
        raise _Ended("malformed-signature", "the envelope names a key, and a certificate is there for that")
    try:
        signer = keyless_signer(data, bundle, roots, limits)
    except KeylessUnavailable as error:
        raise _Ended("unsupported-signature", str(error)) from None
    except ChainRefused as error:
        raise _Ended(error.why, error.detail) from None
    except FormatError as error:
        raise _Ended("malformed-signature", str(error)) from None
    who = f"{signer.name} ({signer.key.fingerprint}), certified by {signer.root.name}"
    return signer.key.fingerprint, who, signer.root, signer.made


def _not_listed(trusted: TrustedKey, rule: TrustRule) -> _Ended:
    return _Ended(
        "key-not-allowed",
        f"signed by {trusted.name} ({trusted.fingerprint}), which {rule.place} does not list: "
        "the model may be of another repository",
    )


def _said(bundle: Bundle) -> bool:
    """Whether the bundle says which key signed."""
    return bool(bundle.hint or bundle.key or bundle.envelope.keyid)


def _means(bundle: Bundle, key: PemKey) -> bool:
    """Whether all that the bundle says about its key fits this one. It excuses nothing: nobody signed it."""
    hints = [hint for hint in (bundle.hint, bundle.envelope.keyid) if hint]
    written = {key.der, write_pem("PUBLIC KEY", key.der).encode()}
    return all(map(key.is_named, hints)) and (bundle.key is None or bundle.key in written)


def _evidence(
    case: Case,
    rule: TrustRule | None,
    status: Status,
    ended: _Ended,
    subject: str,
    *,
    signed: _Signed | None = None,
) -> Evidence:
    return Evidence(
        kind=MODEL,
        status=status,
        subject=subject,
        detail=ended.detail,
        code=ended.code,
        level="publisher" if status is Status.VERIFIED else "none",
        required="none" if rule is None else rule.require,
        required_by="" if rule is None else rule.place,
        basis="" if case.store is None or rule is None else str(case.store.digest),
        signer="" if signed is None else signed.signer,
        key="" if signed is None else signed.key,
        time=None if signed is None or signed.made is None else instant(signed.made),
    )
