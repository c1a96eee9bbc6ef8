"""Workflow commands that GitHub shows as annotations, one per finding.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands

A command is a line; `%`, line ends, and in properties also `:` and `,`, have escapes. Other lines start with
the program's name, so that none of them can be a command. GitHub shows ten errors and ten warnings of a
step; all are in the log, and the job summary (`--summary`) has the whole list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Level
from safeload.reports import PLAIN
from safeload.reports._repository import spot
from safeload.reports._words import clipped, place, standing
from safeload.reports.text import summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import AuditReport
    from safeload.reports import Style

FORMAT = "github"

_COMMANDS = {Level.DENY: "error", Level.WARN: "warning", Level.ALLOW: "notice"}


def render(report: AuditReport, style: Style = PLAIN) -> str:
    """One command per finding, then what it came to."""
    decision = report.decision
    lines = []
    for reason in decision.reasons:
        finding = reason.finding
        at = spot(report, finding.location, style)
        title = f"{finding.rule} ({finding.severity.name.lower()}, {standing(reason)})"
        text = f"{place(finding.location)}: {clipped(finding.message)}; fix: {clipped(finding.fix)}"
        properties = f"file={_property(at.path)},line={max(1, at.line)},title={_property(title)}"
        lines.append(f"::{_COMMANDS[reason.level]} {properties}::{data(text)}")
    policy = f"{decision.policy_name} ({decision.policy_source}, {decision.policy_digest})"
    lines.append(f"safeload: {data(clipped(decision.subject))}: {data(summary(decision))}")
    lines.append(f"safeload: policy {data(clipped(policy))}")
    return "\n".join(lines) + "\n"


def join(documents: Sequence[str]) -> str:
    """Lines after lines."""
    return "".join(documents)


def data(text: str) -> str:
    """The message of a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """The value of a property."""
    return data(clipped(text)).replace(":", "%3A").replace(",", "%2C")
