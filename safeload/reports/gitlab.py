"""GitLab's code quality report.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format

A list of findings with description, check_name, fingerprint, severity and a path with a line. Fingerprints
differ within a report, since GitLab shows findings with the same one once.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from safeload.core import Level, Severity
from safeload.reports import PLAIN
from safeload.reports._repository import spot
from safeload.reports._words import clipped, place, standing
from safeload.reports.sarif import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import AuditReport, Reason
    from safeload.reports import Style

FORMAT = "gitlab"

_DENIED = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "minor",
}
_LEVELS = {Level.WARN: "minor", Level.ALLOW: "info"}


def render(report: AuditReport, style: Style = PLAIN) -> str:
    """One element per finding."""
    seen: Counter[str] = Counter()
    return _written([_element(report, reason, seen, style) for reason in report.decision.reasons])


def join(documents: Sequence[str]) -> str:
    """One list with all findings."""
    if len(documents) == 1:
        return documents[0]
    return _written([element for document in documents for element in json.loads(document)])


def _element(report: AuditReport, reason: Reason, seen: Counter[str], style: Style) -> dict[str, Any]:
    finding = reason.finding
    at = spot(report, finding.location, style)
    waived = "" if reason.waiver is None else f" by {clipped(reason.waiver.id)}"
    return {
        "description": (
            f"{standing(reason)}{waived}: {place(finding.location)}: {clipped(finding.message)}"
            f" (fix: {clipped(finding.fix)})"
        ),
        "check_name": clipped(finding.rule),
        "fingerprint": fingerprint(reason, seen),
        "severity": _LEVELS.get(reason.level) or _DENIED[finding.severity],
        "location": {"path": clipped(at.path), "lines": {"begin": max(1, at.line)}},
    }


def _written(elements: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(json.dumps(element) for element in elements) + "\n]\n"
