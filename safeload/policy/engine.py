"""Findings and a policy -> Decision. A pure function: no files, no clock, no order.

    1. Each finding gets the level that the policy gives its rule; a rule without a level is denied, and
       so is every finding that cannot be waived, whatever the policy says.
    2. A denied finding on a file that the load does not hand out becomes a warning where
       `defaults.outside-scope` says so, unless it cannot be waived.
    3. What was not SCANNED and has no finding gets the one that it should have had.
    4. A file that is handed out must be of an allowed format, and for a load it must be SCANNED.
    5. The required provenance must be there.
    6. A waiver of the policy sets its finding to `allow` and stays beside it; where policies are combined,
       each of those that do not allow the finding has to waive it. What the waivers' own state is, is said.
    7. Break-glass, where the policy permits it, turns denials into warnings, and says so with its reason.
    8. Deny overrides: one denial denies. Nothing to scan denies too.

Steps 6 and 7 never touch what nobody can waive, nor what no load may receive. More findings can only make
the verdict stricter, and so can a stricter level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safeload.core import (
    Coverage,
    Decision,
    Evidence,
    Finding,
    Level,
    Location,
    Reason,
    Role,
    Severity,
    Status,
    Verdict,
)
from safeload.policy.keys import BREAK_GLASS, UNKNOWN_RULES
from safeload.policy.requirements import unmet
from safeload.policy.schema import STRICTNESS, Setting
from safeload.record import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import Artifact, Scope
    from safeload.policy.entries import WrittenWaiver
    from safeload.policy.schema import Policy

COVERAGE_RULES = {
    Coverage.NOT_READ: "artifact.not-read",
    Coverage.UNRECOGNISED: "artifact.unrecognised",
    Coverage.MALFORMED: "artifact.malformed",
    Coverage.LIMIT_EXCEEDED: "limits.exceeded",
}
"""The rule that speaks for each way of not being SCANNED."""

_ABOUT_THE_SNAPSHOT = frozenset(
    {"source", "provenance", "integrity", "hub", "license", "env", "waiver", "policy"}
)
"""Families of rules about where a snapshot comes from. Their findings name it, not a file: a file whose name
is spelt like the snapshot's must not draw them out of the scope of a load."""

_DECIDING = frozenset({"commit-signature", "tree-binding", "model-signature"})
"""Kinds of evidence that say whether an origin is missing or only unknown."""

_ORDER = {Level.DENY: 0, Level.WARN: 1, Level.ALLOW: 2}
_Place = tuple[str, tuple[str, ...]]


def decide(
    policy: Policy,
    *,
    subject: str,
    scope: Scope,
    findings: Sequence[Finding],
    artifacts: Sequence[Artifact],
    evidence: Sequence[Evidence],
    handed_out: frozenset[str],
    now: float | None = None,
    break_glass: str | None = None,
) -> Decision:
    """Decide about one subject.

    Args:
        policy: the resolved policy.
        subject: what was asked for, as the manifest names it.
        scope: what the admission is for.
        findings: of all rules, in any order.
        artifacts: every file and archive member, each with its coverage.
        evidence: of all provenance collectors.
        handed_out: paths of the files that the load would receive; all of them for `everything`.
        now: seconds since 1970; without an instant no waiver counts.
        break_glass: why denials are to be overruled, where somebody asks for that.
    """
    case = _Case(subject, scope, findings, artifacts, evidence, handed_out)
    reasons = _reasons(policy, case)
    if any(part.waivers for part in policy.alone):
        reasons = _waived(policy, case, reasons, now)
    if break_glass is not None:
        reasons = _overruled(policy, subject, reasons, break_glass)
    if not scope.everything:
        reasons += _unread(artifacts, handed_out, reasons)
    if not artifacts:
        reasons.append(_nothing(subject))
    reasons.sort(key=_order)
    denials = [reason for reason in reasons if reason.level is Level.DENY]
    return Decision(
        verdict=Verdict.DENY if denials else Verdict.ALLOW,
        inconclusive=bool(denials) and all(_is_unknown(reason.finding, evidence) for reason in denials),
        subject=subject,
        scope=scope,
        reasons=tuple(reasons),
        artifacts=tuple(sorted(artifacts, key=_place)),
        evidence=tuple(sorted(evidence, key=lambda item: (item.kind, item.subject, item.detail))),
        policy_name=policy.name,
        policy_source=policy.source,
        policy_digest=policy.digest,
    )


class _Case(NamedTuple):
    """What is decided about."""

    subject: str
    scope: Scope
    findings: Sequence[Finding]
    artifacts: Sequence[Artifact]
    evidence: Sequence[Evidence]
    handed_out: frozenset[str]


def _reasons(policy: Policy, case: _Case) -> list[Reason]:
    """Steps 1 to 5, each finding at the level of this policy."""
    scope, artifacts, findings, handed_out = case.scope, case.artifacts, case.findings, case.handed_out
    paths = {artifact.location.artifact for artifact in artifacts}
    reasons = [
        _judge(policy, finding, in_scope=_in_scope(finding, scope, paths, handed_out)) for finding in findings
    ]
    reasons += _uncovered(policy, scope, artifacts, findings, handed_out)
    reasons += _formats(policy, scope, artifacts, handed_out)
    lacking = unmet(policy, case.subject, case.evidence)
    if lacking is not None:
        reasons.append(lacking)
    return reasons


def _waived(policy: Policy, case: _Case, reasons: list[Reason], now: float | None) -> list[Reason]:
    """Step 6."""
    # most policies have no waiver
    from safeload.policy.waivers import WaiverBook

    given = set(case.findings)

    def same(finding: Finding) -> object:
        # what a policy demands itself it says in its own words
        return finding if finding in given else (finding.rule, finding.location)

    books: list[tuple[dict[object, WrittenWaiver], dict[object, Level]]] = []
    upkeep: dict[Finding, None] = {}
    for part in policy.alone:
        book = WaiverBook(part, case.subject, case.artifacts, now)
        waived: dict[object, WrittenWaiver] = {}
        levels: dict[object, Level] = {}
        for reason in _reasons(part, case) if policy.parts else reasons:
            key, item = same(reason.finding), book.find(reason.finding)
            if item is not None:
                waived[key] = item
            levels[key] = reason.level if item is None else Level.ALLOW
        books.append((waived, levels))
        upkeep |= dict.fromkeys(book.upkeep())
    found = []
    for reason in reasons:
        key = same(reason.finding)
        items = [waived[key] for waived, _ in books if key in waived]
        left = max((levels.get(key, Level.ALLOW) for _, levels in books), key=STRICTNESS.__getitem__)
        if items and STRICTNESS[left] < STRICTNESS[reason.level]:
            where = items[0].place if left is Level.ALLOW else reason.set_by
            found.append(replace(reason, level=left, set_by=where, waiver=items[0].waiver))
        else:
            found.append(reason)
    return [*found, *(_judge(policy, finding, in_scope=True) for finding in upkeep)]


def _overruled(policy: Policy, subject: str, reasons: list[Reason], why: str) -> list[Reason]:
    """Step 7."""
    setting = policy.setting(BREAK_GLASS)
    permitted = setting.level is not Level.DENY
    asked = "was used" if permitted else "was asked for, and the policy does not permit it"
    finding = Finding(
        rule=BREAK_GLASS,
        severity=Severity.HIGH,
        message=f"break-glass {asked}: {why}",
        location=Location(artifact=subject),
        fix="repair what was denied, or give it a waiver that ends",
    )
    said = Reason(finding=finding, level=setting.level, set_by=setting.set_by)
    if not permitted:
        return [*reasons, said]
    by = f"{setting.set_by} (break-glass)"
    return [
        said,
        *(
            replace(reason, level=Level.WARN, set_by=by)
            if reason.level is Level.DENY and reason.finding.waivable
            else reason
            for reason in reasons
        ),
    ]


def _in_scope(finding: Finding, scope: Scope, paths: set[str], handed_out: frozenset[str]) -> bool:
    """Whether the finding is about what is handed out, or about the snapshot as a whole."""
    path, family = finding.location.artifact, finding.rule.partition(".")[0]
    return scope.everything or path in handed_out or path not in paths or family in _ABOUT_THE_SNAPSHOT


def _judge(policy: Policy, finding: Finding, *, in_scope: bool) -> Reason:
    """Steps 1 and 2."""
    setting = policy.setting(finding.rule)
    if not finding.waivable and setting.level is not Level.DENY:
        setting = Setting(
            level=Level.DENY, set_by=f"{setting.set_by} (overruled: nobody can waive this rule)"
        )
    outside = policy.outside_scope
    if setting.level is Level.DENY and finding.waivable and not in_scope and outside.level is Level.WARN:
        setting = outside
    return Reason(finding=finding, level=setting.level, set_by=setting.set_by, in_scope=in_scope)


def _uncovered(
    policy: Policy,
    scope: Scope,
    artifacts: Sequence[Artifact],
    findings: Sequence[Finding],
    handed_out: frozenset[str],
) -> list[Reason]:
    """Step 3: silence about an artifact is never taken as its being clean.

    A finding on a container speaks for its members: one sentence for twenty thousand unread tensors.
    """
    spoken: set[_Place] = {
        (finding.location.artifact, finding.location.members)
        for finding in findings
        if finding.rule in COVERAGE_RULES.values()
    }
    reasons = []
    for artifact in artifacts:
        where = artifact.location
        if artifact.coverage is Coverage.SCANNED or any(
            (where.artifact, where.members[:depth]) in spoken for depth in range(len(where.members) + 1)
        ):
            continue
        finding = Finding(
            rule=COVERAGE_RULES[artifact.coverage],
            severity=Severity.MEDIUM,
            message=f"ended as {artifact.coverage.value}: {artifact.reason or 'no reason was given'}",
            location=where,
            fix="remove the file, or ask for it in a format that can be read whole",
        )
        in_scope = scope.everything or where.artifact in handed_out
        reasons.append(_judge(policy, finding, in_scope=in_scope))
    return reasons


def _formats(
    policy: Policy, scope: Scope, artifacts: Sequence[Artifact], handed_out: frozenset[str]
) -> list[Reason]:
    """Step 4: only allowed formats are handed out.

    An audit judges the files that some loader would take by their name: pictures, documents and programs
    have rules of their own. A load judges all that it receives, since an index may give a shard any name.
    Members are the business of their container, and what is not SCANNED has its own finding. A policy that
    allows no format at all hands out nothing at all.
    """
    reasons = []
    for artifact in artifacts:
        where = artifact.location
        taken = artifact.role is not Role.OTHER or not scope.everything or not policy.formats
        if where.members or where.artifact not in handed_out or not taken:
            continue
        if artifact.coverage is not Coverage.SCANNED or artifact.format in policy.formats:
            continue
        finding = Finding(
            rule="format.not-loadable",
            severity=Severity.MEDIUM,
            message=f"is of format {artifact.format}, which [formats] allow does not name",
            location=where,
            fix="use a file of an allowed format of the same checkpoint, such as model.safetensors",
        )
        reasons.append(Reason(finding=finding, level=Level.DENY, set_by=policy.formats_set_by))
    return reasons


def _unread(
    artifacts: Sequence[Artifact], handed_out: frozenset[str], reasons: Sequence[Reason]
) -> list[Reason]:
    """Step 4: no level lets a load receive bytes that were not judged whole, and one denial says it."""
    denied = {
        reason.finding.location.artifact
        for reason in reasons
        if reason.level is Level.DENY
        and reason.finding.rule in COVERAGE_RULES.values()
        and not reason.finding.location.members
    }
    return [
        Reason(
            finding=Finding(
                rule=COVERAGE_RULES[artifact.coverage],
                severity=Severity.MEDIUM,
                message=f"would be loaded, but ended as {artifact.coverage.value}: {artifact.reason}",
                location=artifact.location,
                fix="load another file of this checkpoint, or ask for one that can be read whole",
            ),
            level=Level.DENY,
            set_by="built in (only what was scanned is loaded)",
        )
        for artifact in artifacts
        if artifact.location.artifact in handed_out - denied and artifact.coverage is not Coverage.SCANNED
    ]


def _nothing(subject: str) -> Reason:
    finding = Finding(
        rule="artifact.not-read",
        severity=Severity.MEDIUM,
        message="there is nothing to scan",
        location=Location(artifact=subject),
        fix="give a folder or file that holds a checkpoint",
    )
    return Reason(finding=finding, level=Level.DENY, set_by="built in (nothing scanned is nothing allowed)")


def _is_unknown(finding: Finding, evidence: Sequence[Evidence]) -> bool:
    """Whether the finding says that something is not known, rather than that something is wrong."""
    if finding.rule == "provenance.unsigned":
        about = [item for item in evidence if item.subject == finding.location.artifact]
        known = [item for item in about if item.kind in _DECIDING]
        return any(item.status is Status.UNAVAILABLE for item in about) and not any(
            item.status in {Status.ABSENT, Status.INVALID} for item in known
        )
    return finding.rule in UNKNOWN_RULES


def _place(artifact: Artifact) -> _Place:
    return artifact.location.artifact, artifact.location.members


def _order(reason: Reason) -> tuple[object, ...]:
    """A total order, so that the order of the inputs never shows."""
    finding = reason.finding
    where = finding.location
    offset = -1 if where.offset is None else where.offset
    place = (where.artifact, where.members, offset, finding.rule, where.key or "")
    rest = (finding.message, finding.fix, reason.set_by, finding.waivable, reason.waiver is not None)
    return (_ORDER[reason.level], -finding.severity, *place, *rest)
