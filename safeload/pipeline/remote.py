"""What is decided about files on a Hub before they are downloaded.

A verdict only ever gets stricter with more findings. So whatever is denied already, by the names of the
files, by the commit and its signature, or by the structure of what ranges of them show, is denied for
good, and nothing more is fetched for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import NOT_NEEDED, Artifact, Coverage, Location, Status, Verdict
from safeload.pipeline.examination import Examination, findings_of
from safeload.pipeline.terms import terms_of, weighed
from safeload.policy.engine import decide
from safeload.policy.waivers import concern
from safeload.provenance import collect_evidence
from safeload.record import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import Decision, Fact, Scope
    from safeload.pipeline.origin import FoundOrigin
    from safeload.pipeline.terms import Circumstances
    from safeload.policy.schema import Policy
    from safeload.sources.hub import HubSource

REFUSED = "not downloaded: what is known without it was reason enough to refuse"

NO_FILES = "not compared with files that were not downloaded"


def refused_by_origin(
    source: HubSource,
    policy: Policy,
    origin: FoundOrigin,
    facts: Sequence[Fact],
    *,
    scope: Scope,
    circumstances: Circumstances,
) -> Decision | None:
    """The decision, where commit, signature and names alone deny; None where files have to be looked at."""
    collected = collect_evidence(origin.case(source, scope, frozenset(), {}, ahead=True))
    known = [*facts, *source.facts, *collected.facts]
    entries = source.manifest.entries
    uri, now = source.manifest.uri, circumstances.now
    if concern(policy, uri):
        return None  # waivers go by digests of what is not here yet
    # as if every file that may still be read were what it should be
    broken = {path: str(error) for path, error in source.broken.items()}
    artifacts = [
        _artifact(
            entry.path,
            entry.size,
            Coverage.NOT_READ if entry.path in broken else Coverage.SCANNED,
            broken.get(entry.path, ""),
        )
        for entry in entries
    ]
    decision = decide(
        policy,
        subject=uri,
        scope=scope,
        findings=(
            *findings_of(known, collected.evidence),
            *weighed(known, terms_of(policy, uri, circumstances, files=False)),
        ),
        artifacts=artifacts,
        evidence=collected.evidence,
        handed_out=frozenset(),
        now=now,
        break_glass=circumstances.break_glass,
    )
    if decision.verdict is Verdict.ALLOW:
        return None
    unread = (
        _artifact(entry.path, entry.size, Coverage.NOT_READ, broken.get(entry.path, REFUSED))
        for entry in entries
    )
    return _not_compared(replace(decision, artifacts=tuple(unread)))


def refused_by_structure(
    source: HubSource,
    policy: Policy,
    origin: FoundOrigin,
    facts: Sequence[Fact],
    *,
    scope: Scope,
    handed_out: frozenset[str],
    circumstances: Circumstances,
) -> Decision | None:
    """The decision, where what ranges of the files show denies; None where they have to be downloaded."""
    ahead = Examination(source, policy, quick=False, origin=origin, circumstances=circumstances)
    try:
        ahead.facts.extend(facts)
        ahead.scan(source.manifest.entries)
        ahead.read_again()
        decision, _ = ahead.decide(scope, handed_out, final=False)
    finally:
        ahead.close()
    return None if decision.verdict is Verdict.ALLOW else _not_compared(decision)


def _not_compared(decision: Decision) -> Decision:
    """A model signature that held so far: its files were to be compared once they were here."""
    evidence = tuple(
        replace(
            item,
            status=Status.UNAVAILABLE,
            level="none",
            code=NOT_NEEDED,
            detail=f"{NO_FILES}: {item.detail}",
        )
        if item.kind == "model-signature" and item.status is Status.VERIFIED
        else item
        for item in decision.evidence
    )
    return replace(decision, evidence=evidence)


def _artifact(path: str, size: int, coverage: Coverage, reason: str) -> Artifact:
    from safeload.formats.layout import role_of

    return Artifact(
        location=Location(artifact=path),
        size=size,
        role=role_of(path),
        format=None,
        coverage=coverage,
        reason=reason,
    )
