"""Tests of policies: a TOML file of cases, each with facts, an instant, and what has to be decided.

    policy = "../strict.toml"             of all cases that name none: a file, or safeload:strict
    now = 2026-12-01                      likewise

    [[test]]
    name = "a branch is refused"
    report = "reports/bert.json"          recorded by `safeload audit --format json`
    set = { "source.revision.pinned" = false }
    expect = "deny"                       allow | warn | deny | inconclusive
    rules = ["source.unpinned"]           among those that warn or deny
    denied = ["source.unpinned"]          exactly those that deny
    waived = []                           exactly those that are waived

Instead of a report, a case can state things itself: `subject`, `[[test.file]]` (path, format, coverage,
sha256, role), `[[test.fact]]` (kind, at, key, data) and `[[test.evidence]]` (kind, status, level, ...).
Nothing is read or decided here: whoever runs the cases has the files and the rules.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from safeload.core import Artifact, Coverage, Digest, Evidence, Fact, Location, Role, Status, visible
from safeload.errors import UsageError
from safeload.formats.toml_reader import NotToml, TomlReader, unknown_word
from safeload.policy.entries import is_sha256
from safeload.policy.keys import REQUIREMENTS
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from enum import Enum

EXPECTATIONS = ("allow", "warn", "deny", "inconclusive")
_TEST = (
    "name", "policy", "report", "now", "set", "expect", "rules", "denied", "waived", "subject", "file",
    "fact", "evidence", "break-glass",
)  # fmt: skip
_FILE = ("path", "format", "coverage", "reason", "sha256", "role", "size", "members")
_FACT = ("kind", "at", "key", "data", "members")
_EVIDENCE = ("kind", "status", "subject", "detail", "code", "level", "required", "required_by", "key")
_DAY = 86_400


class TestsInvalid(UsageError):
    """A file of tests that cannot be understood."""


@record
class Case:
    """One test."""

    name: str
    place: str
    policy: str
    """A file relative to the file of tests, or a built-in."""
    report: str | None
    """A file likewise, or None where the case states things itself."""
    now: float
    expect: str
    rules: tuple[str, ...]
    denied: tuple[str, ...] | None
    waived: tuple[str, ...] | None
    values: Mapping[str, Any]
    """Data of facts that it replaces."""
    subject: str
    artifacts: tuple[Artifact, ...]
    facts: tuple[Fact, ...]
    evidence: tuple[Evidence, ...]
    break_glass: str | None


def parse_tests(
    text: str,
    *,
    source: str,
    rule_ids: Collection[str],
    fact_kinds: Collection[str],
    role_of: Callable[[str], Role],
) -> tuple[Case, ...]:
    """Read a file of tests.

    Args:
        text: the TOML document.
        source: the file as messages name it.
        rule_ids: every rule that exists.
        fact_kinds: every kind of fact.
        role_of: the part that a file of this name plays, where the case does not say.

    Raises:
        TestsInvalid: with every problem of the text.
    """
    try:
        reader = TomlReader(text, source)
    except NotToml as error:
        raise TestsInvalid(error.detail) from None
    document = reader.document
    reader.table(document, keys=("policy", "now", "test"))
    tables = document.get("test", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        reader.wrong(("test",), "test is not written as [[test]]")
        tables = []
    parser = _Parser(reader, rule_ids, fact_kinds, role_of)
    cases = [parser.case(table, number) for number, table in enumerate(tables)]
    names = [case.name for case in cases]
    for number, name in enumerate(names):
        if name in names[:number]:
            reader.wrong(("test", str(number), "name"), f"there are two tests {visible(name)}")
    if reader.problems:
        raise TestsInvalid("\n".join(reader.problems))
    return tuple(cases)


class _Parser:
    """Cases of one document; what is wrong stays with its reader."""

    def __init__(
        self,
        reader: TomlReader,
        rule_ids: Collection[str],
        fact_kinds: Collection[str],
        role_of: Callable[[str], Role],
    ) -> None:
        self._reader = reader
        self._rule_ids = rule_ids
        self._fact_kinds = fact_kinds
        self._role_of = role_of

    def case(self, table: Mapping[str, Any], number: int) -> Case:
        """One [[test]]."""
        reader, path = self._reader, ("test", str(number))
        reader.table({path[1]: table}, *path, keys=_TEST)
        document = {**reader.document, **table}
        policy = reader.string(document, *path, "policy")
        now = _instant(document.get("now"))
        if policy is None:
            reader.wrong(path, f"test {number + 1} names no policy")
        if now is None:
            reader.wrong(path, f"test {number + 1} has no now that is a date, or a time with its offset")
        expect = reader.choice(table, *path, "expect", words=EXPECTATIONS)
        if "expect" not in table:
            reader.wrong(path, f"test {number + 1} expects nothing")
        values = table.get("set", {})
        if not isinstance(values, dict):
            reader.wrong((*path, "set"), "set is not a table")
            values = {}
        return Case(
            name=reader.string(table, *path, "name") or f"test {number + 1}",
            place=reader.place(*path),
            policy=policy or "",
            report=reader.string(table, *path, "report"),
            now=now or 0.0,
            expect=expect or "",
            rules=self._rules(table, path, "rules") or (),
            denied=self._rules(table, path, "denied"),
            waived=self._rules(table, path, "waived"),
            values=values,
            subject=reader.string(table, *path, "subject") or "file:/model",
            artifacts=tuple(self._artifact(item, where) for item, where in self._tables(table, path, "file")),
            facts=tuple(self._fact(item, where) for item, where in self._tables(table, path, "fact")),
            evidence=tuple(
                self._evidence(item, where) for item, where in self._tables(table, path, "evidence")
            ),
            break_glass=reader.string(table, *path, "break-glass"),
        )

    def _rules(self, table: Mapping[str, Any], path: tuple[str, ...], name: str) -> tuple[str, ...] | None:
        if name not in table:
            return None
        listed = self._reader.strings(table, *path, name)
        for rule in listed:
            self._reader.known((*path, name), rule, self._rule_ids, "rule")
        return listed

    def _tables(
        self, table: Mapping[str, Any], path: tuple[str, ...], name: str
    ) -> Sequence[tuple[Mapping[str, Any], tuple[str, ...]]]:
        items = table.get(name, [])
        if isinstance(items, list) and all(isinstance(item, dict) for item in items):
            return [(item, (*path, name)) for item in items]
        self._reader.wrong((*path, name), f"{name} is not written as [[test.{name}]]")
        return []

    def _keys(self, item: Mapping[str, Any], path: tuple[str, ...], keys: Sequence[str]) -> None:
        for key in item:
            if key not in keys:
                self._reader.wrong(path, unknown_word(f"key in [[test.{path[-1]}]]", key, keys))

    def _artifact(self, item: Mapping[str, Any], path: tuple[str, ...]) -> Artifact:
        self._keys(item, path, _FILE)
        name = self._text(item, path, "path")
        sha256 = self._text(item, path, "sha256", "0" * 64)
        if not is_sha256(sha256):
            self._reader.wrong(path, "sha256 is not 64 hexadecimal digits, lower case")
        size = item.get("size", 0)
        return Artifact(
            location=Location(artifact=name, members=self._members(item, path)),
            size=size if type(size) is int else 0,
            role=self._word(item, path, "role", self._role_of(name)),
            format=self._text(item, path, "format", "safetensors") or None,
            coverage=self._word(item, path, "coverage", Coverage.SCANNED),
            reason=self._text(item, path, "reason", ""),
            digest=Digest(hex=sha256),
        )

    def _fact(self, item: Mapping[str, Any], path: tuple[str, ...]) -> Fact:
        self._keys(item, path, _FACT)
        kind = self._text(item, path, "kind")
        if kind not in self._fact_kinds:
            self._reader.wrong(path, unknown_word("kind of fact", kind, self._fact_kinds))
        data = item.get("data", {})
        if not isinstance(data, dict):
            self._reader.wrong(path, "data is not a table")
            data = {}
        key = self._text(item, path, "key", "") or None
        at = self._text(item, path, "at", "config.json")
        return Fact(
            kind=kind, location=Location(artifact=at, members=self._members(item, path), key=key), data=data
        )

    def _evidence(self, item: Mapping[str, Any], path: tuple[str, ...]) -> Evidence:
        self._keys(item, path, _EVIDENCE)
        level = self._text(item, path, "level", "none")
        if level not in REQUIREMENTS:
            self._reader.wrong(path, f"level is {visible(level)!r}: use {' or '.join(REQUIREMENTS)}")
        more = {name: self._text(item, path, name, "") for name in ("code", "required_by", "key")}
        return Evidence(
            kind=self._text(item, path, "kind"),
            status=self._word(item, path, "status", Status.ABSENT),
            subject=self._text(item, path, "subject", "commit"),
            detail=self._text(item, path, "detail", "as the test says"),
            level=level,
            required=self._text(item, path, "required", "none"),
            **more,
        )

    def _members(self, item: Mapping[str, Any], path: tuple[str, ...]) -> tuple[str, ...]:
        return self._reader.strings(item, *path, "members")

    def _text(
        self, item: Mapping[str, Any], path: tuple[str, ...], name: str, default: str | None = None
    ) -> str:
        value = item.get(name, default)
        if isinstance(value, str):
            return value
        self._reader.wrong(path, f"{path[-1]} has no {name}, or one that is no string")
        return ""

    def _word(self, item: Mapping[str, Any], path: tuple[str, ...], name: str, default: Any) -> Any:  # noqa: ANN401  an Enum
        words: dict[str, Enum] = {member.value: member for member in type(default)}
        value = item.get(name, default.value)
        if value not in words:
            self._reader.wrong(path, f"{name} is {visible(str(value))!r}: use {' or '.join(words)}")
            return default
        return words[value]


def _instant(value: object) -> float | None:
    """Seconds since 1970; a day is its noon in UTC."""
    if isinstance(value, dt.datetime):
        return value.timestamp() if value.tzinfo is not None else None
    if isinstance(value, dt.date):
        return (value - dt.date(1970, 1, 1)).days * float(_DAY) + _DAY / 2
    return None
