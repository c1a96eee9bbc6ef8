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
from typing import TYPE_CHECKING, Any

from safeload.core import Digest, Level
from safeload.errors import UsageError
from safeload.formats.families import FORMATS
from safeload.formats.packs import PACKS
from safeload.formats.toml_reader import NotToml, TomlReader, type_name
from safeload.limits import DEFAULT_LIMITS, Limits
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
    """Folder with trusted keys, as the policy writes it: relative to its file."""
    trust_store_path: str | None
    """The same folder, as the process finds it."""
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
    text: str,
    *,
    source: str,
    rule_ids: Collection[str],
    unwaivable: Collection[str] = (),
    folder: str | None = None,
) -> Policy:
    """Read a policy.

    Args:
        text: the TOML document.
        source: the file as messages shall name it.
        rule_ids: every rule that exists.
        unwaivable: the rules among them that no policy may set below `deny`.
        folder: where the file lies; the trust store that it names is relative to it.

    Raises:
        PolicyInvalid: with every problem of the text, each with file and line.
    """
    try:
        reader = _Reader(text, source)
    except NotToml as error:
        raise PolicyInvalid([error.detail]) from None
    policy = _read(reader, reader.document, rule_ids, unwaivable)
    if reader.problems:
        raise PolicyInvalid(reader.problems)
    if folder is not None and policy.trust_store is not None and not policy.trust_store.startswith("/"):
        return replace(policy, trust_store_path=f"{folder}/{policy.trust_store}")
    return policy


class _Reader(TomlReader):
    """With levels."""

    later = LATER

    def level(self, table: Mapping[str, Any], *path: str, words: Sequence[str]) -> Setting:
        """A level with its line; deny where it is left out."""
        word = self.choice(table, *path, words=words)
        if word is None:
            return Setting(level=Level.DENY, set_by=f"{self.source} ({'.'.join(path)} is not set, so deny)")
        return Setting(level=Level(word), set_by=self.place(*path))


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
    allow = reader.strings(formats, "formats", "allow")
    for name in allow:
        reader.known(("formats", "allow"), name, FORMATS, "format")
    packs = reader.strings(pickle, "pickle", "packs")
    for name in packs:
        reader.known(("pickle", "packs"), name, PACKS, "pack")
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
        trust_store=(trust_store := reader.string(provenance, "provenance", "trust-store")),
        trust_store_path=trust_store,
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
                ("rules", family), f"rules.{family} is {type_name(names)}: levels belong to single rules"
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
            reader.wrong(("limits", key), f"limits.{key} is {type_name(value)}, not a whole number")
        elif not 1 <= value <= most:
            reader.wrong(("limits", key), f"limits.{key} is {value}: it may be 1 to {most}")
        else:
            changed[names[key]] = value
    return replace(DEFAULT_LIMITS, **changed)
