"""One HTML page that stands alone: verdict, what was covered, findings with their bytes, how it was decided.

The page loads nothing and runs nothing: its content security policy forbids all but the one style sheet
inside it, which it names by digest. There is no script. Text from files is escaped as in a terminal, then
as HTML, and only ever stands between tags or in a `<pre>`; no attribute holds any of it. It is set in
isolation from the direction of its letters (`<bdi>`), though characters that turn text around are escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from safeload.core import Coverage, Level, Status, Verdict
from safeload.reports import PLAIN
from safeload.reports._html_style import CSS
from safeload.reports._words import (
    by_coverage,
    clipped,
    excerpts,
    files,
    hex_rows,
    place,
    quoted,
    rating,
    size,
    standing,
)
from safeload.reports.text import summary as last_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safeload.core import Artifact, AuditReport, Excerpt, Reason
    from safeload.reports import Style

FORMAT = "html"
MOST_MEMBERS = 1_000
"""Members of archives that are listed; those that were not scanned come first."""
MOST_LINES = 400
"""Lines of one decompilation."""
MOST_OPEN = 50
"""Findings up to which their bytes are shown at once; with more, each shows them when asked."""

_HEADINGS = (
    (Level.DENY, "Denied", "what made the verdict DENY"),
    (Level.WARN, "Warnings", "what stands beside it"),
    (Level.ALLOW, "Allowed by the policy", "found, and permitted or waived"),
)
_DIGEST = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
_OPEN = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="referrer" content="no-referrer">\n'
    '<meta name="color-scheme" content="light dark">\n'
    f"<title>safeload report</title>\n<style>{CSS}</style>\n</head>\n<body>\n"
)
_CLOSE = "</body>\n</html>\n"


def render(report: AuditReport, style: Style = PLAIN) -> str:
    """The whole page."""
    return _OPEN + "".join(f"{line}\n" for line in _main(report, style)) + _CLOSE


def join(documents: Sequence[str]) -> str:
    """One page with a part for each subject."""
    return _OPEN + "".join(document[len(_OPEN) : -len(_CLOSE)] for document in documents) + _CLOSE


def _text(text: str) -> str:
    """Text of a file in a page."""
    if not text:
        return '<span class="soft">(empty)</span>'
    return f"<bdi>{escape(clipped(text))}</bdi>"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _tag(word: str, kind: str = "") -> str:
    """A word of ours; `kind` is a class of the style sheet."""
    return f'<span class="tag{f" {kind}" if kind else ""}">{escape(word)}</span>'


def _main(report: AuditReport, style: Style) -> Iterator[str]:
    decision = report.decision
    yield "<main>"
    yield f"<h1>{_text(decision.subject)}</h1>"
    yield '<p class="soft">'
    if report.manifest.commit is not None:
        yield f"commit {_code(report.manifest.commit)} &middot; "
    yield f"scope {_text(decision.scope.name)}</p>"
    yield from _verdict(report)
    yield from _contents(report)
    yield from _findings(report)
    yield from _coverage(report)
    yield from _trail(report)
    yield from _second_reader(report)
    yield f"<footer>safeload {escape(clipped(style.version))}. This report says what was read and found in "
    yield "these files under this policy, and no more than that.</footer>"
    yield "</main>"


def _verdict(report: AuditReport) -> Iterator[str]:
    decision = report.decision
    kind = "deny" if decision.verdict is Verdict.DENY else "allow"
    top = files(decision.artifacts)
    scanned = by_coverage(top).get(Coverage.SCANNED.value, 0)
    waived = sum(reason.waiver is not None for reason in decision.reasons)
    yield f'<section class="verdict {kind}"><strong>{escape(decision.headline)}</strong>'
    yield f"<p>{escape(last_line(decision))}</p>"
    if report.quick:
        yield "<p>Only interpreted bytes were read (--quick): this report allows nothing.</p>"
    yield f"<p>policy {_text(decision.policy_name)} from {_code(decision.policy_source)}, "
    yield f'<span class="mono">{escape(str(decision.policy_digest))}</span></p></section>'
    sums = [
        ("files", len(top)),
        ("scanned", scanned),
        ("not scanned", len(top) - scanned),
        ("denied", len(decision.denials)),
        ("warnings", len(decision.warnings)),
        ("waived", waived),
    ]
    yield '<ul class="sums">'
    for name, count in sums:
        yield f"<li><b>{count:,}</b><span>{name}</span></li>"
    yield "</ul>"


def _contents(report: AuditReport) -> Iterator[str]:
    """Where to go in a long page."""
    parts = [
        (level.value, heading)
        for level, heading, _ in _HEADINGS
        if any(reason.level is level for reason in report.decision.reasons)
    ]
    parts += [("covered", "What was covered"), ("decided", "How it was decided")]
    links = [f'<a href="#{_anchor(report, name)}">{heading}</a>' for name, heading in parts]
    yield f"<nav>{' '.join(links)}</nav>"


def _anchor(report: AuditReport, part: str) -> str:
    """A name for a part of the page, different for each subject of it."""
    subject = report.decision.subject.encode("utf-8", "surrogatepass")
    return f"{part}-{hashlib.sha256(subject).hexdigest()[:8]}"


def _findings(report: AuditReport) -> Iterator[str]:
    known = excerpts(report)
    opened = len(report.decision.reasons) <= MOST_OPEN
    for level, heading, what in _HEADINGS:
        reasons = [reason for reason in report.decision.reasons if reason.level is level]
        if not reasons:
            continue
        yield f'<h2 id="{_anchor(report, level.value)}">{heading} '
        yield f'<span class="count">{len(reasons):,} &middot; {what}</span></h2>'
        for reason in reasons:
            yield from _finding(reason, known, opened=opened)
    if not report.decision.reasons:
        yield '<h2>Findings <span class="count">0</span></h2><p>No rule found anything.</p>'


def _finding(
    reason: Reason, known: Mapping[tuple[str, tuple[str, ...], int | None], Excerpt], *, opened: bool
) -> Iterator[str]:
    finding = reason.finding
    became = standing(reason)
    severity = finding.severity.name.lower()
    yield f'<article class="finding {became}"><div class="head">'
    yield f"{_tag(became, became)} {_tag(severity)} {_code(finding.rule)}"
    yield "" if reason.in_scope else _tag("outside the scope")
    yield f"</div><h3>{_text(finding.message)}</h3>"
    yield f'<p class="place mono">{_text(str(finding.location))}</p>'
    where = finding.location
    excerpt = known.get((where.artifact, where.members, where.offset))
    if excerpt is not None and where.offset is not None:
        dump = _bytes(excerpt, where.offset)
        yield dump if opened else f"<details><summary>bytes</summary>{dump}</details>"
    yield f"<dl><dt>set by</dt><dd>{_code(reason.set_by)}</dd>"
    if reason.waiver is not None:
        waiver = reason.waiver
        said = f"{waiver.id}, until {waiver.expires}, by {waiver.owner}: {waiver.reason}"
        yield f"<dt>waived</dt><dd>{_text(said)}</dd>"
    if reason.level is not Level.ALLOW:
        yield f"<dt>what to do</dt><dd>{_text(finding.fix)}</dd>"
    if not finding.waivable:
        yield "<dt>waivable</dt><dd>no: nobody can waive this rule</dd>"
    yield "</dl></article>"


def _bytes(excerpt: Excerpt, offset: int) -> str:
    """A hex dump with the byte of the finding marked in both columns."""
    rows = []
    for start, cells, letters in hex_rows(excerpt):
        at = offset - int(start, 16)
        if 0 <= at < 16:
            cells_shown = _marked(cells, 3 * at, 3 * at + 2)
            letters_shown = _marked(letters, at, at + 1)
        else:
            cells_shown, letters_shown = escape(cells), escape(letters)
        rows.append(f"<i>{start}</i>  {cells_shown}  <i>|</i>{letters_shown}<i>|</i>")
    return f'<div class="bytes mono">{chr(10).join(rows)}</div>'


def _marked(text: str, start: int, end: int) -> str:
    return f"{escape(text[:start])}<mark>{escape(text[start:end])}</mark>{escape(text[end:])}"


def _coverage(report: AuditReport) -> Iterator[str]:
    decision = report.decision
    top = files(decision.artifacts)
    members: dict[str, list[Artifact]] = {}
    for artifact in decision.artifacts:
        if artifact.location.members:
            members.setdefault(artifact.location.artifact, []).append(artifact)
    yield f'<h2 id="{_anchor(report, "covered")}">What was covered '
    yield f'<span class="count">{_many(len(top), "file")}</span></h2>'
    if not top:
        yield "<p>There was nothing to scan.</p>"
        return
    yield '<div class="table"><table><thead><tr><th>file</th><th>format</th>'
    yield '<th class="number">size</th><th>coverage</th>'
    yield "<th>digest</th></tr></thead><tbody>"
    for artifact in top:
        yield _row(artifact, artifact.location.artifact)
    yield "</tbody></table></div>"
    listed = [item for artifact in top for item in members.get(artifact.location.artifact, [])]
    if listed:
        counts = ", ".join(f"{count:,} {coverage}" for coverage, count in by_coverage(listed).items())
        yield f"<details><summary>{_many(len(listed), 'member')} of archives: {counts}</summary>"
        yield '<div class="table"><table><tbody>'
        listed.sort(key=lambda item: item.coverage is Coverage.SCANNED)
        for artifact in listed[:MOST_MEMBERS]:
            yield _row(artifact, artifact.location.name)
        yield "</tbody></table></div>"
        if len(listed) > MOST_MEMBERS:
            yield f"<p>and {len(listed) - MOST_MEMBERS:,} more, which the JSON report lists</p>"
        yield "</details>"


def _row(artifact: Artifact, name: str) -> str:
    digest = "" if artifact.digest is None else f"{artifact.digest.algorithm}:{artifact.digest.hex[:12]}..."
    covered = _tag(artifact.coverage.value, artifact.coverage.value)
    if artifact.reason:
        covered += f"<br>{_text(artifact.reason)}"
    return (
        f'<tr><td class="name mono">{_text(name)}</td><td>{_text(artifact.format or "not recognised")}</td>'
        f'<td class="number">{size(artifact.size)}</td><td>{covered}</td>'
        f'<td class="mono">{escape(digest)}</td></tr>'
    )


def _trail(report: AuditReport) -> Iterator[str]:
    """How it came to the verdict, step by step."""
    decision = report.decision
    yield f'<h2 id="{_anchor(report, "decided")}">How it was decided</h2><ol class="trail">'
    yield f"<li>Policy {_text(decision.policy_name)} from {_code(decision.policy_source)} applied.</li>"
    yield f"<li>{escape(last_line(decision).partition(', verdict')[0])}.</li>"
    for room in report.rooms:
        yield f"<li>Child processes were isolated by {_text(', '.join(room) or 'nothing')}.</li>"
    if not decision.evidence:
        yield "<li>No evidence of an origin was collected.</li>"
    for item in decision.evidence:
        status = _tag(item.status.value, item.status.value if item.status is not Status.ABSENT else "")
        yield f"<li>Evidence {_code(item.kind)} {status} {_text(item.detail)}</li>"
    levels = Counter(
        (reason.finding.rule, reason.level, standing(reason), reason.set_by) for reason in decision.reasons
    )
    yield f"<li>{_many(len(decision.reasons), 'finding')} got a level from the policy:</li></ol>"
    if levels:
        yield '<div class="table"><table><thead><tr><th>rule</th><th class="number">findings</th>'
        yield "<th>became</th>"
        yield "<th>set by</th></tr></thead><tbody>"
        order = list(Level)
        for (rule, _, became, set_by), count in sorted(
            levels.items(), key=lambda item: (-order.index(item[0][1]), item[0][0], item[0][3])
        ):
            yield f'<tr><td>{_code(rule)}</td><td class="number">{count:,}</td>'
            yield f"<td>{_tag(became, became)}</td>"
            yield f"<td>{_code(set_by)}</td></tr>"
        yield "</tbody></table></div>"
    if decision.verdict is Verdict.ALLOW:
        yield "<p>No finding denies: ALLOW.</p>"
    elif decision.inconclusive:
        yield "<p>All that denies is unknown or unread, and the policy denies the unknown: DENY.</p>"
    else:
        yield f"<p>{_many(len(decision.denials), 'denied finding')}, and one is enough: DENY.</p>"


def _second_reader(report: AuditReport) -> Iterator[str]:
    facts = [fact for fact in report.facts if fact.kind == "pickle.second-reader"]
    if not facts:
        return
    yield f'<h2>Second reader <span class="count">fickling, {_many(len(facts), "stream")}</span></h2>'
    for fact in facts:
        said = ", ".join(str(fact.data[key]) for key in ("status", "detail") if fact.data.get(key))
        yield f'<p><span class="mono">{escape(place(fact.location))}</span>: '
        yield f"{_text(said)}{escape(rating(fact))}</p>"
        lines = report.explanations.get(str(fact.location), "").splitlines()
        if lines:
            yield f"<details><summary>decompilation, {_many(len(lines), 'line')}</summary>"
            shown = [escape(quoted(line).removeprefix("    | ")) for line in lines[:MOST_LINES]]
            yield f'<pre class="source">{chr(10).join(shown)}</pre>'
            if len(lines) > MOST_LINES:
                yield f"<p>and {len(lines) - MOST_LINES:,} more lines: safeload inspect shows them</p>"
            yield "</details>"
