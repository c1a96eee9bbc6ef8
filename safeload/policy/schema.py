"""TOML text -> Policy: what a policy means, and every way in which it may be wrong.

A policy is text that someone has reviewed, so whatever is not understood is an error: unknown keys,
unknown rules, wrong types. All of them are reported at once, each with file and line and, where one is
near, the word that was meant. No file is read here, and pydantic is not imported: this is the load
path. What a key may be stands in `keys`, what it means at `Policy`; what is left out takes the strictest
value, so an empty policy denies.
"""

from __future__ import annotations

import hashlib
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from safeload.core import Digest, Level
from safeload.errors import UsageError
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.policy.entries import SCHEMA, Entry
from safeload.policy.extends import Assembly, Fetched, Known
from safeload.policy.keys import HOUSEKEEPING, ISOLATION, LIMIT_CEILING, REQUIREMENTS, UNKNOWN_RULES
from safeload.record import fields, record, replace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from safeload.policy.entries import Document, Override, WrittenWaiver
    from safeload.policy.extends import Fetch

__all__ = [
    "ISOLATION",
    "LIMIT_CEILING",
    "REQUIREMENTS",
    "SCHEMA",
    "UNKNOWN_RULES",
    "Policy",
    "PolicyInvalid",
    "Setting",
    "apply",
    "parse_policy",
    "strictest",
]

STRICTNESS = {Level.ALLOW: 0, Level.WARN: 1, Level.DENY: 2}
_NOTHING: Mapping[str, Entry] = MappingProxyType({})


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
    sources: frozenset[frozenset[str]] = frozenset()
    """Lists of patterns, of each of which a source has to match one; none: any source is listed."""
    pin: str = "commit"
    """`commit`: a Hub repository has to be named by a commit."""
    ages: frozenset[tuple[int, frozenset[str]]] = frozenset()
    """Days that a repository has to have, with the patterns of those that need not; all of them hold."""
    prefer: tuple[str, ...] = ()
    """Formats of weights in the order in which a load takes them; empty: the built-in order."""
    records: frozenset[str] = frozenset()
    """Further inert records by their full names."""
    architectures: frozenset[str] | None = None
    """Listed values of model_type; None: any."""
    licenses: frozenset[str] | None = None
    """Listed licences; None: any."""
    keys: frozenset[str] | None = None
    """Names of trusted keys that count; None: any that the trust store allows."""
    overrides: tuple[Override, ...] = ()
    """What holds for some sources only, applied by `overrides.for_subject`."""
    waivers: tuple[WrittenWaiver, ...] = ()
    parts: tuple[Policy, ...] = ()
    """The policies that this one combines; empty where it is one alone."""
    entries: Mapping[str, Entry] = _NOTHING
    """Every key that is set, with the line that did it."""
    whole: Digest | None = None
    """Digest of the policy that this one is the part of that holds for one source."""

    def setting(self, rule: str) -> Setting:
        """The level of a rule. A rule that the policy does not name is denied."""
        named = self.rules.get(rule)
        if named is not None:
            return named
        if rule in UNKNOWN_RULES:
            return self.unknown
        if rule in HOUSEKEEPING:
            return Setting(level=Level.WARN, set_by=f"{self.source} (names no level for it, so it warns)")
        return Setting(level=Level.DENY, set_by=f"{self.source} (names no level for it, so it is denied)")

    @property
    def inert(self) -> frozenset[str]:
        """Names of packs and of single records, for the readers of pickles."""
        return self.packs | self.records if self.records else self.packs

    @property
    def alone(self) -> tuple[Policy, ...]:
        """The policies that this one combines, or itself."""
        return self.parts or (self,)

    @property
    def digest(self) -> Digest:
        """Digest of what the policy means: comments, order, names and places do not count.

        Rules at `deny` are left out, since they mean the same as rules that are not named; so are keys
        at the value that they have where they are left out.
        """
        if self.whole is not None:
            return self.whole
        text = json.dumps(self._meaning(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return Digest(hex=hashlib.sha256(text.encode()).hexdigest())

    def _meaning(self) -> dict[str, Any]:
        absent = dict.fromkeys(HOUSEKEEPING, Level.WARN)
        unknown = dict.fromkeys(UNKNOWN_RULES, self.unknown.level)
        levels = unknown | {rule: setting.level for rule, setting in self.rules.items()}
        meaning: dict[str, Any] = {
            "schema": SCHEMA,
            "rules": {
                rule: level.value
                for rule, level in levels.items()
                if level is not absent.get(rule, Level.DENY)
            },
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
        added: dict[str, Any] = {
            "sources": sorted(sorted(patterns) for patterns in self.sources),
            "pin": "" if self.pin == "commit" else self.pin,
            "ages": sorted([days, sorted(exempt)] for days, exempt in self.ages),
            "prefer": list(self.prefer),
            "records": sorted(self.records),
        }
        meaning |= {name: value for name, value in added.items() if value}
        for name in ("architectures", "licenses", "keys"):
            if (listed := getattr(self, name)) is not None:
                meaning[name] = sorted(listed)
        if self.parts:
            if any(part.overrides or part.waivers for part in self.parts):
                meaning["parts"] = sorted(part.digest.hex for part in self.parts)
            return meaning
        if self.overrides:
            meaning["overrides"] = [
                [sorted(item.repos), {name: entry.value for name, entry in item.entries.items()}]
                for item in self.overrides
            ]
        if self.waivers:
            meaning["waivers"] = sorted(
                [item.created, *(getattr(item.waiver, name) for name in fields(type(item.waiver)))]
                for item in self.waivers
            )
        return meaning


def strictest(first: Setting, second: Setting) -> Setting:
    """The stricter of two settings; the first one where they agree."""
    return second if STRICTNESS[second.level] > STRICTNESS[first.level] else first


def parse_policy(
    text: str,
    *,
    source: str,
    rule_ids: Collection[str],
    unwaivable: Collection[str] = (),
    folder: str | None = None,
    fetch: Fetch | None = None,
) -> Policy:
    """Read a policy and what it extends.

    Args:
        text: the TOML document.
        source: the file as messages shall name it.
        rule_ids: every rule that exists.
        unwaivable: the rules among them that no policy may set below `deny`.
        folder: where the file lies; the trust store that it names is relative to it.
        fetch: reads the files that it extends.

    Raises:
        PolicyInvalid: with every problem of every text, each with file and line.
    """
    assembly = Assembly(Known(frozenset(rule_ids), frozenset(unwaivable), fetch))
    document = assembly.assemble(Fetched(text, source, folder))
    if assembly.problems:
        raise PolicyInvalid(assembly.problems)
    return _policy(document, source)


def _policy(document: Document, source: str) -> Policy:
    """A document with its meaning."""

    def denied(name: str) -> Setting:
        return Setting(level=Level.DENY, set_by=f"{source} (defaults.{name} is not set, so deny)")

    entries = document.entries
    strict = Policy(
        name=_string(entries, "name") or source,
        description=_string(entries, "description") or "",
        source=source,
        rules={},
        unknown=denied("unknown"),
        outside_scope=denied("outside-scope"),
        formats=frozenset(),
        formats_set_by=source,
        packs=frozenset(),
        limits=DEFAULT_LIMITS,
        require=REQUIREMENTS[0],
        require_set_by=source,
        trust_store=None,
        trust_store_path=None,
        overrides=document.overrides,
        waivers=document.waivers,
    )
    return apply(strict, entries)


def apply(policy: Policy, entries: Mapping[str, Entry]) -> Policy:
    """The policy with these keys in place of its own."""
    changes: dict[str, Any] = {"entries": {**policy.entries, **entries}}
    rules, limits = dict(policy.rules), {}
    for name, entry in entries.items():
        section, _, rest = name.partition(".")
        value: Any = entry.value
        if section == "rules":
            rules[rest] = Setting(level=Level(value), set_by=entry.place)
        elif section == "limits":
            limits[rest.replace("-", "_")] = value
        elif name in _SETS:
            changes[_SETS[name]] = frozenset(value)
        elif name in _WORDS:
            changes[_WORDS[name]] = value
        elif section == "defaults":
            changes[rest.replace("-", "_")] = Setting(level=Level(value), set_by=entry.place)
        elif name == "formats.prefer":
            changes["prefer"] = value
        elif name == "source.allow":
            changes["sources"] = frozenset({frozenset(value)})
        elif name == "provenance.trust-store":
            changes["trust_store"] = value
            relative = entry.folder is not None and not value.startswith("/")
            changes["trust_store_path"] = f"{entry.folder}/{value}" if relative else value
    for name, field in (("formats.allow", "formats_set_by"), ("provenance.require", "require_set_by")):
        if name in entries:
            changes[field] = entries[name].place
    if not entries.keys().isdisjoint({"source.min-age-days", "source.min-age-exempt"}):
        changes["ages"] = _ages(changes["entries"])
    if rules != policy.rules:
        changes["rules"] = rules
    if limits:
        changes["limits"] = replace(policy.limits, **limits)
    return replace(policy, **changes)


_SETS = {
    "formats.allow": "formats",
    "pickle.packs": "packs",
    "pickle.allow": "records",
    "architectures.allow": "architectures",
    "provenance.keys": "keys",
    "licenses.allow": "licenses",
}
_WORDS = {"isolation": "isolation", "source.pin": "pin", "provenance.require": "require"}


def _ages(entries: Mapping[str, Entry]) -> frozenset[tuple[int, frozenset[str]]]:
    days, exempt = entries.get("source.min-age-days"), entries.get("source.min-age-exempt")
    if days is None or type(days.value) is not int or not days.value:
        return frozenset()
    patterns = exempt.value if exempt is not None and isinstance(exempt.value, tuple) else ()
    return frozenset({(days.value, frozenset(patterns))})


def _string(entries: Mapping[str, Entry], name: str) -> str | None:
    entry = entries.get(name)
    return str(entry.value) if entry is not None else None
