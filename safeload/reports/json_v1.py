"""The report for programs, `safeload/report/v1`: every field, in a stable order.

Later versions of this schema only add keys; a change of meaning gets a new name and a new file. The
output is ASCII: JSON's own escapes carry what names and values hold, unchanged. One item stands on one
line, so that two reports can be compared with diff.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safeload import __version__
from safeload.record import fields
from safeload.reports._words import by_coverage, files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeload.core import Artifact, AuditReport, Fact, Location, Reason, Waiver

FORMAT = "json"
SCHEMA = "safeload/report/v1"


def render(report: AuditReport, *, colour: bool = False) -> str:  # noqa: ARG001  part of the protocol
    """The whole report as one JSON object."""
    decision = report.decision
    document = {
        "schema": SCHEMA,
        "tool": {"name": "safeload", "version": __version__},
        "subject": decision.subject,
        "commit": report.manifest.commit,
        "scope": decision.scope.name,
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
        "reasons": [_reason(reason) for reason in decision.reasons],
        "artifacts": [_artifact(artifact) for artifact in decision.artifacts],
        "evidence": [
            {
                "kind": item.kind,
                "status": item.status.value,
                "subject": item.subject,
                "detail": item.detail,
                "time": item.time,
                "code": item.code,
                "level": item.level,
                "required": item.required,
                "required_by": item.required_by,
                "basis": item.basis,
                "key": item.key,
            }
            for item in decision.evidence
        ],
        "facts": [_fact(fact) for fact in report.facts],
        "explanations": dict(sorted(report.explanations.items())),
        "rooms": [list(room) for room in report.rooms],
    }
    return (
        "{\n" + ",\n".join(f"{json.dumps(key)}: {_lines(item)}" for key, item in document.items()) + "\n}\n"
    )


def join(documents: Sequence[str]) -> str:
    """One report stays an object; several become a list of them."""
    if len(documents) == 1:
        return documents[0]
    return "[\n" + ",\n".join(document.rstrip("\n") for document in documents) + "\n]\n"


def _lines(item: object) -> str:
    """JSON with each element of a list on a line of its own."""
    if isinstance(item, list) and item:
        return "[\n" + ",\n".join(json.dumps(entry) for entry in item) + "\n]"
    return json.dumps(item)


def _location(location: Location) -> dict[str, Any]:
    return {
        "artifact": location.artifact,
        "members": list(location.members),
        "offset": location.offset,
        "key": location.key,
    }


def _reason(reason: Reason) -> dict[str, Any]:
    finding = reason.finding
    return {
        "rule": finding.rule,
        "level": reason.level.value,
        "severity": finding.severity.name.lower(),
        "message": finding.message,
        "location": _location(finding.location),
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


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {
        "location": _location(artifact.location),
        "size": artifact.size,
        "role": artifact.role.value,
        "format": artifact.format,
        "coverage": artifact.coverage.value,
        "reason": artifact.reason,
        "digest": str(artifact.digest) if artifact.digest else None,
    }


def _fact(fact: Fact) -> dict[str, Any]:
    return {"kind": fact.kind, "location": _location(fact.location), "data": _plain(fact.data)}


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Fact data as the JSON module takes it: any mapping as a dict, any sequence as a list."""
    return {key: _value(item) for key, item in data.items()}


def _value(item: Any) -> Any:  # noqa: ANN401  JSON is recursive, and mypy cannot follow it through Mapping
    if item is None or isinstance(item, (str, int, float)):
        return item
    if hasattr(item, "items"):
        return _plain(item)
    return [_value(entry) for entry in item]
