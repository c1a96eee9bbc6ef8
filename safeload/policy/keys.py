"""The table of everything that a policy can set: reader, schema, `locked` and `policy diff` use this one.

A key is named by its section and name, as in a file: `formats.allow`, `rules.pickle.trailing-data`. Each
has one kind, and the kind says which values it takes and which of two values is the stricter one:

    word      one of some words, ranked
    names     a list of what is allowed; fewer is stricter, and where `absent` is None, no list allows all
    exempt    a list of exceptions; fewer is stricter
    number    with bounds; less or more is stricter
    order     a list in order of preference, which has no strictness
    folder    a place, of which no other is a stricter version
    text      for people
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from safeload.core import visible
from safeload.formats.families import FORMATS
from safeload.formats.packs import PACKS
from safeload.formats.toml_reader import type_name, unknown_word
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.policy.patterns import pattern_problem
from safeload.record import fields, record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

ISOLATION = ("native", "all")
"""Where files are read: by our own parsers in this process, or everything in child processes."""
REQUIREMENTS = ("none", "pin", "hub", "publisher")
"""What provenance may be required, from nothing to most."""
LIMIT_CEILING = 16
"""A policy may raise a budget to this many times its default, and lower it to 1."""
UNKNOWN_RULES = frozenset({"artifact.not-read", "artifact.unrecognised", "limits.exceeded"})
"""Rules that say that something is not known. Where [rules] leaves them out, `unknown` decides."""
HOUSEKEEPING = frozenset({"waiver.expired", "waiver.unused", "waiver.expires-soon"})
"""Rules about the upkeep of waivers, which cannot deny. A waiver that has ended gives its finding back, and
that one denies; a waiver that nothing matches must not turn the verdict, or one finding more would turn it
back. Where [rules] leaves them out, they warn."""
BREAK_GLASS = "policy.break-glass"
"""The rule whose level says whether a denial may be overruled: at `warn` it may, at `deny` it may not."""
NEVER_WAIVED = HOUSEKEEPING | {BREAK_GLASS}
"""Rules that speak about exceptions: an exception from them would hide one."""
PREFERRED = ("safetensors", "zip", "torch-legacy", "hdf5", "msgpack")
"""Formats of weights among which a load can choose."""
LEVELS = ("deny", "warn", "allow")
MOST_AGE = 3_650
MOST_WAIVER_DAYS = 366

Value: TypeAlias = "str | int | tuple[str, ...] | None"


@record
class Key:
    """One thing that a policy can set."""

    name: str
    """`formats.allow`."""
    kind: str
    doc: str
    """A line for editors and docs/policy.md."""
    absent: Value = None
    """What it is where it is left out."""
    words: tuple[str, ...] = ()
    """Of a word, as messages list them."""
    ranks: tuple[str, ...] = ()
    """The same from loosest to strictest."""
    what: str = ""
    """What the entries of a list are."""
    known: Collection[str] | None = None
    """The closed set that they come from."""
    check: Callable[[str], str | None] | None = None
    """What is wrong with an entry, where the set is open."""
    least: int = 0
    most: int = 0
    more: bool = False
    """Whether a greater number is the stricter one."""
    override: bool = True
    """Whether [[override]] may set it."""
    below: str = ""
    """Why a word outside `words` that other keys have is none here."""

    def problems(self, value: object) -> Iterator[str]:
        """What is wrong with a value, as sentences."""
        if self.kind in {"text", "folder"}:
            if not isinstance(value, str):
                yield f"{self.name} is {type_name(value)}, not a string"
        elif self.kind == "word":
            yield from self._word(value)
        elif self.kind == "number":
            if type(value) is not int:
                yield f"{self.name} is {type_name(value)}, not a whole number"
            elif not self.least <= value <= self.most:
                yield f"{self.name} is {value}: it may be {self.least} to {self.most}"
        else:
            yield from self._list(value)

    def _word(self, value: object) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{self.name} is {type_name(value)}, not a string"
        elif value in self.words:
            return
        elif value in LEVELS and self.below:
            yield self.below
        else:
            yield f"{self.name} is {visible(value)!r}: use {' or '.join(self.words)}"

    def _list(self, value: object) -> Iterator[str]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            yield f"{self.name} is not a list of strings"
            return
        if len(set(value)) != len(value):
            yield f"{self.name} names something twice"
        for item in value:
            if self.known is not None and item not in self.known:
                yield unknown_word(self.what, item, self.known)
            elif self.check is not None and (problem := self.check(item)) is not None:
                yield problem

    def at_least(self, new: Value, old: Value) -> bool:
        """Whether `new` is as strict as `old`, or stricter. What has no strictness always is."""
        if new == old or self.kind in {"text", "order"}:
            return True
        if self.kind == "word":
            return self.ranks.index(str(new)) >= self.ranks.index(str(old))
        if self.kind == "number":
            return (_number(new) >= _number(old)) is self.more or new == old
        if self.kind == "folder":
            return old is None
        if old is None or new is None:
            return old is None
        return set(_names(new)) <= set(_names(old))

    def strictest(self, first: Value, second: Value) -> Value:
        """The strictest value that keeps both; of what has no strictness, the first."""
        if self.kind in {"names", "exempt"} and first is not None and second is not None:
            return tuple(item for item in _names(first) if item in _names(second))
        return first if self.at_least(first, second) else second


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _names(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _record_problem(name: str) -> str | None:
    """What is wrong with a class that is to be an inert record."""
    from safeload.formats.pickle_gadgets import gadget

    parts = name.split(".")
    if len(parts) < 2 or not all(part.isascii() and part.isidentifier() for part in parts):
        return f"{visible(name)} is no full name of one class: module.Class, without wildcards"
    what = gadget(".".join(parts[:-1]), parts[-1])
    if what is not None:
        return f"{name} {what}: no policy makes a record of it"
    return None


def _model_type_problem(name: str) -> str | None:
    if name.isascii() and name == name.lower() and name.replace("-", "").replace("_", "").isalnum():
        return None
    return f"{visible(name)} is no model_type as config.json has it, such as bert or xlm-roberta"


def _license_problem(name: str) -> str | None:
    if name.isascii() and name.replace("-", "").replace(".", "").replace("+", "").isalnum():
        return None
    return f"{visible(name)} is no licence id as model cards have it, such as apache-2.0"


def _key_problem(name: str) -> str | None:
    if name.isascii() and name.replace("-", "").replace("_", "").isalnum():
        return None
    return f"{visible(name)} is no name of a key of the trust store"


def _pattern_problem(pattern: str) -> str | None:
    return pattern_problem(pattern)


_STATIC = (
    Key(name="name", kind="text", doc="What reports call the policy.", override=False),
    Key(name="description", kind="text", doc="One line for people.", override=False),
    Key(
        name="isolation", kind="word", absent="native", words=ISOLATION, ranks=ISOLATION, override=False,
        doc="`all` has every file read in child processes, our own parsers included.",
    ),
    Key(
        name="defaults.unknown", kind="word", absent="deny", words=("deny", "warn"), ranks=("warn", "deny"),
        doc="Level of what could not be read or recognised, where [rules] does not name its rule.",
    ),
    Key(
        name="defaults.outside-scope", kind="word", absent="deny", words=("deny", "warn"),
        ranks=("warn", "deny"),
        doc="`warn`: a denying finding on a file that the load does not hand out becomes a warning.",
    ),
    Key(
        name="source.allow", kind="names", what="source", check=_pattern_problem,
        doc="Patterns of sources, for source.unlisted: `hf:acme/*`, `file:**`. Without a list, any.",
    ),
    Key(
        name="source.pin", kind="word", absent="commit", words=("commit", "none"), ranks=("none", "commit"),
        doc="`commit`: source.unpinned speaks where a Hub repository is not named by a whole commit.",
    ),
    Key(
        name="source.min-age-days", kind="number", absent=0, most=MOST_AGE, more=True,
        doc="Days since a repository last changed on the Hub, below which source.too-new speaks.",
    ),
    Key(
        name="source.min-age-exempt", kind="exempt", absent=(), what="source", check=_pattern_problem,
        doc="Patterns of sources that may be younger.",
    ),
    Key(
        name="formats.allow", kind="names", absent=(), what="format", known=FORMATS,
        doc="Formats that may be handed out. Without a list, none.",
    ),
    Key(
        name="formats.prefer", kind="order", absent=(), what="format of weights", known=PREFERRED,
        doc="Which weights a load takes where there are several, first choice first.",
    ),
    Key(
        name="pickle.packs", kind="names", absent=(), what="pack", known=PACKS,
        doc="Packs of inert records that pickles may hold.",
    ),
    Key(
        name="pickle.allow", kind="names", absent=(), what="record", check=_record_problem,
        doc="Further classes by their full names, whose instances are inert records.",
    ),
    Key(
        name="architectures.allow", kind="names", what="model_type", check=_model_type_problem,
        doc="Values of model_type in config.json, for architecture.unlisted. Without a list, any.",
    ),
    Key(
        name="licenses.allow", kind="names", what="licence", check=_license_problem,
        doc="Licences of the model card, for license.unlisted. Without a list, any.",
    ),
    Key(
        name="provenance.require", kind="word", absent="none", words=REQUIREMENTS, ranks=REQUIREMENTS,
        doc="The least that must be proven about the origin.",
    ),
    Key(
        name="provenance.keys", kind="names", what="key", check=_key_problem,
        doc="Names of keys of the trust store whose signatures count. Without a list, all of its rule.",
    ),
    Key(
        name="provenance.trust-store", kind="folder", override=False,
        doc="Folder with trust.toml and keys/, relative to the policy's file.",
    ),
    Key(
        name="waivers.max-days", kind="number", absent=90, least=1, most=MOST_WAIVER_DAYS, override=False,
        doc="Days from `created` to `expires` that a waiver may have.",
    ),
)  # fmt: skip


def rule_key(rule: str, *, unwaivable: bool) -> Key:
    """The key of one rule's level."""
    words: tuple[str, ...] = LEVELS
    absent, below = "deny", ""
    if rule in HOUSEKEEPING:
        words, absent = ("warn", "allow"), "warn"
        below = f"{rule} cannot deny: it is about upkeep, and `safeload policy prune --check` fails a build"
    elif rule == BREAK_GLASS:
        words = ("deny", "warn")
        below = f"{rule} cannot be allow: where a denial was overruled, the report says so"
    elif unwaivable:
        words = ("deny",)
        below = f"{rule} cannot be set below deny: nobody can waive it"
    ranks = tuple(reversed(words))
    return Key(
        name=f"rules.{rule}", kind="word", words=words, ranks=ranks,
        absent=absent, below=below, doc=f"Level of {rule}: `safeload explain {rule}`.",
    )  # fmt: skip


def limit_key(field: str) -> Key:
    """The key of one budget."""
    default = getattr(DEFAULT_LIMITS, field)
    return Key(
        name=f"limits.{field.replace('_', '-')}", kind="number", absent=default, least=1,
        most=LIMIT_CEILING * default, doc=f"Budget; {default} by default.",
    )  # fmt: skip


@lru_cache(maxsize=4)
def catalogue(rule_ids: frozenset[str], unwaivable: frozenset[str]) -> Mapping[str, Key]:
    """Every key by its name, in the order of the sections."""
    found = {key.name: key for key in _STATIC}
    for rule in sorted(rule_ids):
        key = rule_key(rule, unwaivable=rule in unwaivable)
        found[key.name] = key
    for field in fields(Limits):
        key = limit_key(field)
        found[key.name] = key
    return found


def lockable(keys: Collection[str]) -> frozenset[str]:
    """What `locked` can name: a key, or all keys below a dot; and any waiver or override of a child."""
    prefixes = {".".join(key.split(".")[:depth]) for key in keys for depth in range(1, 4)}
    return frozenset({*prefixes, *keys, "waiver", "override"} - {"name", "description"})


def absent_value(key: Key, unknown: Value = "deny") -> Value:
    """What a key is where it is left out, beside this `defaults.unknown`."""
    return unknown if key.name.removeprefix("rules.") in UNKNOWN_RULES else key.absent
