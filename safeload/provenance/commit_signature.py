"""Evidence `commit-signature`: is the commit signed by a key that counts for this repository?

    1. the first rule of the trust store that names the repository
    2. the commit's bytes, digested again and read strictly
    3. pins and branches
    4. the kind of signature, and the one OpenPGP packet, or the one SSH signature
    5. gpg, with the keys of that rule and no others; for SSH a library
    6. the key: listed, within its dates, strong enough; the committer's address where the rule asks

A level is reached or it is not: nothing falls through to a weaker one that the rule does not name. What
is wrong is INVALID; what is signed by nobody we know is UNAVAILABLE, and so is what could not be asked.
"""

from __future__ import annotations

import datetime as dt
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from safeload.core import NOT_NEEDED, UNTRUSTED, Evidence, Status
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.git_commit import parse_commit
from safeload.formats.git_errors import ObjectMissing
from safeload.formats.git_objects import checked
from safeload.formats.openpgp import parse_signature, signature_kind
from safeload.formats.openpgp_errors import DigestWeak, SignatureKindUnsupported, SignatureNotAlone
from safeload.formats.openpgp_key import PublicKey
from safeload.provenance import NO_STORE, SIGNATURE
from safeload.provenance.trust import COMMIT_KINDS

if TYPE_CHECKING:
    from safeload.formats.git_commit import Commit, Identity
    from safeload.formats.openpgp import Signature
    from safeload.formats.ssh_signature import SshSignature
    from safeload.limits import Limits
    from safeload.provenance import Claim
    from safeload.provenance.gpg import Verified
    from safeload.provenance.trust import TrustedKey, TrustRule, TrustStore

CLOCK_SKEW = 300
"""Seconds that a signer's clock may be ahead of ours."""
_AGE = {"key-revoked", "key-expired", "signature-expired"}
"""What a commit that was audited before may have become."""
_UNCHECKED = {
    NOT_NEEDED,
    "unsupported-signature",
    "gpg-unavailable",
    "object-missing",
    "ref-unknown",
    *UNTRUSTED,
}


class _Ended(Exception):
    """The way out of the steps, with what was found."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def collect(claim: Claim, store: TrustStore, now: float, limits: Limits) -> tuple[Commit | None, Evidence]:
    """Judge the commit of a claim by a trust store.

    Args:
        claim: repository, commit, and where its objects are.
        store: the trust store.
        now: seconds since 1970.
        limits: budgets of the parsers.

    Returns:
        The commit, where it could be read, and the evidence.
    """
    rule = store.rule_for(claim.repository)
    commit: Commit | None = None
    signer = name = ""
    try:
        commit = _read(claim, limits)
        level, made, detail, signer, name = _level(claim, commit, store, now, limits)
    except _Ended as ended:
        absent = ended.code == "unsigned"
        unchecked = Status.UNAVAILABLE if ended.code in _UNCHECKED else Status.INVALID
        status, code, level, made, detail, signer = (
            Status.ABSENT if absent else unchecked, ended.code, "none", None, ended.detail, "",
        )  # fmt: skip
    else:
        status, code = Status.VERIFIED, ""
    return commit, Evidence(
        kind=SIGNATURE,
        status=status,
        subject=claim.commit,
        detail=detail,
        time=None if made is None else instant(made),
        code=code,
        level=level,
        required=rule.require,
        required_by=rule.place,
        basis=str(store.digest),
        signer=signer,
        key=name,
    )


def read(claim: Claim, limits: Limits) -> tuple[Commit | None, Evidence]:
    """Read the commit of a claim where nobody says whose signature would count.

    Returns:
        The commit, where it could be read, and the evidence that nothing is known of its signature.
    """
    commit: Commit | None = None
    status, code, detail = Status.UNAVAILABLE, "", NO_STORE
    try:
        commit = _read(claim, limits)
    except _Ended as ended:
        code, detail = ended.code, ended.detail
        if code not in _UNCHECKED:
            status = Status.INVALID
    return commit, Evidence(kind=SIGNATURE, status=status, subject=claim.commit, detail=detail, code=code)


def _read(claim: Claim, limits: Limits) -> Commit:
    """Step 2."""
    try:
        return parse_commit(checked(claim.objects, claim.commit, "commit", limits.git_commit_bytes), limits)
    except (ObjectMissing, LimitExceeded) as error:
        raise _Ended("object-missing", f"the commit cannot be read: {error.detail}") from None
    except FormatError as error:
        raise _Ended("malformed-commit", f"no commit that has one reading only: {error}") from None


def _level(
    claim: Claim, commit: Commit, store: TrustStore, now: float, limits: Limits
) -> tuple[str, int | None, str, str, str]:
    """The level that is reached, when it was signed, what was checked, and who signed with which key."""
    rule = store.rule_for(claim.repository)
    if rule.require == "deny":
        what = "denies" if rule.repos else "trusts nobody for"
        raise _Ended("no-rule", f"{rule.place} {what} {claim.repository}")
    if not rule.pin and not rule.keys_of(COMMIT_KINDS):
        raise _Ended(NOT_NEEDED, f"{rule.place} names no key that signs commits")
    if rule.pin and claim.commit not in rule.pin:
        raise _Ended("pin-mismatch", f"the commit is none of those that {rule.place} pins")
    pinned = claim.commit in rule.pin
    if commit.signature is None or (pinned and not rule.keys_of(COMMIT_KINDS)):
        if pinned:
            detail = f"{claim.commit} is pinned by {rule.place}; nobody's signature was needed"
            return "pin", None, detail, "", ""
        raise _Ended("unsigned", f"the commit has no signature, and {rule.place} asks for one")
    if signature_kind(commit.signature) == "ssh":
        found = _ask_ssh(_ssh_signature(commit.signature, limits), claim, commit, store)
    else:
        found = _ask(_signature(commit.signature, limits), claim, commit.payload, store)
    signers = rule.keys_of(COMMIT_KINDS)
    key = next((key for key in signers if key.fingerprint == found.primary), None)
    if key is None:
        # gpg knows the keys of the rule only, so this would be a fault of ours
        raise _Ended("unknown-key", f"signed by {found.primary}, which {rule.place} does not list")
    _check_key(key, found, rule, now)
    _check_identity(commit, key, found, rule)
    _check_ref(claim, key, rule)
    level = "hub" if key.kind == "hub" else "publisher"
    late = "" if found.outcome == "good" else f"; {found.detail}, and {rule.place} accepts this commit"
    detail = f"signed by {key.name} ({found.primary}), a {level} key of {rule.place}{late}"
    return level, found.made, detail, found.primary, key.name


def _signature(text: bytes, limits: Limits) -> Signature:
    """Step 4."""
    if signature_kind(text) == "x509":
        raise _Ended("unsupported-signature", "an X.509 signature, and only OpenPGP and SSH are verified")
    try:
        return parse_signature(text, limits)
    except SignatureNotAlone as error:
        raise _Ended("multiple-signatures", f"more than one signature: {error}") from None
    except DigestWeak as error:
        raise _Ended("weak-digest", str(error)) from None
    except SignatureKindUnsupported as error:
        raise _Ended("unsupported-signature", str(error)) from None
    except FormatError as error:
        raise _Ended("malformed-signature", f"no OpenPGP signature: {error}") from None


def _ssh_signature(text: bytes, limits: Limits) -> SshSignature:
    """Step 4."""
    from safeload.formats.ssh_signature import SshKindUnsupported, parse_ssh_signature

    try:
        return parse_ssh_signature(text, limits)
    except SshKindUnsupported as error:
        raise _Ended("unsupported-signature", str(error)) from None
    except FormatError as error:
        raise _Ended("malformed-signature", f"no SSH signature: {error}") from None


def _ask_ssh(signature: SshSignature, claim: Claim, commit: Commit, store: TrustStore) -> Verified:
    """Step 5. An SSH signature has no date of its own: the committer's, which it covers, stands for it."""
    from safeload.provenance.gpg import Verified
    from safeload.provenance.ssh import holds

    rule, who = store.rule_for(claim.repository), signature.key.fingerprint
    if all(key.fingerprint != who for key in rule.keys):
        raise _unknown(who, who, store, rule)
    if not holds(signature, commit.payload):
        raise _Ended("bad-signature", "the commit was altered after it was signed")
    return Verified(
        outcome="good",
        detail="the signature is good",
        signer=who,
        primary=who,
        made=commit.committer.time,
    )


def _unknown(fingerprint: str | None, who: str, store: TrustStore, rule: TrustRule) -> _Ended:
    """Signed by nobody whom the rule lists."""
    elsewhere = store.key_of(fingerprint)
    if elsewhere is None:
        return _Ended("unknown-key", f"signed by {who}, which is not in the trust store")
    return _Ended(
        "key-not-allowed",
        f"signed by {elsewhere.name} ({elsewhere.fingerprint}), which {rule.place} does not list: "
        "the commit may be of another repository",
    )


def _ask(signature: Signature, claim: Claim, payload: bytes, store: TrustStore) -> Verified:
    """Step 5."""
    from safeload.provenance.gpg import GpgUnavailable, verify

    rule = store.rule_for(claim.repository)
    keys = {key.fingerprint: key.public.binary for key in rule.keys if isinstance(key.public, PublicKey)}
    try:
        asked = bool(rule.committer_email or rule.author_email)
        found = verify(signature.packet, payload, keys, addresses=asked)
    except GpgUnavailable as error:
        raise _Ended("gpg-unavailable", f"the signature was not verified: {error}") from None
    if found.outcome == "unknown-key":
        who = signature.issuer or signature.issuer_id or "a key that it does not name"
        raise _unknown(signature.issuer, who, store, rule)
    if found.outcome in _AGE and found.primary:
        if claim.commit in rule.accept_commits:
            return found
        raise _Ended(found.outcome, f"{found.detail}: {found.primary}")
    if found.outcome != "good":
        raise _Ended(found.outcome, found.detail)
    return found


def _check_key(key: TrustedKey, found: Verified, rule: TrustRule, now: float) -> None:
    """Step 6: dates and strength."""
    signer = key.public.key(found.signer)
    if signer is None:
        raise _Ended("bad-signature", f"signed by {found.signer}, which {key.file} does not hold")
    if signer.algorithm == "RSA" and (signer.bits or 0) < rule.min_rsa:
        raise _Ended("weak-key", f"{found.signer} has {signer.bits} bits, and {rule.min_rsa} are the least")
    if signer.bits is None or signer.algorithm in {"DSA", "Elgamal"}:
        raise _Ended("weak-key", f"{found.signer} is of a kind that is not on the list: {signer.algorithm}")
    if found.made > now + CLOCK_SKEW:
        raise _Ended("made-in-future", f"the signature says that it was made on {instant(found.made)}")
    if found.made < signer.created:
        raise _Ended("bad-signature", "the signature says that it is older than its key")
    for window, whose in ((key.window, key.name), (rule.window, rule.place)):
        if not window.holds(found.made):
            made = instant(found.made)
            raise _Ended("outside-window", f"signed on {made}, outside of the dates that {whose} has")


def _check_identity(commit: Commit, key: TrustedKey, found: Verified, rule: TrustRule) -> None:
    """Step 6: addresses, where the rule asks for them. An SSH key has none of its own."""
    wanted: tuple[tuple[str, Identity, tuple[str, ...]], ...] = (
        ("committer", commit.committer, rule.committer_email),
        ("author", commit.author, rule.author_email),
    )
    for role, identity, patterns in wanted:
        if not patterns:
            continue
        address = identity.email.casefold()
        if not any(fnmatchcase(address, pattern.casefold()) for pattern in patterns):
            raise _Ended("identity-mismatch", f"the {role} is <{identity.email}>, which {rule.place} refuses")
        if isinstance(key.public, PublicKey) and address not in found.addresses:
            raise _Ended("identity-mismatch", f"the {role} <{identity.email}> is no user id of the key")


def _check_ref(claim: Claim, key: TrustedKey, rule: TrustRule) -> None:
    """Step 3. A commit that the Hub signed may come from anybody's pull request."""
    if not rule.allow_refs:
        return
    if claim.ref is None or (key.kind == "hub" and not claim.ref_proven):
        raise _Ended("ref-unknown", f"nobody proves that the commit is on {' or '.join(rule.allow_refs)}")
    if claim.ref not in rule.allow_refs:
        raise _Ended(
            "ref-not-allowed", f"the commit is on {claim.ref}, and {rule.place} allows other branches"
        )


def instant(seconds: int) -> str:
    """ISO 8601, or the number where there is no such day."""
    try:
        return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).isoformat()
    except (ValueError, OverflowError):
        return f"{seconds} seconds"
