"""Manifest and origin -> evidence: who says that these files are theirs, and how far that was checked.

    commit_signature   is the commit signed by a key that counts for this repository?
    tree_binding       are the files the ones that the commit names?
    freshness          is it older than a commit that was accepted before?
    model_signing      are the files those that a key which counts for this repository has signed?
    hub_listing        where there is no commit to compare with: are they what the Hub lists?
    hub_status         what does the Hub say of its own scans?
    lock_file          are the files the ones that safeload.lock holds?

A collector establishes one kind of evidence and judges nothing: whether ABSENT matters is a rule's
and then the policy's to say. It always returns evidence. What could not be looked at is UNAVAILABLE
with the reason, which is never the same as ABSENT (looked, and there is none), and neither is
VERIFIED. An exception in a collector ends as UNAVAILABLE too: it may not end the audit, and it may
not pass as a check that was made.

What a source hands over is a `Claim`: nothing in it is trusted. Objects are digested again before they
are parsed, and a name is only what the user asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from safeload.core import NOT_NEEDED, UNTRUSTED, Evidence, Status
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.record import record, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from safeload.core import Fact, Manifest
    from safeload.formats.git_objects import Objects
    from safeload.formats.lock_file import LockedSubject
    from safeload.provenance.trust import TrustStore

SIGNATURE = "commit-signature"
BINDING = "tree-binding"
FRESHNESS = "commit-freshness"
MODEL = "model-signature"
LISTING = "hub-listing"
HUB_SCAN = "hub-scan"
LOCK = "lock"
NO_STORE = "the signature of the commit was not checked: no trust store"


@record(eq=False)
class Claim:
    """Where the files of a source are said to come from."""

    repository: str
    """`org/name`, as the user asked for it."""
    commit: str
    """40 hex, as the revision was resolved once."""
    objects: Objects
    """Where commit and trees can be read."""
    ref: str | None = None
    """Short name of the branch that is said to hold the commit, or None."""
    ref_proven: bool = False
    """True where the one who says it is the server of the repository, not the files themselves."""
    partial: bool = False
    """True where the source fetches needed files only: others may be missing."""


@record(eq=False)
class SignatureFile:
    """A bundle that is said to sign the files. Nothing in it is trusted."""

    name: str
    """As messages name it."""
    data: bytes
    path: str | None = None
    """Its path in the snapshot, where it is a file of it."""


@record(eq=False)
class BoundFile:
    """One file of the snapshot, as the tree binding sees it."""

    size: int
    chunks: Callable[[], Iterator[bytes | memoryview]] | None
    """The judged bytes, again; None where they were not read whole in this scope."""
    sha256: str | None = None
    """Digest of the judged bytes, where it was taken."""
    here: bool = True
    """False for a file that was not fetched, of which not even the size is known."""


@record
class HubScan:
    """What a Hub says of its own scans of a commit."""

    subject: str
    """The commit."""
    stated: Mapping[str, Any] | None
    """As it says it; None where it says nothing."""
    asked: bool = True
    """False where there was no network to ask over."""


@record(eq=False)
class Held:
    """What the files are held to, where the caller named a lock file."""

    source: str
    """The lock file's name in messages."""
    digest: str
    """`sha256:` and the digest of its text."""
    subject: LockedSubject | None
    """The entry; None where the lock has none of this subject."""
    policy: tuple[str, str]
    """Name and digest of the policy that judges now."""

    def place(self, line: int) -> str:
        """File and line of an entry."""
        return f"{self.source}:{line}"


@record(eq=False)
class Case:
    """All that the collectors look at."""

    manifest: Manifest
    now: float
    """Seconds since 1970."""
    claim: Claim | None = None
    store: TrustStore | None = None
    repository: str | None = None
    """`org/name`, as the user asked for it, with or without a claim."""
    signature: SignatureFile | None = None
    """Bundle of a model signature, where there is one."""
    unclaimed: str = ""
    """Why there is no claim though the source may have commits: a lower-case sentence."""
    required: str = "none"
    """What the trust store asks for, where there is no claim that could be judged by it."""
    required_by: str = ""
    """File and line of the trust store that asks for it."""
    files: Mapping[str, BoundFile] = {}
    """Every file of the manifest that could be opened."""
    handed_out: frozenset[str] | None = None
    """Paths that a load will receive; None for an audit."""
    ahead: bool = False
    """True where files are still to be fetched: what cannot be compared yet will be."""
    memory: str | None = None
    """File that remembers accepted commits, or None."""
    listing: Mapping[str, str] | None = None
    """Path -> git blob id as a Hub lists them, for files that cannot be compared with their commit."""
    hub_scan: HubScan | None = None
    """What a Hub says of its scans; None for other sources."""
    held: Held | None = None
    """The entry of a lock file; None where nobody named one."""
    limits: Limits = DEFAULT_LIMITS


class Collected(NamedTuple):
    """What the collectors found."""

    evidence: tuple[Evidence, ...]
    facts: tuple[Fact, ...] = ()
    accepted: Callable[[], None] | None = None
    """To be called once the decision is ALLOW: remembers the commit."""


def collect_evidence(case: Case) -> Collected:
    """Every kind of evidence about the files of a source, ordered by collector."""
    about_commit, facts, accepted = _about_commit(case)
    about_model, more = _about_model(case)
    bound = any(item.kind == BINDING and item.status is Status.VERIFIED for item in about_commit)
    commit_proven = bound and _is_proven(about_commit, SIGNATURE)
    evidence = [
        *_unless(about_commit, proven=_is_proven(about_model, MODEL)),
        *_unless(about_model, proven=commit_proven),
    ]
    if case.hub_scan is not None:
        from safeload.provenance import hub_status

        evidence.append(hub_status.collect(case.hub_scan))
    if case.held is not None:
        lock, different = _of_lock(case, case.held)
        evidence.append(lock)
        more = (*more, *different)
    return Collected(tuple(evidence), (*facts, *more), accepted)


def _about_commit(case: Case) -> Collected:
    """What is known of the commit, or of the lack of one."""
    found = Collected((_without_claim(case),)) if case.claim is None else _of_commit(case, case.claim)
    bound = any(item.kind == BINDING and item.status is not Status.UNAVAILABLE for item in found.evidence)
    if case.listing is None or bound:
        return found
    from safeload.provenance import hub_listing

    listing, different = hub_listing.collect(case, case.listing)
    return Collected((*found.evidence, listing), (*found.facts, *different), found.accepted)


def _of_lock(case: Case, held: Held) -> tuple[Evidence, list[Fact]]:
    from safeload.provenance import lock_file

    try:
        return lock_file.collect(case, held)
    except Exception as error:  # noqa: BLE001  whatever went wrong, the check was not made
        return _failed(LOCK, case.manifest.uri, error), []


def _is_locked(case: Case, claim: Claim) -> bool:
    """Whether the user's own lock says that it is this commit, whichever came before or after it."""
    return (
        case.held is not None and case.held.subject is not None and case.held.subject.commit == claim.commit
    )


def _of_commit(case: Case, claim: Claim) -> Collected:
    """What a commit proves: by whom it is signed, which files it names, and how old it is."""
    # parsers of objects, keys and signatures are not for the many audits that have no claim
    from safeload.provenance import commit_signature, freshness, tree_binding

    facts: list[Fact] = []
    try:
        if case.store is None:
            commit, signature = commit_signature.read(claim, case.limits)
        else:
            commit, signature = commit_signature.collect(claim, case.store, case.now, case.limits)
    except Exception as error:  # noqa: BLE001  whatever went wrong, the check was not made
        commit, signature = None, _failed(SIGNATURE, claim.commit, error)
    evidence = [signature]
    try:
        binding, facts = tree_binding.collect(case, claim, commit)
    except Exception as error:  # noqa: BLE001  likewise
        binding = _failed(BINDING, claim.commit, error)
    evidence.append(binding)
    accepted = None
    proven = signature.status is Status.VERIFIED and signature.level != "pin"
    if commit is not None and proven and not _is_locked(case, claim):
        try:
            fresh, accepted = freshness.collect(case, claim, commit)
        except Exception as error:  # noqa: BLE001  likewise
            fresh = _failed(FRESHNESS, claim.commit, error)
        evidence.append(fresh)
    return Collected(tuple(evidence), tuple(facts), accepted)


def _about_model(case: Case) -> tuple[tuple[Evidence, ...], tuple[Fact, ...]]:
    """The model signature, where there is one or a rule could ask for one."""
    if case.signature is None and (case.store is None or case.repository is None):
        return (), ()
    from safeload.provenance import model_signing

    try:
        evidence, facts = model_signing.collect(case)
    except Exception as error:  # noqa: BLE001  likewise
        return (_failed(MODEL, case.manifest.uri, error),), ()
    return () if evidence is None else (evidence,), tuple(facts)


def _is_proven(evidence: tuple[Evidence, ...], kind: str) -> bool:
    return any(item.kind == kind and item.status is Status.VERIFIED for item in evidence)


def _unless(evidence: tuple[Evidence, ...], *, proven: bool) -> Iterator[Evidence]:
    """The evidence. Where another signature proves the origin, a missing one is nobody's concern."""
    for item in evidence:
        lacking = item.status in {Status.ABSENT, Status.UNAVAILABLE} and item.code not in UNTRUSTED
        signature = item.kind in {SIGNATURE, MODEL}
        yield replace(item, code=NOT_NEEDED) if proven and lacking and signature else item


def _failed(kind: str, subject: str, error: Exception) -> Evidence:
    return Evidence(
        kind=kind,
        status=Status.UNAVAILABLE,
        subject=subject,
        detail=f"the collector failed, which is a bug of safeload: {type(error).__name__}",
        code="failed",
    )


def _without_claim(case: Case) -> Evidence:
    """Whether there is a commit that nobody checked, or none."""
    manifest = case.manifest
    if case.unclaimed:
        status, detail = Status.UNAVAILABLE, case.unclaimed
    elif manifest.commit is not None:
        status, detail = Status.UNAVAILABLE, NO_STORE
    elif manifest.uri.startswith("file:"):
        status, detail = Status.ABSENT, "a local folder names no commit"
    else:
        status, detail = Status.ABSENT, "the source names no commit"
    return Evidence(
        kind=SIGNATURE,
        status=status,
        subject=manifest.commit or manifest.uri,
        detail=detail,
        required=case.required,
        required_by=case.required_by,
    )
