"""SARIF 2.1.0 for code scanning services.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/

One run per subject, one result per finding. What GitHub asks beyond the standard: every result has a
location in the repository with a start line, since one without makes it refuse the whole file; URIs are
relative; runs of one file differ in `automationDetails.id`; fingerprints differ, or alerts would merge. So
each result stands at the line of the lock file that names its file, or at line 1 of the file; member,
byte and key are its logical location and its properties. A waived finding is a suppressed result.

Messages are plain text in which brackets and braces have a meaning (3.11.5, 3.11.6): both are escaped.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from safeload.core import Level, Severity
from safeload.reports import PLAIN
from safeload.reports._repository import file_spot, name_of, spot
from safeload.reports._rules import catalogue, sentence
from safeload.reports._words import by_coverage, clipped, excerpts, files, place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeload.core import Artifact, AuditReport, Location, Reason
    from safeload.reports import Style

FORMAT = "sarif"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {Level.DENY: "error", Level.WARN: "warning", Level.ALLOW: "note"}
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}
"""`security-severity`, in the bands of CVSS that GitHub shows by name."""


def render(report: AuditReport, style: Style = PLAIN) -> str:
    """A log with one run."""
    return _log([_run(report, style)])


def join(documents: Sequence[str]) -> str:
    """One log with all runs."""
    if len(documents) == 1:
        return documents[0]
    return _log([run for document in documents for run in json.loads(document)["runs"]])


def message(text: str) -> str:
    """Plain text of a SARIF message: no `[link](target)`, no `{0}`."""
    escaped = text.replace("\\", "\\\\") if "[" in text else text
    escaped = escaped.replace("[", "\\[").replace("]", "\\]")
    return escaped.replace("{", "{{").replace("}", "}}")


def relative_uri(path: str) -> str:
    """A relative reference (RFC 3986) whose parts lead nowhere else; bytes that are not UTF-8 stay."""
    data = path.encode("utf-8", "surrogateescape" if _is_escaped(path) else "backslashreplace")
    return quote(data, safe="/")


def _is_escaped(path: str) -> bool:
    return all(not "\ud800" <= char <= "\udfff" or "\udc80" <= char <= "\udcff" for char in path)


def _log(runs: list[dict[str, Any]]) -> str:
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=1) + "\n"


def _run(report: AuditReport, style: Style) -> dict[str, Any]:
    decision = report.decision
    ids = sorted({reason.finding.rule for reason in decision.reasons})
    top = files(decision.artifacts)
    results = _Results(report, style, {rule: index for index, rule in enumerate(ids)})
    return {
        "tool": {
            "driver": {
                "name": "safeload",
                "version": style.version,
                "informationUri": "https://safeload.dev",
                "rules": [_rule(rule, report) for rule in ids],
            }
        },
        "automationDetails": {"id": f"safeload/{relative_uri(clipped(name_of(decision.subject, style)))}/"},
        "invocations": [
            {
                "executionSuccessful": True,
                "properties": {"verdict": decision.verdict.value, "inconclusive": decision.inconclusive},
            }
        ],
        "artifacts": [_artifact(artifact, report, style) for artifact in top],
        "columnKind": "unicodeCodePoints",
        "results": [results.one(reason) for reason in decision.reasons],
        "properties": {
            "subject": clipped(decision.subject),
            "policy": clipped(f"{decision.policy_name} ({decision.policy_source})"),
            "policyDigest": str(decision.policy_digest),
            "coverage": by_coverage(top),
        },
    }


def _rule(rule_id: str, report: AuditReport) -> dict[str, Any]:
    rule = catalogue().get(rule_id)
    if rule is None:
        text = "A rule that this version does not know."
        return {"id": clipped(rule_id), "shortDescription": {"text": text}, "help": {"text": text}}
    references = "".join(f"\n\n{reference}" for reference in rule.references)
    level = next(reason.level for reason in report.decision.reasons if reason.finding.rule == rule_id)
    why, fix = sentence(rule.why), sentence(rule.fix)
    return {
        "id": rule.id,
        "shortDescription": {"text": sentence(rule.summary)},
        "fullDescription": {"text": why},
        "help": {
            "text": f"{why}\n\nWhat to do: {fix}{references}",
            "markdown": f"{why}\n\n**What to do:** {fix}{references}",
        },
        "defaultConfiguration": {"level": _LEVELS[level]},
        "properties": {
            "tags": ["security", rule.id.partition(".")[0]],
            "security-severity": _SCORES[rule.severity],
            "waivable": rule.waivable,
        },
    }


def _artifact(artifact: Artifact, report: AuditReport, style: Style) -> dict[str, Any]:
    found: dict[str, Any] = {
        "location": {"uri": relative_uri(file_spot(report, artifact.location, style).path)},
        "length": artifact.size,
        "properties": {
            "name": clipped(artifact.location.artifact),
            "format": artifact.format or "",
            "coverage": artifact.coverage.value,
            "reason": clipped(artifact.reason),
        },
    }
    if artifact.digest is not None:
        name = {"sha256": "sha-256", "sha1": "sha-1"}.get(
            artifact.digest.algorithm, artifact.digest.algorithm
        )
        found["hashes"] = {name: artifact.digest.hex}
    return found


class _Results:
    """The findings of one report as results."""

    def __init__(self, report: AuditReport, style: Style, rules: Mapping[str, int]) -> None:
        self._report = report
        self._style = style
        self._rules = rules
        self._files = {item.location.artifact: at for at, item in enumerate(files(report.artifacts))}
        self._bytes = excerpts(report)
        self._seen: Counter[str] = Counter()

    def one(self, reason: Reason) -> dict[str, Any]:
        """One finding."""
        finding = reason.finding
        text = f"{place(finding.location)}: {clipped(finding.message)} (fix: {clipped(finding.fix)})"
        found: dict[str, Any] = {
            "ruleId": clipped(finding.rule),
            "ruleIndex": self._rules[finding.rule],
            "level": _LEVELS[reason.level],
            "message": {"text": message(text)},
            "locations": [
                {
                    "physicalLocation": self._physical(finding.location),
                    "logicalLocations": [{"fullyQualifiedName": place(finding.location), "kind": "member"}],
                }
            ],
            "partialFingerprints": {"safeloadFinding/v1": fingerprint(reason, self._seen)},
            "properties": self._properties(reason),
        }
        if reason.waiver is not None:
            waiver = reason.waiver
            why = f"{waiver.id}: {waiver.reason} ({waiver.owner}, until {waiver.expires})"
            found["suppressions"] = [
                {"kind": "external", "status": "accepted", "justification": clipped(why)}
            ]
        return found

    def _physical(self, where: Location) -> dict[str, Any]:
        shown_at = spot(self._report, where, self._style)
        uri: dict[str, Any] = {"uri": relative_uri(shown_at.path)}
        region: dict[str, Any] = {"startLine": max(1, shown_at.line)}
        if shown_at.itself:
            uri["index"] = self._files[where.artifact]
            if where.offset is not None and not where.members:
                region |= {"byteOffset": where.offset, "byteLength": 0}
        return {"artifactLocation": uri, "region": region}

    def _properties(self, reason: Reason) -> dict[str, Any]:
        where = reason.finding.location
        found: dict[str, Any] = {
            "artifact": clipped(where.artifact),
            "members": [clipped(member) for member in where.members],
            "severity": reason.finding.severity.name.lower(),
            "setBy": clipped(reason.set_by),
            "inScope": reason.in_scope,
            "fix": clipped(reason.finding.fix),
        }
        if where.offset is not None:
            found["byteOffset"] = where.offset
        if where.key is not None:
            found["key"] = clipped(where.key)
        excerpt = self._bytes.get((where.artifact, where.members, where.offset))
        if excerpt is not None:
            found["bytes"] = {"start": excerpt.start, "hex": excerpt.data.hex()}
        return found


def fingerprint(reason: Reason, seen: Counter[str]) -> str:
    """What a finding is recognised by in the next report: not its byte, which moves.

    Findings that are alike in all else are numbered, so that no two of a report are taken for one.
    """
    finding = reason.finding
    where = finding.location
    parts = (finding.rule, where.artifact, *where.members, where.key or "", finding.message)
    data = "\0".join(parts).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(data).hexdigest()
    seen[digest] += 1
    return hashlib.sha256(f"{digest}:{seen[digest]}".encode()).hexdigest()
