"""Which waivers count for which findings, and what is said about their upkeep.

A waiver names a rule, a source, the sha256 of what it was given for, a reason, an owner and two days. It
counts from the first to the last of them (in UTC, both included), and only where all of that fits:

    a finding about one file         sha256 of that file
    a finding about several, or      sha256 of the snapshot: over the path and digest of every file
    about the snapshot

What was not digested matches nothing. A waived finding stays in the decision, at `allow`, with its waiver.
Waivers count for the policy that they stand in: where policies are combined, each has to waive.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from safeload.core import Finding, Location, Severity
from safeload.policy.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from safeload.core import Artifact
    from safeload.policy.entries import WrittenWaiver
    from safeload.policy.schema import Policy

SOON_DAYS = 14
"""How long before its end a waiver is warned about."""
RELATIONAL = frozenset(
    {
        "format.twins-disagree", "index.incomplete", "artifact.name-collision", "weights.new-head",
        "weights.unexpected-keys",
    }
)  # fmt: skip
"""Rules whose findings stand at one file and are about others too: their waivers bind the snapshot."""
_DAY = 86_400
_EPOCH = dt.date(1970, 1, 1)


def snapshot_digest(artifacts: Iterable[Artifact]) -> str | None:
    """sha256 over path and digest of every file, by path; None where one has no digest, or none is there."""
    state = hashlib.sha256()
    files = sorted((item for item in artifacts if not item.location.members), key=_path)
    for item in files:
        if item.digest is None:
            return None
        state.update(f"{item.location.artifact}\0{item.digest.hex}\0".encode("utf-8", "surrogateescape"))
    return state.hexdigest() if files else None


def bound_to(rule: str, path: str, artifacts: Sequence[Artifact]) -> str | None:
    """The sha256 that a waiver of such a finding has to name; None where none can."""
    if rule not in RELATIONAL:
        for item in artifacts:
            if item.location.artifact == path and not item.location.members:
                return item.digest.hex if item.digest is not None else None
    return snapshot_digest(artifacts)


def concern(policy: Policy, subject: str) -> bool:
    """Whether a waiver of the policy is about this source, so that all of it has to be digested."""
    return any(_about(item, subject) for part in policy.alone for item in part.waivers)


class WaiverBook:
    """The waivers of one policy that are about one source, at one instant."""

    def __init__(
        self, policy: Policy, subject: str, artifacts: Sequence[Artifact], now: float | None
    ) -> None:
        """`now` is seconds since 1970. Without an instant no waiver counts."""
        self._today = None if now is None else _EPOCH + dt.timedelta(days=now // _DAY)
        self._waivers = [item for item in policy.waivers if _about(item, subject)]
        self._subject = subject
        self._used: set[str] = set()
        self._digests: dict[str, str | None] = {}
        if self._waivers:
            self._digests = {
                item.location.artifact: item.digest.hex if item.digest is not None else None
                for item in artifacts
                if not item.location.members
            }
            self._snapshot = snapshot_digest(artifacts)

    def find(self, finding: Finding) -> WrittenWaiver | None:
        """The waiver that covers a finding, if one does."""
        if not self._waivers or not finding.waivable:
            return None
        path = finding.location.artifact
        alone = path in self._digests and finding.rule not in RELATIONAL
        digest = self._digests[path] if alone else self._snapshot
        for item in self._waivers:
            waiver = item.waiver
            if waiver.rule == finding.rule and waiver.sha256 == digest and self._state(item) == "live":
                self._used.add(waiver.id)
                return item
        return None

    def _state(self, item: WrittenWaiver) -> str:
        if self._today is None:
            return "unknown"
        if self._today > dt.date.fromisoformat(item.waiver.expires):
            return "expired"
        return "live" if self._today >= dt.date.fromisoformat(item.created) else "early"

    def upkeep(self) -> Iterator[Finding]:
        """What is to be said about the waivers themselves, once every finding was asked about."""
        for item in self._waivers:
            waiver, state = item.waiver, self._state(item)
            if state == "expired":
                ended = f"waiver {waiver.id} of {waiver.rule} ended on {waiver.expires}"
                yield _finding("waiver.expired", self._subject, ended, "review the finding, or remove it")
            elif state == "early":
                starts = f"waiver {waiver.id} of {waiver.rule} counts from {item.created} on"
                yield _finding("waiver.unused", self._subject, starts, "correct `created`")
            elif state == "live" and waiver.id not in self._used:
                unused = f"waiver {waiver.id} of {waiver.rule} matches no finding of this source"
                yield _finding("waiver.unused", self._subject, unused, "remove it: safeload policy prune")
            elif state == "live":
                days = (dt.date.fromisoformat(waiver.expires) - (self._today or _EPOCH)).days
                if days < SOON_DAYS:
                    ends = f"waiver {waiver.id} of {waiver.rule} ends on {waiver.expires}"
                    yield _finding("waiver.expires-soon", self._subject, ends, "review the finding anew")


def _finding(rule: str, subject: str, message: str, fix: str) -> Finding:
    return Finding(
        rule=rule, severity=Severity.LOW, message=message, location=Location(artifact=subject), fix=fix
    )


def _about(item: WrittenWaiver, subject: str) -> bool:
    wanted = item.waiver.subject
    if wanted.startswith("file:") or "@" not in wanted:
        return matches(wanted, subject)
    pattern, _, commit = wanted.partition("@")
    return matches(pattern, subject) and subject.rpartition("@")[2] == commit


def _path(item: Artifact) -> str:
    return item.location.artifact
