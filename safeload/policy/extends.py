"""Files that extend each other -> one document.

    1. each parent is read with its own parents; of several, the strictest value of each key holds
    2. what the child sets stands in its place, and what it leaves out is the parents'
    3. a key that a parent has locked may only be tightened: by the child, by its overrides, its waivers,
       and by those of other parents

Together they are one policy, so an override or waiver of any of the files is part of it. A parent is a
built-in (`safeload:default`) or a file relative to its child. No file is read here: the caller hands in
the function that does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from safeload.core import visible
from safeload.errors import UsageError
from safeload.formats.toml_reader import NotToml, TomlReader
from safeload.policy.entries import Document, Entry, read_document
from safeload.policy.keys import UNKNOWN_RULES, absent_value, catalogue
from safeload.record import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_DEPTH = 8
"""Files from a policy to its furthest parent. Two or three are usual."""
MOST_FILES = 32
"""Files that one policy is put together from."""


class Fetched(NamedTuple):
    """The text of a parent."""

    text: str
    source: str
    """Its name in messages, the same whoever extends it."""
    folder: str | None


class Fetch(Protocol):
    """Reads the file that a policy extends."""

    def __call__(self, name: str, folder: str | None) -> tuple[str, str, str | None]:
        """Text, name and folder.

        Args:
            name: as the policy writes it.
            folder: where that policy lies; None for a built-in.

        Raises:
            UsageError: it cannot be read.
        """
        ...


class Known(NamedTuple):
    """What documents are read with."""

    rule_ids: frozenset[str]
    unwaivable: frozenset[str]
    fetch: Fetch | None


class Assembly:
    """One policy and all that it extends."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._keys = catalogue(known.rule_ids, known.unwaivable)
        self._files = 0
        self.problems: list[str] = []

    def assemble(self, text: Fetched, chain: tuple[str, ...] = ()) -> Document:
        """The document of a file with its parents' keys where it has none of its own."""
        self._files += 1
        try:
            reader = TomlReader(text.text, text.source)
        except NotToml as error:
            self.problems.append(error.detail)
            return Document(entries={})
        child = read_document(
            reader, self._keys,
            rule_ids=self._known.rule_ids, unwaivable=self._known.unwaivable, folder=text.folder,
        )  # fmt: skip
        parents = [
            self.assemble(parent, (*chain, text.source))
            for name in child.extends
            if (parent := self._fetch(reader, name, text, chain)) is not None
        ]
        if parents:
            child = self._extended(reader, child, self._joined(parents))
        self.problems += reader.problems
        if not chain:
            self._check_spans(child)
        return child

    def _check_spans(self, document: Document) -> None:
        """Hold every waiver to the span that the whole policy allows."""
        import datetime as dt  # tomllib has imported it already

        most = self._keys["waivers.max-days"].absent
        if "waivers.max-days" in document.entries:
            most = document.entries["waivers.max-days"].value
        for item in document.waivers:
            ends = dt.date.fromisoformat(item.waiver.expires)
            days = (ends - dt.date.fromisoformat(item.created)).days
            if isinstance(most, int) and days > most:
                self._refuse(item.place, f"the waiver spans {days} days: [waivers] max-days is {most}")

    def _fetch(self, reader: TomlReader, name: str, text: Fetched, chain: tuple[str, ...]) -> Fetched | None:
        if self._known.fetch is None:
            reader.wrong(("extends",), "extends is of no use in a text without a place")
            return None
        if len(chain) + 2 > MOST_DEPTH or self._files >= MOST_FILES:
            reader.wrong(("extends",), f"more than {MOST_DEPTH} files deep, or {MOST_FILES} in all")
            return None
        try:
            parent = Fetched(*self._known.fetch(name, text.folder))
        except UsageError as error:
            reader.wrong(("extends",), str(error))
            return None
        if parent.source in (*chain, text.source):
            reader.wrong(("extends",), f"{visible(name)} extends this file in turn")
            return None
        return parent

    def _joined(self, parents: list[Document]) -> Document:
        """Several parents as one: of each key that more than one sets, the strictest value."""
        first, *others = parents
        for parent in parents:
            for other in parents:
                if other is not parent:
                    # its keys cannot loosen another's, since the strictest holds; these could
                    self._check_locks(replace(parent, entries={}), other)
        for other in others:
            entries = dict(first.entries)
            for name, entry in other.entries.items():
                mine, key = entries.get(name), self._keys[name]
                if mine is None:
                    entries[name] = entry
                elif key.kind == "folder":
                    if (mine.value, mine.folder) != (entry.value, entry.folder):
                        self._refuse(entry.place, f"{name} is set in {mine.place} too, to another folder")
                elif key.kind in {"names", "exempt"}:
                    entries[name] = replace(mine, value=key.strictest(mine.value, entry.value))
                elif not key.at_least(mine.value, entry.value):
                    entries[name] = entry
            first = Document(
                entries=entries,
                locked=(*first.locked, *other.locked),
                overrides=(*first.overrides, *other.overrides),
                waivers=(*first.waivers, *(item for item in other.waivers if item not in first.waivers)),
            )
        return first

    def _extended(self, reader: TomlReader, child: Document, parent: Document) -> Document:
        self._check_locks(child, parent)
        entries = {
            name: entry for name, entry in parent.entries.items() if name not in {"name", "description"}
        }
        for name, entry in child.entries.items():
            entries[name] = replace(entry, over=parent.entries.get(name))
        taken = {item.waiver.id for item in parent.waivers}
        for item in child.waivers:
            if item.waiver.id in taken:
                reader.wrong(("waiver",), f"there are two waivers {visible(item.waiver.id)}")
        return Document(
            entries=entries,
            locked=(*parent.locked, *child.locked),
            overrides=(*parent.overrides, *child.overrides),
            waivers=(*parent.waivers, *child.waivers),
        )

    def _check_locks(self, child: Document, parent: Document) -> None:
        """Step 3."""
        locks = {str(entry.value): entry.place for entry in parent.locked}
        if not locks:
            return
        for name, entry in child.entries.items():
            self._check(name, entry, locks, parent.entries)
        for override in child.overrides:
            if "override" in locks:
                self._refuse(override.place, f"overrides are locked by {locks['override']}")
            for name, entry in override.entries.items():
                self._check(name, entry, locks, parent.entries)
        for item in child.waivers:
            place = locks.get("waiver") or _lock(f"rules.{item.waiver.rule}", locks)
            if place is not None:
                self._refuse(item.place, f"a waiver of {item.waiver.rule} is ruled out by {place}")

    def _refuse(self, place: str, what: str) -> None:
        self.problems.append(f"{place}: {what}")

    def _check(self, name: str, entry: Entry, locks: Mapping[str, str], parent: Mapping[str, Entry]) -> None:
        place = _lock(name, locks)
        if place is None and name == "defaults.unknown":
            # it is the level of these rules, where the parent does not name them
            open_rules = (f"rules.{rule}" for rule in UNKNOWN_RULES if f"rules.{rule}" not in parent)
            place = next((found for rule in open_rules if (found := _lock(rule, locks))), None)
        if place is None:
            return
        key = self._keys[name]
        unknown = parent.get("defaults.unknown")
        old = (
            parent[name].value if name in parent else absent_value(key, unknown.value if unknown else "deny")
        )
        if not key.at_least(entry.value, old):
            said = shown_value(old)
            self._refuse(entry.place, f"{name} is {said} and locked by {place}: it may only be tightened")


def _lock(name: str, locks: Mapping[str, str]) -> str | None:
    """Where a key is locked, itself or with all keys below a dot."""
    parts = name.split(".")
    return next(
        (locks[lock] for depth in range(1, len(parts) + 1) if (lock := ".".join(parts[:depth])) in locks),
        None,
    )


def shown_value(value: object) -> str:
    """A value as messages show it."""
    if value is None:
        return "not set"
    if isinstance(value, tuple):
        return f"[{', '.join(visible(str(item)) for item in value)}]"
    return visible(str(value))
