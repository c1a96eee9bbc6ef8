"""The report for programs, `safeload/report/v2`: all that an audit established, in a stable order.

Later versions of this schema only add keys; a change of meaning gets a new name and a new file. The
output is ASCII: JSON's own escapes carry what names and values hold, unchanged. One item stands on one
line, so that two reports can be compared with diff. Facts about one place stand together, and the place
stands there once: there can be very many of them about few files.

What JSON has no form for, or what readers take differently, is spelt as a string: numbers that are not
finite, and integers of more than 64 bits. `_saved.py` reads a report back.
"""

from __future__ import annotations

import json
import math
from itertools import groupby
from typing import TYPE_CHECKING, Any

from safeload.record import fields
from safeload.reports import PLAIN
from safeload.reports._words import by_coverage, files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from safeload.core import Artifact, AuditReport, Evidence, Fact, Location, Reason, Waiver
    from safeload.reports import Style

FORMAT = "json"
SCHEMA = "safeload/report/v2"


def render(report: AuditReport, style: Style = PLAIN) -> str:
    """The whole report as one JSON object."""
    return "".join(_pieces(report, style))


def join(documents: Sequence[str]) -> str:
    """One report stays an object; several become a list of them."""
    if len(documents) == 1:
        return documents[0]
    return "[\n" + ",\n".join(document.rstrip("\n") for document in documents) + "\n]\n"


def heading(report: AuditReport, style: Style) -> dict[str, Any]:
    """What is said about the subject as a whole."""
    decision = report.decision
    return {
        "tool": {"name": "safeload", "version": style.version},
        "subject": decision.subject,
        "commit": report.manifest.commit,
        "excluded": list(report.manifest.excluded),
        "lock": None if report.lock is None else {"source": report.lock, "lines": dict(report.lock_lines)},
        "scope": {
            "name": decision.scope.name,
            "roles": sorted(role.value for role in decision.scope.roles),
        },
        "verdict": decision.verdict.value,
        "inconclusive": decision.inconclusive,
        "quick": report.quick,
        "policy": {
            "name": decision.policy_name,
            "source": decision.policy_source,
            "digest": str(decision.policy_digest),
        },
        "summary": {
            "files": len(files(decision.artifacts)),
            "coverage": by_coverage(files(decision.artifacts)),
            "denied": len(decision.denials),
            "warnings": len(decision.warnings),
            "findings": len(decision.reasons),
        },
    }


def _pieces(report: AuditReport, style: Style) -> Iterator[str]:
    """The document piece by piece: only its text is ever held whole, never its tree."""
    decision = report.decision
    yield f'{{\n"schema": {json.dumps(SCHEMA)}'
    for key, item in heading(report, style).items():
        yield f",\n{json.dumps(key)}: {json.dumps(item)}"
    yield from _list("reasons", map(reason_of, decision.reasons))
    yield from _list("artifacts", map(artifact_of, decision.artifacts))
    yield from _list("evidence", map(evidence_of, decision.evidence))
    yield from _list("facts", map(_facts_of, facts_by_place(report.facts)))
    yield from _list(
        "excerpts",
        (
            {"location": location_of(item.location), "start": item.start, "hex": item.data.hex()}
            for item in report.excerpts
        ),
    )
    yield f',\n"explanations": {json.dumps(dict(sorted(report.explanations.items())))}'
    yield f',\n"rooms": {json.dumps([list(room) for room in report.rooms])}\n}}\n'


def _list(key: str, items: Iterable[object]) -> Iterator[str]:
    """A list with each element on a line of its own."""
    yield f",\n{json.dumps(key)}: ["
    before = "\n"
    for item in items:
        yield f"{before}{json.dumps(item)}"
        before = ",\n"
    yield "]" if before == "\n" else "\n]"


def location_of(location: Location) -> dict[str, Any]:
    """A place."""
    return {
        "artifact": location.artifact,
        "members": list(location.members),
        "offset": location.offset,
        "key": location.key,
    }


def reason_of(reason: Reason) -> dict[str, Any]:
    """A finding with what the policy said about it."""
    finding = reason.finding
    return {
        "rule": finding.rule,
        "level": reason.level.value,
        "severity": finding.severity.name.lower(),
        "message": finding.message,
        "location": location_of(finding.location),
        "fix": finding.fix,
        "waivable": finding.waivable,
        "set_by": reason.set_by,
        "in_scope": reason.in_scope,
        "waiver": _waiver(reason.waiver),
    }


def _waiver(waiver: Waiver | None) -> dict[str, str] | None:
    if waiver is None:
        return None
    return {name: getattr(waiver, name) for name in fields(type(waiver))}


def artifact_of(artifact: Artifact) -> dict[str, Any]:
    """A file or a member of one."""
    return {
        "location": location_of(artifact.location),
        "size": artifact.size,
        "role": artifact.role.value,
        "format": artifact.format,
        "coverage": artifact.coverage.value,
        "reason": artifact.reason,
        "digest": str(artifact.digest) if artifact.digest else None,
    }


def evidence_of(item: Evidence) -> dict[str, Any]:
    """What a collector established."""
    return {name: getattr(item, name) for name in fields(type(item))} | {"status": item.status.value}


def facts_by_place(facts: Iterable[Fact]) -> Iterator[tuple[tuple[str, tuple[str, ...]], Iterator[Fact]]]:
    """Facts about the same artifact that follow each other, in their order."""
    return groupby(facts, key=lambda fact: (fact.location.artifact, fact.location.members))


def _facts_of(group: tuple[tuple[str, tuple[str, ...]], Iterator[Fact]]) -> dict[str, Any]:
    (artifact, members), facts = group
    return {
        "artifact": artifact,
        "members": list(members),
        "facts": [
            {
                "kind": fact.kind,
                "offset": fact.location.offset,
                "key": fact.location.key,
                "data": plain(fact.data),
            }
            for fact in facts
        ],
    }


def plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Fact data as the JSON module takes it: any mapping as a dict, any sequence as a list."""
    return {key: _value(item) for key, item in data.items()}


def _value(item: Any) -> Any:  # noqa: ANN401  JSON is recursive, and mypy cannot follow it through Mapping
    if item is None or isinstance(item, (str, bool)):
        return item
    if isinstance(item, int):
        return item if -(1 << 63) <= item < 1 << 63 else f"{item:#x}"
    if isinstance(item, float):
        return item if math.isfinite(item) else repr(item)
    if hasattr(item, "items"):
        return plain(item)
    return [_value(entry) for entry in item]
