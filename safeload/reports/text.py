"""The report for people: verdict, policy, coverage, findings by level, evidence, one line of sum.

It never says that something is safe, only what was scanned and what was found. All text that comes
from files goes through `shown`, so that no name or value can write to the terminal or to a build log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Level, Verdict
from safeload.reports import PLAIN
from safeload.reports._words import by_coverage, clipped, files, quoted, rating, shown, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from safeload.core import Artifact, AuditReport, Decision, Reason
    from safeload.reports import Style

FORMAT = "text"
LISTED = 20
"""Members of one archive, places of one finding and lines of one explanation that are written out."""

ROOM = ("rlimits", "landlock", "seccomp")
"""The layers of isolation/room.py."""

_HEADINGS = ((Level.DENY, "denied"), (Level.WARN, "warnings"), (Level.ALLOW, "allowed by the policy"))
_COLOURS = {"DENY": "31", "ALLOW": "32", "denied": "31", "warnings": "33"}


def render(report: AuditReport, style: Style = PLAIN) -> str:
    """The whole report."""
    decision = report.decision
    verdict = _coloured(decision.headline, decision.verdict.value, colour=style.colour)
    lines = [
        f"{verdict} {clipped(decision.subject)}",
        f"policy: {shown(decision.policy_name)} ({shown(decision.policy_source)}, {decision.policy_digest})",
        f"scope: {shown(decision.scope.name)}",
        "",
        "files",
        *_coverage(decision.artifacts),
    ]
    for level, heading in _HEADINGS:
        reasons = [reason for reason in decision.reasons if reason.level is level]
        if reasons:
            lines += ["", f"{_coloured(heading, heading, colour=style.colour)} ({len(reasons)})"]
            lines += [line for group in _alike(reasons) for line in _group(group)]
    lines += _evidence(decision)
    lines += _second_reader(report)
    lines += _rooms(report)
    lines += ["", summary(decision)]
    return "\n".join(lines) + "\n"


def join(documents: Sequence[str]) -> str:
    """Reports one after the other."""
    return "\n".join(documents)


def summary(decision: Decision) -> str:
    """The last line: how many files, how many of them scanned, the verdict."""
    top = files(decision.artifacts)
    counts = by_coverage(top)
    scanned = counts.pop(Coverage.SCANNED.value, 0)
    text = f"{len(top)} file{'' if len(top) == 1 else 's'}, {scanned} scanned"
    if counts:
        text += f", {sum(counts.values())} not scanned ({_counts(counts)})"
    text += f", verdict {decision.verdict.value}"
    if decision.verdict is Verdict.DENY and decision.inconclusive:
        text += " (inconclusive: nothing was denied as such, but not everything is known)"
    return text


def _coverage(artifacts: Sequence[Artifact]) -> Iterator[str]:
    """One line per file, and the members of archives below theirs."""
    members: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        if artifact.location.members:
            members.setdefault(artifact.location.artifact, []).append(artifact)
    top = files(artifacts)
    if not top:
        yield "  none"
    width = max((len(shown(artifact.location.artifact)) for artifact in top), default=0)
    for artifact in top:
        yield _artifact(artifact, shown(artifact.location.artifact), "  ", min(width, 60))
        inside = members.get(artifact.location.artifact, [])
        listed = inside
        if len(inside) > LISTED:
            yield f"    {len(inside)} members: {_counts(by_coverage(inside))}"
            listed = [member for member in inside if member.coverage is not Coverage.SCANNED]
        for member in listed[:LISTED]:
            yield _artifact(member, shown("!".join(member.location.members)), "    ", min(width, 60) - 2)
        if len(listed) > LISTED:
            yield f"    and {len(listed) - LISTED} more that were not scanned"


def _artifact(artifact: Artifact, name: str, indent: str, width: int) -> str:
    line = f"{indent}{name:<{width}}  {artifact.format or '-':<16}  {size(artifact.size):>9}  "
    line += artifact.coverage.value
    return f"{line}: {clipped(artifact.reason)}" if artifact.reason else line


def _alike(reasons: Sequence[Reason]) -> Iterable[list[Reason]]:
    """Findings that say the same about several places of one file, gathered."""
    groups: dict[tuple[object, ...], list[Reason]] = {}
    for reason in reasons:
        finding = reason.finding
        same = (finding.location.artifact, finding.rule, finding.message, finding.fix, finding.severity)
        groups.setdefault((*same, reason.set_by, reason.in_scope, reason.waiver), []).append(reason)
    return groups.values()


def _group(reasons: Sequence[Reason]) -> Iterator[str]:
    """Every place, then once what is said about them."""
    for reason in reasons[:LISTED]:
        yield f"  {clipped(str(reason.finding.location))}"
    if len(reasons) > LISTED:
        yield f"  and {len(reasons) - LISTED} more places in this file"
    reason = reasons[0]
    finding = reason.finding
    yield f"    {clipped(finding.message)}"
    scope = "" if reason.in_scope else ", outside the scope"
    severity = finding.severity.name.lower()
    yield f"    rule {shown(finding.rule)} ({severity}{scope}), set by {clipped(reason.set_by)}"
    if reason.waiver is not None:
        yield f"    waived by {clipped(reason.waiver.id)} until {clipped(reason.waiver.expires)}"
    if reason.level is not Level.ALLOW:
        yield f"    fix: {clipped(finding.fix)}"


def _evidence(decision: Decision) -> Iterator[str]:
    if decision.evidence:
        yield from ("", "evidence")
    for item in decision.evidence:
        yield f"  {shown(item.kind)} {item.status.value}: {clipped(item.detail)}"


def _second_reader(report: AuditReport) -> Iterator[str]:
    """What the second reader said about each pickle, with its decompilation where it made one."""
    facts = [fact for fact in report.facts if fact.kind == "pickle.second-reader"]
    if facts:
        yield from ("", "second reader (fickling)")
    for fact in facts:
        said = ", ".join(str(fact.data[key]) for key in ("status", "detail") if fact.data.get(key))
        yield f"  {clipped(str(fact.location))}: {clipped(said)}{rating(fact)}"
        lines = report.explanations.get(str(fact.location), "").splitlines()
        yield from (quoted(line) for line in lines[:LISTED])
        if len(lines) > LISTED:
            yield f"    | and {len(lines) - LISTED} more lines: safeload inspect shows them"


def _rooms(report: AuditReport) -> Iterator[str]:
    """What held in the child processes: that the kernel offers less than all of it is said."""
    if report.rooms:
        yield from ("", "child processes")
    for room in report.rooms:
        missing = [layer for layer in ROOM if not any(held.startswith(layer) for held in room)]
        without = f", without {' and '.join(missing)}: this system does not offer it" if missing else ""
        yield f"  isolated by {shown(', '.join(room)) or 'nothing'}{without}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {coverage}" for coverage, count in counts.items())


def _coloured(text: str, key: str, *, colour: bool) -> str:
    code = _COLOURS.get(key)
    return f"\x1b[1;{code}m{text}\x1b[0m" if colour and code else text
