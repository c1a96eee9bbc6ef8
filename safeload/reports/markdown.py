"""Markdown for pull requests, job summaries and mail, in GitHub's dialect.

https://github.github.com/gfm/

Text from files stands in code spans, where no link, mention, reference, formula or HTML is read. The fence
is longer than any run of backticks inside, and pipes are escaped for the table.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Level
from safeload.reports import PLAIN
from safeload.reports._words import clipped, files, size, standing
from safeload.reports.text import summary as last_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeload.core import Artifact, AuditReport, Decision, Reason
    from safeload.reports import Style

FORMAT = "markdown"
MOST_MEMBERS = 50
"""Members of archives that are listed, those that were not scanned first."""

_BACKTICKS = re.compile("`+")
_HEADINGS = ((Level.DENY, "Denied"), (Level.WARN, "Warnings"), (Level.ALLOW, "Allowed by the policy"))


def render(report: AuditReport, style: Style = PLAIN) -> str:
    """The whole report."""
    return "\n".join(_lines(report, style)) + "\n"


def join(documents: Sequence[str]) -> str:
    """Reports one after the other."""
    return "\n".join(documents)


def within(report: AuditReport, most: int, style: Style = PLAIN) -> str:
    """The report in at most `most` bytes of UTF-8: whole lines, then one that counts what is missing."""
    kept: list[str] = []
    used = 200
    lines = list(_lines(report, style))
    for line in lines:
        used += len(line.encode()) + 1
        if used > most:
            kept += ["", f"{len(lines) - len(kept)} more lines: the JSON report has all of them."]
            break
        kept.append(line)
    return "\n".join(kept) + "\n"


def code(text: str) -> str:
    """Text of a file as a code span that can stand in a table."""
    shown = clipped(text).replace("|", "\\|")
    if not shown:
        return "(empty)"
    fence = "`" * (max(map(len, _BACKTICKS.findall(shown)), default=0) + 1)
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _lines(report: AuditReport, style: Style) -> Iterator[str]:
    decision = report.decision
    yield f"# safeload: {decision.headline}"
    yield ""
    yield f"- subject: {code(decision.subject)}"
    policy = f"{code(decision.policy_name)} ({code(decision.policy_source)})"
    yield f"- policy: {policy}, {code(str(decision.policy_digest))}"
    yield f"- scope: {code(decision.scope.name)}"
    yield f"- {last_line(decision)}"
    for level, heading in _HEADINGS:
        reasons = [reason for reason in decision.reasons if reason.level is level]
        if reasons:
            yield from ("", f"## {heading} ({len(reasons)})", "")
            yield "| rule | severity | where | what | what to do | set by |"
            yield "|---|---|---|---|---|---|"
            yield from map(_row, reasons)
    yield from _coverage(decision)
    if decision.evidence:
        yield from ("", "## Evidence", "", "| kind | status | detail |", "|---|---|---|")
    for item in decision.evidence:
        yield f"| {code(item.kind)} | {item.status.value} | {code(item.detail)} |"
    yield from ("", f"safeload {code(style.version)}")


def _row(reason: Reason) -> str:
    finding = reason.finding
    where = code(str(finding.location))
    set_by = code(reason.set_by)
    if reason.waiver is not None:
        waiver = reason.waiver
        set_by += f"; waived by {code(waiver.id)} until {code(waiver.expires)}: {code(waiver.reason)}"
    severity = f"{finding.severity.name.lower()} ({standing(reason)})"
    cells = (code(finding.rule), severity, where, code(finding.message), code(finding.fix), set_by)
    return f"| {' | '.join(cells)} |"


def _coverage(decision: Decision) -> Iterator[str]:
    top = files(decision.artifacts)
    yield from ("", f"## Files ({len(top)})", "", "| file | format | size | coverage | sha256 |")
    yield "|---|---|---|---|---|"
    yield from map(_file, top)
    inside = [artifact for artifact in decision.artifacts if artifact.location.members]
    if inside:
        unread = [artifact for artifact in inside if artifact.coverage is not Coverage.SCANNED]
        yield from ("", f"{len(inside)} members of archives, {len(unread)} of them not scanned.")
        if unread:
            yield from ("", "| member | format | size | coverage | sha256 |", "|---|---|---|---|---|")
            yield from map(_file, unread[:MOST_MEMBERS])
        if len(unread) > MOST_MEMBERS:
            yield from ("", f"and {len(unread) - MOST_MEMBERS} more that were not scanned")


def _file(artifact: Artifact) -> str:
    digest = "" if artifact.digest is None else f"`{artifact.digest.hex}`"
    covered = artifact.coverage.value + (f": {code(artifact.reason)}" if artifact.reason else "")
    form = "" if artifact.format is None else code(artifact.format)
    return f"| {code(artifact.location.name)} | {form} | {size(artifact.size)} | {covered} | {digest} |"
