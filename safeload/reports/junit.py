"""JUnit XML, as Jenkins, GitLab and most other services read it.

There is no official schema; this is the part that the common ones share (testsuites, testsuite, properties,
testcase, failure, skipped, system-out). One suite per subject. Each finding is a test case of the class of
its rule: a denial is a failure, a waived or allowed one is skipped with the reason, a warning passes and
says what it warns of. Each file is a test case of the class `coverage`, which passes: a file that was not
read has a finding of its own.

XML 1.0 has no form for most control characters. They are escaped as in a terminal before XML's own
escapes, and so are all that have no visible form.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from safeload.core import Level
from safeload.reports import PLAIN
from safeload.reports._words import clipped, files, place, standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeload.core import Artifact, AuditReport, Reason
    from safeload.reports import Style

FORMAT = "junit"

_OPEN = '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="safeload">\n'
_CLOSE = "</testsuites>\n"


def render(report: AuditReport, style: Style = PLAIN) -> str:
    """A document with one suite."""
    return _OPEN + "".join(f"{line}\n" for line in _suite(report, style)) + _CLOSE


def join(documents: Sequence[str]) -> str:
    """One document with all suites."""
    return _OPEN + "".join(document[len(_OPEN) : -len(_CLOSE)] for document in documents) + _CLOSE


def _suite(report: AuditReport, style: Style) -> Iterator[str]:
    decision = report.decision
    top = files(decision.artifacts)
    denied, allowed = len(decision.denials), sum(_skipped(reason) for reason in decision.reasons)
    sums = f'tests="{len(decision.reasons) + len(top)}" failures="{denied}" errors="0" skipped="{allowed}"'
    yield f'<testsuite name="{_attribute(decision.subject)}" {sums}>'
    yield "<properties>"
    for name, value in (
        ("version", style.version),
        ("verdict", decision.headline),
        ("policy", f"{decision.policy_name} ({decision.policy_source})"),
        ("policy digest", str(decision.policy_digest)),
        ("scope", decision.scope.name),
    ):
        yield f'<property name="{name}" value="{_attribute(value)}"/>'
    yield "</properties>"
    for reason in decision.reasons:
        yield from _finding(reason)
    for artifact in top:
        yield f'<testcase classname="coverage" name="{_attribute(_covered(artifact))}"/>'
    yield "</testsuite>"


def _covered(artifact: Artifact) -> str:
    return f"{clipped(artifact.location.artifact)}: {artifact.coverage.value}"


def _skipped(reason: Reason) -> bool:
    return reason.level is Level.ALLOW or (reason.waiver is not None and reason.level is not Level.DENY)


def _finding(reason: Reason) -> Iterator[str]:
    finding = reason.finding
    said = f"{place(finding.location)}: {clipped(finding.message)}"
    yield f'<testcase classname="{_attribute(finding.rule)}" name="{_attribute(said, escaped=True)}">'
    kind = f"{finding.severity.name.lower()}, {standing(reason)}, set by {clipped(reason.set_by)}"
    if reason.waiver is not None:
        waiver = reason.waiver
        kind += f"; waived by {clipped(waiver.id)} until {clipped(waiver.expires)}: {clipped(waiver.reason)}"
    message = _attribute(f"{kind}: {clipped(finding.message)}", escaped=True)
    text = f"{said}\nrule {clipped(finding.rule)} ({kind})\nfix: {clipped(finding.fix)}"
    if _skipped(reason):
        yield f'<skipped message="{message}"/>'
    elif reason.level is Level.DENY:
        yield f'<failure type="{_attribute(finding.rule)}" message="{message}">{escape(text)}</failure>'
    else:
        yield f"<system-out>{escape(text)}</system-out>"
    yield "</testcase>"


def _attribute(text: str, *, escaped: bool = False) -> str:
    """The value of an attribute, in double quotes."""
    return escape(text if escaped else clipped(text), quote=True)
