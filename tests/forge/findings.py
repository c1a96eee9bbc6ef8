"""Facts, findings, artifacts and reports, with all that a test does not care about filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeload.core import (
    EVERYTHING,
    Artifact,
    AuditReport,
    Coverage,
    Evidence,
    Excerpt,
    Fact,
    Finding,
    Level,
    Location,
    Manifest,
    ManifestEntry,
    Role,
    Severity,
    Status,
    Verdict,
    Waiver,
)
from safeload.policy.engine import decide
from safeload.record import replace
from safeload.rules import Terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from safeload.core import Json
    from safeload.policy.schema import Policy


def fact(kind: str, *, at: str = "model.bin", **data: Json) -> Fact:
    """A fact about `at`. Keyword names are data keys."""
    return Fact(kind=kind, location=Location(artifact=at), data=data)


def signature(status: Status, detail: str = "no signature in the commit") -> Evidence:
    """What a collector found out about a commit's signature."""
    return Evidence(kind="commit-signature", status=status, subject="file:/model", detail=detail)


def messages(rule: ModuleType, item: Fact | Evidence) -> list[str]:
    """What a rule says about an item, as the pipeline would ask it: only if it reads that kind."""
    kind = item.kind if isinstance(item, Fact) else f"evidence.{item.kind}"
    if kind not in rule.READS:
        return []
    findings = list(rule.check(item))
    for finding in findings:
        assert (finding.rule, finding.waivable) == (rule.RULE.id, rule.RULE.waivable)
        assert finding.fix
    return [finding.message for finding in findings]


def finding(
    rule: str = "pickle.unlisted-global",
    *,
    at: str = "model.bin",
    members: tuple[str, ...] = (),
    offset: int | None = None,
    waivable: bool = True,
    message: str = "imports lib.thing",
) -> Finding:
    """A finding of a rule."""
    return Finding(
        rule=rule,
        severity=Severity.HIGH,
        message=message,
        location=Location(artifact=at, members=members, offset=offset),
        fix="use another file",
        waivable=waivable,
    )


def artifact(
    path: str = "model.bin",
    *,
    coverage: Coverage = Coverage.SCANNED,
    form: str | None = "safetensors",
    members: tuple[str, ...] = (),
    reason: str = "",
    role: Role = Role.WEIGHTS,
) -> Artifact:
    """A file, or a member of one."""
    return Artifact(
        location=Location(artifact=path, members=members),
        size=1234,
        role=role,
        format=form,
        coverage=coverage,
        reason=reason,
    )


def report(
    policy: Policy,
    findings: Sequence[Finding],
    artifacts: Sequence[Artifact],
    *,
    evidence: Sequence[Evidence] = (),
    facts: Sequence[Fact] = (),
    excerpts: Sequence[Excerpt] = (),
    subject: str = "file:/model",
) -> AuditReport:
    """An audit that found this."""
    paths = sorted({item.location.artifact for item in artifacts})
    return AuditReport(
        decision=decide(
            policy,
            subject=subject,
            scope=EVERYTHING,
            findings=findings,
            artifacts=artifacts,
            evidence=evidence,
            handed_out=frozenset(paths),
        ),
        manifest=Manifest(
            uri=subject, entries=tuple(ManifestEntry(path=path, size=1234, role=Role.OTHER) for path in paths)
        ),
        facts=tuple(facts),
        explanations={},
        excerpts=tuple(excerpts),
    )


def weighed(
    rule: ModuleType, *facts: Fact, subject: str = "hf:org/name@x", now: float = 0, **terms: Any
) -> list[str]:
    """What a rule with parameters says about facts, as the pipeline would ask it."""
    assert list(rule.check(fact("x"))) == []
    items = [item for item in facts if item.kind in rule.READS]
    findings = list(rule.weigh(items, Terms(subject=subject, now=now, **terms)))
    assert all(found.rule == rule.RULE.id and found.fix for found in findings)
    return [found.message for found in findings]


def waived(made: AuditReport, rule: str, text: str = "reviewed") -> AuditReport:
    """The same report, with every denied finding of a rule waived."""
    waiver = Waiver(
        id=text, rule=rule, subject=text, sha256="0" * 64, reason=text, owner=text, expires="2027-01-31"
    )
    reasons = tuple(
        replace(reason, level=Level.ALLOW, waiver=waiver)
        if reason.finding.rule == rule and reason.level is Level.DENY
        else reason
        for reason in made.decision.reasons
    )
    denied = any(reason.level is Level.DENY for reason in reasons)
    verdict = Verdict.DENY if denied else Verdict.ALLOW
    return replace(made, decision=replace(made.decision, reasons=reasons, verdict=verdict))
