"""Recorded reports -> decisions under another policy: `policy diff`, `policy test`.

A report, and the facts document (`safeload/facts/v1`), hold the facts, artifacts and evidence that a decision
is made from; rules and policy are asked again. What a policy changes about reading (packs, records,
budgets, isolation) cannot be replayed: the facts are those of the policy under which they were recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from safeload.core import (
    EVERYTHING,
    Artifact,
    Coverage,
    Digest,
    Evidence,
    Fact,
    Location,
    Role,
    Status,
    visible,
)
from safeload.errors import FormatError, UsageError
from safeload.formats.json_strict import parse_json
from safeload.limits import DEFAULT_LIMITS
from safeload.pipeline.examination import findings_of
from safeload.pipeline.terms import Circumstances, terms_of, weighed
from safeload.policy.engine import decide
from safeload.policy.overrides import for_subject
from safeload.record import record, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import AuditReport, Decision
    from safeload.policy.schema import Policy

FACTS = "safeload/facts/v1"
NOT_REPLAYED = ("pickle.packs", "pickle.allow", "limits", "isolation", "formats.prefer")
"""Keys, or all keys below a dot, that change what is read."""
T = TypeVar("T", Role, Coverage, Status)


@record
class Recorded:
    """What one decision was made from."""

    subject: str
    facts: tuple[Fact, ...]
    artifacts: tuple[Artifact, ...]
    evidence: tuple[Evidence, ...] = ()
    held: bool = False
    """Whether a lock held it, which has settled how old a repository has to be."""


def replay(recorded: Recorded, policy: Policy, now: float, *, break_glass: str | None = None) -> Decision:
    """The decision under this policy at this instant.

    Args:
        recorded: what was found out.
        policy: as it was resolved, before its overrides.
        now: seconds since 1970.
        break_glass: why denials are to be overruled.
    """
    chosen = for_subject(policy, recorded.subject)
    terms = terms_of(chosen, recorded.subject, Circumstances(now=now, held=recorded.held))
    findings = (*findings_of(recorded.facts, recorded.evidence), *weighed(recorded.facts, terms))
    return decide(
        chosen,
        subject=recorded.subject,
        scope=EVERYTHING,
        findings=findings,
        artifacts=recorded.artifacts,
        evidence=recorded.evidence,
        handed_out=frozenset(item.location.artifact for item in recorded.artifacts),
        now=now,
        break_glass=break_glass,
    )


def with_values(recorded: Recorded, values: Mapping[str, Any]) -> Recorded:
    """The same with other data in its facts: `source.revision.pinned` sets `pinned` in each of that kind.

    Raises:
        UsageError: no fact of that kind is there.
    """
    facts = list(recorded.facts)
    for path, value in values.items():
        kind, _, key = path.rpartition(".")
        if all(fact.kind != kind for fact in facts):
            raise UsageError(f"no fact {visible(kind)} is there to set {visible(key)} in")
        facts = [
            replace(fact, data={**fact.data, key: value}) if fact.kind == kind else fact for fact in facts
        ]
    return replace(recorded, facts=tuple(facts))


def of_report(report: AuditReport) -> Recorded:
    """What a report was made from.

    Raises:
        UsageError: it is of a load, which judged some files only.
    """
    decision = report.decision
    if not decision.scope.everything:
        raise UsageError(f"{visible(decision.subject)}: a load was recorded, and only audits can be replayed")
    return Recorded(
        subject=decision.subject,
        facts=report.facts,
        artifacts=decision.artifacts,
        evidence=decision.evidence,
        held=report.lock is not None,
    )


def read_facts(data: bytes, source: str) -> tuple[Recorded, ...]:
    """The facts documents of one file.

    Raises:
        UsageError: it holds anything else.
    """
    try:
        document = parse_json(data, DEFAULT_LIMITS)
    except FormatError as error:
        raise UsageError(f"{source} is no facts document: {error}") from None
    found = document if isinstance(document, list) else [document]
    try:
        return tuple(_recorded(item) for item in found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{source} is no {FACTS}: {visible(str(error))}") from None


def _recorded(item: Any) -> Recorded:  # noqa: ANN401  JSON; what is missing raises
    if item["schema"] != FACTS:
        raise ValueError(f"its schema is {item['schema']}")
    return Recorded(
        subject=_text(item["subject"]),
        facts=tuple(
            Fact(kind=_text(fact["kind"]), location=_location(fact["location"]), data=_table(fact["data"]))
            for fact in _list(item["facts"])
        ),
        artifacts=tuple(_artifact(artifact) for artifact in _list(item["artifacts"])),
        evidence=tuple(_evidence(entry) for entry in _list(item["evidence"])),
    )


def _artifact(item: Any) -> Artifact:  # noqa: ANN401  as above
    sha256 = item["sha256"]
    return Artifact(
        location=_location(item["location"]),
        size=int(item["size"]),
        role=Role(item["role"]),
        format=None if item["format"] is None else _text(item["format"]),
        coverage=Coverage(item["coverage"]),
        reason=_text(item["reason"]),
        digest=None if sha256 is None else Digest(hex=_text(sha256)),
    )


def _evidence(item: Any) -> Evidence:  # noqa: ANN401  as above
    texts = {name: _text(item[name]) for name in ("kind", "subject", "detail")}
    later = ("code", "level", "required", "required_by", "basis", "key")
    more = {name: _text(item[name]) for name in later if name in item}
    time = item.get("time")
    return Evidence(
        **texts, **more, status=Status(item["status"]), time=None if time is None else _text(time)
    )


def _location(item: Any) -> Location:  # noqa: ANN401  as above
    offset, key = item["offset"], item["key"]
    return Location(
        artifact=_text(item["artifact"]),
        members=tuple(_text(member) for member in _list(item["members"])),
        offset=None if offset is None else int(offset),
        key=None if key is None else _text(key),
    )


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"{type(value).__name__} where text should be")


def _list(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    raise TypeError(f"{type(value).__name__} where a list should be")


def _table(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise TypeError(f"{type(value).__name__} where an object should be")
