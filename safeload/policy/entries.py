"""TOML text -> entries: each key that one file sets, with its line; and its overrides and waivers.

What is not understood is a problem with its line, and all of them are kept. Nothing is merged here and
nothing filled in: `extends` puts files together, `schema` gives them their meaning.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from safeload.core import Waiver, visible
from safeload.formats.toml_reader import TomlReader, type_name, unknown_word
from safeload.policy.keys import NEVER_WAIVED, lockable
from safeload.policy.patterns import pattern_problem
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from safeload.policy.keys import Key, Value

SCHEMA = 1
TOP = ("schema", "extends", "locked", "override", "waiver")
"""Keys that are no section of the table."""
WAIVER_KEYS = ("id", "rule", "subject", "sha256", "reason", "owner", "created", "expires")
OVERRIDE_KEYS = ("repos",)
_HEX = frozenset("0123456789abcdef")


@record
class Entry:
    """A value and the line that set it."""

    value: Value
    place: str
    """`policies/strict.toml:14`."""
    folder: str | None = None
    """Where the file lies, to which a folder that it names is relative."""
    over: Entry | None = None
    """What it stands in place of, from a file that this one extends."""


@record
class Override:
    """Keys that hold for some sources only."""

    repos: tuple[str, ...]
    entries: Mapping[str, Entry]
    place: str


@record
class WrittenWaiver:
    """A waiver, the day from which it counts, and the line that it starts on."""

    waiver: Waiver
    created: str
    place: str


@record
class Document:
    """All that one file says."""

    entries: Mapping[str, Entry]
    extends: tuple[str, ...] = ()
    locked: tuple[Entry, ...] = ()
    """Names of keys, or of all keys below a dot."""
    overrides: tuple[Override, ...] = ()
    waivers: tuple[WrittenWaiver, ...] = ()


def read_document(
    reader: TomlReader,
    keys: Mapping[str, Key],
    *,
    rule_ids: Collection[str],
    unwaivable: Collection[str],
    folder: str | None,
) -> Document:
    """Every key of a document; its problems stay with the reader."""
    document = reader.document
    sections = _sections(keys)
    reader.table(document, keys=(*TOP, *sections))
    schema = document.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        reader.wrong(("schema",), f"schema = {SCHEMA} is required: this version reads no other")
    locked = reader.strings(document, "locked")
    known = lockable(keys) if locked else frozenset()
    for name in locked:
        if name not in known:
            reader.wrong(("locked",), unknown_word("key to lock", name, known))
    place = reader.place("locked")
    return Document(
        entries=_entries(reader, document, (), keys, folder),
        extends=reader.strings(document, "extends"),
        locked=tuple(Entry(value=name, place=place) for name in locked),
        overrides=_overrides(reader, document, keys, folder),
        waivers=_waivers(reader, document, rule_ids, unwaivable),
    )


def _sections(keys: Mapping[str, Key]) -> dict[str, dict[str, str]]:
    """Section -> the names in it; a key without a section is one with no names."""
    sections: dict[str, dict[str, str]] = {}
    for key in keys:
        section, _, name = key.partition(".")
        names = sections.setdefault(section, {})
        if name:
            names[name] = key
    return sections


def _entries(
    reader: TomlReader,
    document: Mapping[str, Any],
    prefix: tuple[str, ...],
    keys: Mapping[str, Key],
    folder: str | None,
) -> dict[str, Entry]:
    """The keys of the sections below `prefix`."""
    found: dict[str, Entry] = {}

    def take(key: Key, value: object, path: tuple[str, ...]) -> None:
        problems = list(key.problems(value))
        for problem in problems:
            reader.wrong(path, problem)
        if not problems:
            kept: Any = tuple(value) if isinstance(value, list) else value
            found[key.name] = Entry(value=kept, place=reader.place(*path), folder=folder)

    for section, names in _sections(keys).items():
        if section not in document:
            continue
        if not names:
            take(keys[section], document[section], (*prefix, section))
        elif section == "rules":
            _rules(reader, document, prefix, keys, take)
        else:
            table = reader.table(document, *prefix, section, keys=names)
            for name, value in table.items():
                if name in names:
                    take(keys[names[name]], value, (*prefix, section, name))
    return found


def _rules(
    reader: TomlReader,
    document: Mapping[str, Any],
    prefix: tuple[str, ...],
    keys: Mapping[str, Key],
    take: Any,  # noqa: ANN401  the caller's function
) -> None:
    """The levels of [rules], whose keys are `family.name` or, quoted or not, tables of a family."""
    rules = [key.removeprefix("rules.") for key in keys if key.startswith("rules.")]
    families = {rule.partition(".")[0] for rule in rules}
    for family, names in reader.table(document, *prefix, "rules", keys=families).items():
        path = (*prefix, "rules", family)
        if family not in families:
            continue
        if not isinstance(names, dict):
            reader.wrong(path, f"rules.{family} is {type_name(names)}: levels belong to single rules")
            continue
        for name, value in names.items():
            rule = f"{family}.{name}"
            if reader.known((*path, name), rule, rules, "rule"):
                take(keys[f"rules.{rule}"], value, (*path, name))


def _tables(reader: TomlReader, document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The tables of an array of tables."""
    tables = document.get(name, [])
    if isinstance(tables, list) and all(isinstance(table, dict) for table in tables):
        return tables
    reader.wrong((name,), f"{name} is not written as [[{name}]]")
    return []


def _overrides(
    reader: TomlReader, document: Mapping[str, Any], keys: Mapping[str, Key], folder: str | None
) -> tuple[Override, ...]:
    allowed = {name: key for name, key in keys.items() if key.override}
    found = []
    for number, table in enumerate(_tables(reader, document, "override")):
        path = ("override", str(number))
        reader.table({path[1]: table}, *path, keys=(*OVERRIDE_KEYS, *_sections(allowed)))
        repos = reader.strings(table, *path, "repos")
        if not repos:
            reader.wrong(path, f"override {number + 1} names no repos")
        for pattern in repos:
            if (problem := pattern_problem(pattern)) is not None:
                reader.wrong((*path, "repos"), problem)
        entries = _entries(reader, table, path, allowed, folder)
        found.append(Override(repos=repos, entries=entries, place=reader.place(*path)))
    return tuple(found)


def _waivers(
    reader: TomlReader, document: Mapping[str, Any], rule_ids: Collection[str], unwaivable: Collection[str]
) -> tuple[WrittenWaiver, ...]:
    found: list[WrittenWaiver] = []
    seen: set[str] = set()
    for number, table in enumerate(_tables(reader, document, "waiver")):
        path = ("waiver", str(number))
        reader.table({path[1]: table}, *path, keys=WAIVER_KEYS)
        texts = {name: _text(reader, table, path, name, number) for name in WAIVER_KEYS[:6]}
        created, expires = (_day(reader, table, path, name, number) for name in WAIVER_KEYS[6:])
        if texts["id"] and texts["id"] in seen:
            reader.wrong((*path, "id"), f"there are two waivers {visible(texts['id'])}")
        seen.add(texts["id"])
        rule = texts["rule"]
        known = bool(rule) and reader.known((*path, "rule"), rule, rule_ids, "rule")
        if known and (rule in unwaivable or rule in NEVER_WAIVED):
            reader.wrong((*path, "rule"), f"nobody can waive {rule}")
        if texts["subject"] and (problem := subject_problem(texts["subject"])) is not None:
            reader.wrong((*path, "subject"), problem)
        if texts["sha256"] and not is_sha256(texts["sha256"]):
            reader.wrong((*path, "sha256"), "sha256 is not 64 hexadecimal digits, lower case")
        if created is not None and expires is not None:
            if expires < created:
                reader.wrong((*path, "expires"), f"waiver {number + 1} ends before it starts")
            waiver = Waiver(**texts, expires=expires.isoformat())
            place = reader.place(*path)
            found.append(WrittenWaiver(waiver=waiver, created=created.isoformat(), place=place))
    return tuple(found)


def _text(reader: TomlReader, table: Mapping[str, Any], path: tuple[str, ...], name: str, number: int) -> str:
    value = reader.string(table, *path, name)
    if value is None or not value.strip():
        if name not in table or value is not None:
            reader.wrong((*path, name), f"waiver {number + 1} has no {name}")
        return ""
    return value


def _day(
    reader: TomlReader, table: Mapping[str, Any], path: tuple[str, ...], name: str, number: int
) -> dt.date | None:
    value = table.get(name)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    reader.wrong((*path, name), f"waiver {number + 1} has no {name} that is a date, as 2027-02-15")
    return None


def subject_problem(subject: str) -> str | None:
    """What is wrong with the subject of a waiver: a pattern of sources, with or without a commit."""
    pattern, at, commit = subject.partition("@") if not subject.startswith("file:") else (subject, "", "")
    if at and not (len(commit) == 40 and _HEX.issuperset(commit)):
        return f"{visible(subject)} does not end in a commit: write all 40 hexadecimal digits, lower case"
    return pattern_problem(pattern)


def is_sha256(text: str) -> bool:
    """Whether this is the sha256 of something."""
    return len(text) == 64 and _HEX.issuperset(text)
