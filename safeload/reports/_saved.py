"""A JSON report (`safeload/report/v2`, json_v2.py) -> AuditReport, so that it can be rendered again.

A report travels through artifact stores and mail, so it is read like anything else that others may have
written: strict JSON within budgets, every key there, no key more, every value of its type and in its
closed set, and nothing that contradicts itself. Nothing is decided again: a report proves nothing, and
a load never rests on one. Only FormatError leaves this module, whatever the bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

from safeload.core import (
    Artifact,
    AuditReport,
    Coverage,
    Decision,
    Digest,
    Evidence,
    Excerpt,
    Fact,
    Finding,
    Level,
    Location,
    Manifest,
    ManifestEntry,
    Reason,
    Role,
    Scope,
    Severity,
    Status,
    Verdict,
    Waiver,
)
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.json_strict import parse_json
from safeload.limits import DEFAULT_LIMITS, REPORT_BYTES
from safeload.record import fields, record, replace
from safeload.reports._words import by_coverage, files
from safeload.reports.json_v2 import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import Enum

    from safeload.limits import Limits

MOST_REPORTS = 1_000
"""Reports in one file: an audit of several subjects writes a list."""
MOST_EXCERPT = 4_096
"""Bytes of one excerpt; ours have 64."""

_DEPTH = 128
"""A fact may repeat a value of a document that is itself `json_depth` deep."""
_HEX = re.compile(r"(?:[0-9a-f]{2})*\Z")
_DIGEST = re.compile(r"([a-z0-9]{1,16}):([0-9a-f]{32,128})\Z")

E = TypeVar("E", bound="Enum")


class NotAReport(FormatError):
    """JSON that is neither an object with a schema nor a list of such objects."""


class ReportSchemaUnknown(FormatError):
    """A schema of another version, or of something else."""


class ReportKeyMissing(FormatError):
    """An object without a key that each of its kind has."""


class ReportKeyUnknown(FormatError):
    """An object with a key that none of its kind has."""


class ReportTypeWrong(FormatError):
    """A value of another type than its key has."""


class ReportValueWrong(FormatError):
    """A value outside the closed set, or the range, of its key."""


class ReportContradictory(FormatError):
    """Parts of a report that cannot both be true: an ALLOW with denials, sums that do not add up."""


class TooManyReports(LimitExceeded):
    """More reports in one file than `MOST_REPORTS`."""


@record
class Saved:
    """A report as it was read back."""

    report: AuditReport
    version: str
    """Version of safeload that wrote it."""


def parse_reports(
    data: bytes, limits: Limits = DEFAULT_LIMITS, *, most: int = REPORT_BYTES
) -> tuple[Saved, ...]:
    """The reports that a file holds.

    Args:
        data: the file.
        limits: budgets of its items and numbers.
        most: bytes that it may have.

    Raises:
        FormatError: a class of this module or of json_strict, for whatever is wrong with `data`.
    """
    budgets = replace(limits, json_bytes=most, json_depth=_DEPTH)
    document = parse_json(data, budgets, surrogates=True)
    if isinstance(document, list):
        if len(document) > MOST_REPORTS:
            raise TooManyReports(f"{len(document)} reports, more than {MOST_REPORTS}")
        if not document:
            raise NotAReport("a list without any report")
        return tuple(_saved(_At(item, f"report {index}")) for index, item in enumerate(document))
    return (_saved(_At(document, "the report")),)


class _At(NamedTuple):
    """A value and where it stands, for messages."""

    value: Any
    where: str

    def wrong(self, expected: str) -> NoReturn:
        raise ReportTypeWrong(f"{self.where} is not {expected}")

    def fields(self, *names: str) -> list[_At]:
        """The values of an object that has exactly these keys, in this order."""
        if not isinstance(self.value, dict):
            self.wrong("an object")
        for name in names:
            if name not in self.value:
                raise ReportKeyMissing(f"{self.where} has no {name}")
        if len(self.value) > len(names):
            extra = next(key for key in self.value if key not in names)
            raise ReportKeyUnknown(
                f"{self.where} has the key {extra[:60]!r}, which this version does not know"
            )
        return [_At(self.value[name], f"{self.where}, {name}") for name in names]

    def items(self) -> list[_At]:
        if not isinstance(self.value, list):
            self.wrong("a list")
        return [_At(item, f"{self.where} {index}") for index, item in enumerate(self.value)]

    def text(self) -> str:
        return self.value if isinstance(self.value, str) else self.wrong("a string")

    def texts(self) -> tuple[str, ...]:
        return tuple(item.text() for item in self.items())

    def maybe_text(self) -> str | None:
        return None if self.value is None else self.text()

    def flag(self) -> bool:
        return self.value if isinstance(self.value, bool) else self.wrong("true or false")

    def whole(self) -> int:
        if type(self.value) is not int:
            self.wrong("an integer")
        if self.value < 0:
            raise ReportValueWrong(f"{self.where} is negative")
        return self.value

    def maybe_whole(self) -> int | None:
        return None if self.value is None else self.whole()

    def one_of(self, kind: type[E]) -> E:
        try:
            return kind(self.text())
        except ValueError:
            raise self._outside() from None

    def severity(self) -> Severity:
        found = Severity.__members__.get(self.text().upper())
        if found is None or self.value != self.value.lower():
            raise self._outside()
        return found

    def digest(self) -> Digest:
        match = _DIGEST.match(self.text())
        if match is None:
            raise ReportValueWrong(f"{self.where} is no digest")
        return Digest(hex=match[2], algorithm=match[1])

    def _outside(self) -> FormatError:
        return ReportValueWrong(f"{self.where} is {self.value[:60]!r}, which is none of its values")


def _saved(at: _At) -> Saved:
    if not isinstance(at.value, dict) or not isinstance(at.value.get("schema"), str):
        raise NotAReport(f"{at.where} is no object with a schema")
    if at.value["schema"] != SCHEMA:
        raise ReportSchemaUnknown(
            f"{at.where} has the schema {at.value['schema'][:60]!r}, and {SCHEMA} is read"
        )
    (
        _, tool, subject, commit, excluded, lock, scope, verdict, inconclusive, quick, policy, summary,
        reasons, artifacts, evidence, facts, excerpts, explanations, rooms,
    ) = at.fields(
        "schema", "tool", "subject", "commit", "excluded", "lock", "scope", "verdict", "inconclusive",
        "quick", "policy", "summary", "reasons", "artifacts", "evidence", "facts", "excerpts",
        "explanations", "rooms",
    )  # fmt: skip
    _, version = tool.fields("name", "version")
    scope_name, roles = scope.fields("name", "roles")
    policy_name, policy_source, policy_digest = policy.fields("name", "source", "digest")
    decision = Decision(
        verdict=verdict.one_of(Verdict),
        inconclusive=inconclusive.flag(),
        subject=subject.text(),
        scope=Scope(name=scope_name.text(), roles=frozenset(item.one_of(Role) for item in roles.items())),
        reasons=tuple(_reason(item) for item in reasons.items()),
        artifacts=tuple(_artifact(item) for item in artifacts.items()),
        evidence=tuple(_evidence(item) for item in evidence.items()),
        policy_name=policy_name.text(),
        policy_source=policy_source.text(),
        policy_digest=policy_digest.digest(),
    )
    held, lines = _lock(lock)
    report = AuditReport(
        decision=decision,
        manifest=Manifest(
            uri=decision.subject,
            entries=tuple(
                ManifestEntry(path=item.location.artifact, size=item.size, role=item.role)
                for item in files(decision.artifacts)
            ),
            commit=commit.maybe_text(),
            excluded=excluded.texts(),
        ),
        facts=tuple(fact for group in facts.items() for fact in _facts(group)),
        explanations=_explanations(explanations),
        quick=quick.flag(),
        rooms=tuple(room.texts() for room in rooms.items()),
        excerpts=tuple(_excerpt(item) for item in excerpts.items()),
        lock=held,
        lock_lines=lines,
    )
    _agree(report, summary)
    return Saved(report=report, version=version.text())


def _lock(at: _At) -> tuple[str | None, Mapping[str, int]]:
    if at.value is None:
        return None, {}
    source, lines = at.fields("source", "lines")
    if not isinstance(lines.value, dict):
        lines.wrong("an object")
    return source.text(), {
        path: _At(line, f"{lines.where}, an entry").whole() for path, line in lines.value.items()
    }


def _agree(report: AuditReport, summary: _At) -> None:
    """Raise where the verdict is not that of the reasons, or the sums are not those of the lists."""
    decision = report.decision
    if (decision.verdict is Verdict.DENY) != bool(decision.denials):
        raise ReportContradictory(
            f"the verdict is {decision.verdict.value}, with {len(decision.denials)} denying findings"
        )
    if decision.inconclusive and decision.verdict is not Verdict.DENY:
        raise ReportContradictory("inconclusive, and the verdict is not DENY")
    top = files(decision.artifacts)
    expected = {
        "files": len(top),
        "coverage": by_coverage(top),
        "denied": len(decision.denials),
        "warnings": len(decision.warnings),
        "findings": len(decision.reasons),
    }
    for name, item in zip(expected, summary.fields(*expected), strict=True):
        if item.value != expected[name]:
            raise ReportContradictory(f"{item.where} is not the sum of what the report lists")


def _location(at: _At) -> Location:
    artifact, members, offset, key = at.fields("artifact", "members", "offset", "key")
    return Location(
        artifact=artifact.text(), members=members.texts(), offset=offset.maybe_whole(), key=key.maybe_text()
    )


def _reason(at: _At) -> Reason:
    rule, level, severity, message, location, fix, waivable, set_by, in_scope, waiver = at.fields(
        "rule", "level", "severity", "message", "location", "fix", "waivable", "set_by", "in_scope", "waiver"
    )
    finding = Finding(
        rule=rule.text(),
        severity=severity.severity(),
        message=message.text(),
        location=_location(location),
        fix=fix.text(),
        waivable=waivable.flag(),
    )
    found = Reason(
        finding=finding,
        level=level.one_of(Level),
        set_by=set_by.text(),
        in_scope=in_scope.flag(),
        waiver=None if waiver.value is None else _waiver(waiver),
    )
    if found.waiver is not None and (found.level is Level.DENY or not finding.waivable):
        raise ReportContradictory(f"{at.where} is waived and denied, or is one that nobody can waive")
    return found


def _waiver(at: _At) -> Waiver:
    names = fields(Waiver)
    return Waiver(**{name: item.text() for name, item in zip(names, at.fields(*names), strict=True)})


def _artifact(at: _At) -> Artifact:
    location, size, role, form, coverage, reason, digest = at.fields(
        "location", "size", "role", "format", "coverage", "reason", "digest"
    )
    return Artifact(
        location=_location(location),
        size=size.whole(),
        role=role.one_of(Role),
        format=form.maybe_text(),
        coverage=coverage.one_of(Coverage),
        reason=reason.text(),
        digest=None if digest.value is None else digest.digest(),
    )


def _evidence(at: _At) -> Evidence:
    names = fields(Evidence)
    found: dict[str, Any] = {}
    for name, item in zip(names, at.fields(*names), strict=True):
        if name == "status":
            found[name] = item.one_of(Status)
        else:
            found[name] = item.maybe_text() if name == "time" else item.text()
    return Evidence(**found)


def _facts(at: _At) -> list[Fact]:
    artifact, members, listed = at.fields("artifact", "members", "facts")
    place = Location(artifact=artifact.text(), members=members.texts())
    found = []
    for item in listed.items():
        kind, offset, key, data = item.fields("kind", "offset", "key", "data")
        where = place.at(offset=offset.maybe_whole(), key=key.maybe_text())
        if not isinstance(data.value, dict):
            data.wrong("an object")
        found.append(Fact(kind=kind.text(), location=where, data=data.value))
    return found


def _excerpt(at: _At) -> Excerpt:
    location, start, digits = at.fields("location", "start", "hex")
    text = digits.text()
    if len(text) > 2 * MOST_EXCERPT or _HEX.match(text) is None:
        raise ReportValueWrong(f"{digits.where} is no hexadecimal, or longer than {MOST_EXCERPT} bytes")
    return Excerpt(location=_location(location), start=start.whole(), data=bytes.fromhex(text))


def _explanations(at: _At) -> Mapping[str, str]:
    if not isinstance(at.value, dict):
        at.wrong("an object")
    return {key: _At(item, f"{at.where}, an entry").text() for key, item in at.value.items()}
