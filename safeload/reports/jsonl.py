"""The report line by line, `safeload/report-line/v1`: for logs, for jq, and for very many subjects.

Each line is one JSON object with a `type`: `report` opens a subject and says what the whole came to, then
follow its `reason`s, `artifact`s, `evidence` and `fact`s, each with the subject's name. Records are those
of the JSON report (json_v2.py); a fact carries its whole location. Lines of several reports just follow
each other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safeload.reports import PLAIN
from safeload.reports.json_v2 import artifact_of, evidence_of, heading, location_of, plain, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeload.core import AuditReport
    from safeload.reports import Style

FORMAT = "jsonl"
SCHEMA = "safeload/report-line/v1"


def render(report: AuditReport, style: Style = PLAIN) -> str:
    """One line per record."""
    return "".join(f"{json.dumps(line)}\n" for line in _lines(report, style))


def join(documents: Sequence[str]) -> str:
    """Lines after lines."""
    return "".join(documents)


def _lines(report: AuditReport, style: Style) -> Iterator[dict[str, Any]]:
    decision = report.decision
    subject = {"subject": decision.subject}
    yield {"type": "report", "schema": SCHEMA, **heading(report, style)}
    for reason in decision.reasons:
        yield {"type": "reason", **subject, **reason_of(reason)}
    for artifact in decision.artifacts:
        yield {"type": "artifact", **subject, **artifact_of(artifact)}
    for item in decision.evidence:
        # its own subject, a commit or a manifest, is what the evidence is about
        yield {"type": "evidence", **subject, "evidence": evidence_of(item)}
    for fact in report.facts:
        where = location_of(fact.location)
        yield {"type": "fact", **subject, "kind": fact.kind, "location": where, "data": plain(fact.data)}
