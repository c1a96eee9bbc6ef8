"""TOML text -> Policy: what a policy may say, and every way in which it may be wrong.

A policy is text that someone has reviewed, so whatever is not understood is an error: unknown keys,
unknown rules, wrong types. All of them are reported at once, each with file and line and, where one is
near, the word that was meant. No file is read here, and pydantic is not imported: this is the load
path. The meaning of each key stands at `Policy`; what is left out takes the strictest value, so an
empty policy denies.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from safeload.core import Digest, Level, visible
from safeload.errors import UsageError
from safeload.formats.families import FORMATS
from safeload.formats.packs import NAMES as PACKS
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.policy.toml_lines import key_lines, line_of
from safeload.record import fields, record, replace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

SCHEMA = 1
ISOLATION = ("native", "all")
"""Where files are read: by our own parsers in this process, or everything in child processes."""
REQUIREMENTS = ("none", "pin", "hub", "publisher")
"""What provenance may be required, from nothing to most."""
LIMIT_CEILING = 16
"""A policy may raise a budget to this many times its default, and lower it to 1."""
UNKNOWN_RULES = frozenset({"artifact.not-read", "artifact.unrecognised", "limits.exceeded"})
"""Rules that say that something is not known. Where [rules] leaves them out, `unknown` decides."""
LATER = frozenset({"extends", "locked", "override", "waiver", "waivers"})
"""Keys of later versions: named so that nobody believes that they have an effect."""

_STRICTNESS = {Level.ALLOW: 0, Level.WARN: 1, Level.DENY: 2}


class PolicyInvalid(UsageError):
    """A policy that does not follow the schema. `problems` holds each error with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@record
class Setting:
    """A level and the policy line that set it."""

    level: Level
    set_by: str
    """`policies/default.toml:14`, or the file with the reason why no line of it applies."""


@record
class Policy:
    """A resolved policy."""

    name: str
    description: str
    source: str
    """The file as messages name it."""
    rules: Mapping[str, Setting]
    """Levels of the rules that [rules] names."""
    unknown: Setting
    """Level of what could not be read or recognised, where [rules] does not name its rule."""
    outside_scope: Setting
    """WARN: a denying finding on a file that the load does not hand out becomes a warning."""
    formats: frozenset[str]
    """Formats that may be handed out; empty: nothing may."""
    formats_set_by: str
    packs: frozenset[str]
    """Packs of inert pickle records that are accepted."""
    limits: Limits
    require: str
    """One of REQUIREMENTS."""
    require_set_by: str
    trust_store: str | None
    """Folder with trusted keys, relative to the policy file."""
    isolation: str = ISOLATION[0]
    """One of ISOLATION."""

    def setting(self, rule: str) -> Setting:
        """The level of a rule. A rule that the policy does not name is denied."""
        named = self.rules.get(rule)
        if named is not None:
            return named
        if rule in UNKNOWN_RULES:
            return self.unknown
        return Setting(level=Level.DENY, set_by=f"{self.source} (names no level for it, so it is denied)")

    @property
    def digest(self) -> Digest:
        """Digest of what the policy means: comments, order, names and places do not count.

        Rules at `deny` are left out, since they mean the same as rules that are not named.
        """
        unknown = dict.fromkeys(UNKNOWN_RULES, self.unknown.level)
        levels = unknown | {rule: setting.level for rule, setting in self.rules.items()}
        meaning = {
            "schema": SCHEMA,
            "rules": {rule: level.value for rule, level in levels.items() if level is not Level.DENY},
            "unknown": self.unknown.level.value,
            "outside-scope": self.outside_scope.level.value,
            "formats": sorted(self.formats),
            "packs": sorted(self.packs),
            "limits": {
                name: value
                for name in fields(Limits)
                if (value := getattr(self.limits, name)) != getattr(DEFAULT_LIMITS, name)
            },
            "require": self.require,
            "trust-store": self.trust_store,
        }
        if self.isolation != ISOLATION[0]:
            meaning["isolation"] = self.isolation
        text = json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return Digest(hex=hashlib.sha256(text.encode()).hexdigest())


def strictest(first: Setting, second: Setting) -> Setting:
    """The stricter of two settings; the first one where they agree."""
    return second if _STRICTNESS[second.level] > _STRICTNESS[first.level] else first


def parse_policy(
    text: str, *, source: str, rule_ids: Collection[str], unwaivable: Collection[str] = ()
) -> Policy:
    """Read a policy.

    Args:
        text: the TOML document.
        source: the file as messages shall name it.
        rule_ids: every rule that exists.
        unwaivable: the rules among them that no policy may set below `deny`.

    Raises:
        PolicyInvalid: with every problem of the text, each with file and line.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyInvalid([_not_toml(source, str(error))]) from None
    reader = _Reader(source, key_lines(text))
    policy = _read(reader, document, rule_ids, unwaivable)
    if reader.problems:
        raise PolicyInvalid([problem for _, problem in sorted(reader.problems)])
    return policy


def _not_toml(source: str, message: str) -> str:
    """The parser's message with its line where an editor looks for it."""
    found = re.search(r"(.*) \(at line (\d+), column \d+\)", message)
    if found is None:
        return f"{source}: not TOML: {visible(message)}"
    return f"{source}:{found[2]}: not TOML: {visible(found[1])}"


class _Reader:
    """Takes typed values out of the document and keeps what was wrong with them."""

    def __init__(self, source: str, lines: Mapping[tuple[str, ...], int]) -> None:
        self.source = source
        self.lines = lines
        self.problems: list[tuple[int, str]] = []

    def place(self, *path: str) -> str:
        return f"{self.source}:{line_of(self.lines, path)}"

    def wrong(self, path: tuple[str, ...], what: str) -> None:
        line = line_of(self.lines, path)
        self.problems.append((line, f"{self.source}:{line}: {what}"))

    def known(self, path: tuple[str, ...], word: str, words: Collection[str], what: str) -> bool:
        """Whether `word` is one of `words`; if not, that is a problem."""
        if word in words:
            return True
        # imported for the message only: most policies have no mistake
        from difflib import get_close_matches

        near = get_close_matches(word, sorted(words), n=1, cutoff=0.75)
        hint = f"; did you mean {near[0]}?" if near else ""
        self.wrong(path, f"unknown {what} {visible(word)}{hint}")
        return False

    def table(self, document: Mapping[str, Any], *path: str, keys: Collection[str]) -> Mapping[str, Any]:
        """A table with these keys and no others; empty where it is left out."""
        value = document.get(path[-1], {}) if path else document
        name = ".".join(path)
        if not isinstance(value, dict):
            self.wrong(path, f"{name} is {_type(value)}, not a table")
            return {}
        for key in value:
            if not path and key in LATER:
                self.wrong((key,), f"{key} is not supported by this version")
            else:
                self.known((*path, key), key, keys, f"key in [{name}]" if path else "key")
        return value

    def string(self, table: Mapping[str, Any], *path: str) -> str | None:
        """A string, or None where it is left out."""
        value = table.get(path[-1])
        if value is None or isinstance(value, str):
            return value
        self.wrong(path, f"{'.'.join(path)} is {_type(value)}, not a string")
        return None

    def choice(self, table: Mapping[str, Any], *path: str, words: Sequence[str]) -> str | None:
        """One of some words, or None where it is left out."""
        value = self.string(table, *path)
        if value is not None and value not in words:
            self.wrong(path, f"{'.'.join(path)} is {visible(value)!r}: use {' or '.join(words)}")
            return None
        return value

    def level(self, table: Mapping[str, Any], *path: str, words: Sequence[str]) -> Setting:
        """A level with its line; deny where it is left out."""
        word = self.choice(table, *path, words=words)
        if word is None:
            return Setting(level=Level.DENY, set_by=f"{self.source} ({'.'.join(path)} is not set, so deny)")
        return Setting(level=Level(word), set_by=self.place(*path))

    def strings(self, table: Mapping[str, Any], *path: str) -> tuple[str, ...]:
        """A list of different strings; empty where it is left out."""
        value = table.get(path[-1], [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.wrong(path, f"{'.'.join(path)} is not a list of strings")
            return ()
        if len(set(value)) != len(value):
            self.wrong(path, f"{'.'.join(path)} names something twice")
        return tuple(value)


def _read(
    reader: _Reader, document: Mapping[str, Any], rule_ids: Collection[str], unwaivable: Collection[str]
) -> Policy:
    top = (
        "schema", "name", "description", "isolation", "defaults", "rules", "formats", "pickle", "limits",
        "provenance",
    )  # fmt: skip
    reader.table(document, keys=top)
    schema = document.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        reader.wrong(
            ("schema",),
            f"schema = {SCHEMA} is required: this version reads no other",
        )
    defaults = reader.table(document, "defaults", keys=("unknown", "outside-scope"))
    formats = reader.table(document, "formats", keys=("allow",))
    pickle = reader.table(document, "pickle", keys=("packs",))
    provenance = reader.table(document, "provenance", keys=("require", "trust-store"))
    packs = reader.strings(pickle, "pickle", "packs")
    for name in packs:
        reader.known(("pickle", "packs"), name, PACKS, "pack")
    allow = reader.strings(formats, "formats", "allow")
    for name in allow:
        reader.known(("formats", "allow"), name, FORMATS, "format")
    return Policy(
        name=reader.string(document, "name") or reader.source,
        description=reader.string(document, "description") or "",
        source=reader.source,
        rules=_rules(reader, document, rule_ids, unwaivable),
        unknown=reader.level(defaults, "defaults", "unknown", words=("deny", "warn")),
        outside_scope=reader.level(defaults, "defaults", "outside-scope", words=("deny", "warn")),
        formats=frozenset(allow),
        formats_set_by=reader.place("formats", "allow") if "allow" in formats else reader.source,
        packs=frozenset(packs),
        limits=_limits(reader, document),
        require=reader.choice(provenance, "provenance", "require", words=REQUIREMENTS) or "none",
        require_set_by=reader.place("provenance", "require") if "require" in provenance else reader.source,
        trust_store=reader.string(provenance, "provenance", "trust-store"),
        isolation=reader.choice(document, "isolation", words=ISOLATION) or ISOLATION[0],
    )


def _rules(
    reader: _Reader, document: Mapping[str, Any], rule_ids: Collection[str], unwaivable: Collection[str]
) -> dict[str, Setting]:
    """The levels of [rules], whose keys are `family.name` or, quoted or not, tables of a family."""
    rules: dict[str, Setting] = {}
    families = {rule.partition(".")[0] for rule in rule_ids}
    for family, names in reader.table(document, "rules", keys=families).items():
        if family not in families:
            continue
        if not isinstance(names, dict):
            reader.wrong(
                ("rules", family), f"rules.{family} is {_type(names)}: levels belong to single rules"
            )
            continue
        for name in names:
            rule = f"{family}.{name}"
            path = ("rules", family, name)
            if not reader.known(path, rule, rule_ids, "rule"):
                continue
            setting = reader.level(names, *path, words=("deny", "warn", "allow"))
            if rule in unwaivable and setting.level is not Level.DENY:
                reader.wrong(path, f"{rule} cannot be set below deny: nobody can waive it")
            rules[rule] = setting
    return rules


def _limits(reader: _Reader, document: Mapping[str, Any]) -> Limits:
    """The budgets, from 1 to LIMIT_CEILING times their defaults."""
    names = {name.replace("_", "-"): name for name in fields(Limits)}
    changed: dict[str, int] = {}
    for key, value in reader.table(document, "limits", keys=names).items():
        if key not in names:
            continue
        most = LIMIT_CEILING * getattr(DEFAULT_LIMITS, names[key])
        if type(value) is not int:
            reader.wrong(("limits", key), f"limits.{key} is {_type(value)}, not a whole number")
        elif not 1 <= value <= most:
            reader.wrong(("limits", key), f"limits.{key} is {value}: it may be 1 to {most}")
        else:
            changed[names[key]] = value
    return replace(DEFAULT_LIMITS, **changed)


def _type(value: object) -> str:
    words = {str: "a string", bool: "a boolean", int: "a whole number", list: "a list", dict: "a table"}
    return words.get(type(value), f"a {type(value).__name__}")
