"""Two policies -> what the second one tightens and loosens, key by key.

For an override the values are those that hold for its sources, in either policy. A waiver more loosens, and
so does a later end. What has no strictness (a preference, a name) has changed and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.policy.extends import shown_value
from safeload.policy.keys import UNKNOWN_RULES, absent_value
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeload.policy.entries import Entry, WrittenWaiver
    from safeload.policy.keys import Key, Value
    from safeload.policy.schema import Policy

TIGHTENED, LOOSENED, CHANGED = "tightened", "loosened", "changed"
_FOR_PEOPLE = frozenset({"name", "description"})


@record
class Difference:
    """One key that two policies set differently."""

    key: str
    old: str
    new: str
    direction: str
    """TIGHTENED, LOOSENED or CHANGED."""
    place: str
    """The line of the second policy, or of the first where the second has none."""


def differences(first: Policy, second: Policy, keys: Mapping[str, Key]) -> tuple[Difference, ...]:
    """Every difference, ordered by the table of keys, then overrides, then waivers."""
    found = list(_entries("", first.entries, second.entries, keys))
    before = {item.repos: item.entries for item in first.overrides}
    after = {item.repos: item.entries for item in second.overrides}
    for repos in dict.fromkeys((*before, *after)):
        named = before.get(repos, {}).keys() | after.get(repos, {}).keys()
        olds, news = (
            {**base, **own.get(repos, {})} for base, own in ((first.entries, before), (second.entries, after))
        )
        some = {name: key for name, key in keys.items() if name in named}
        found += _entries(f"override [{', '.join(repos)}] ", olds, news, some)
    found += _waivers(first, second)
    return tuple(found)


def _entries(
    prefix: str, first: Mapping[str, Entry], second: Mapping[str, Entry], keys: Mapping[str, Key]
) -> Iterator[Difference]:
    for name, key in keys.items():
        old, new = _value(first, key), _value(second, key)
        if _same(old, new, key) or name in _FOR_PEOPLE:
            continue
        place = second[name].place if name in second else first[name].place if name in first else "left out"
        yield Difference(
            key=prefix + name,
            old=shown_value(old),
            new=shown_value(new),
            direction=_direction(key, old, new),
            place=place,
        )


def _value(entries: Mapping[str, Entry], key: Key) -> Value:
    entry = entries.get(key.name)
    if entry is not None:
        return entry.value
    if key.name.removeprefix("rules.") in UNKNOWN_RULES:
        unknown = entries.get("defaults.unknown")
        return absent_value(key, "deny" if unknown is None else unknown.value)
    return key.absent


def _same(old: Value, new: Value, key: Key) -> bool:
    if isinstance(old, tuple) and isinstance(new, tuple) and key.kind != "order":
        return set(old) == set(new)
    return old == new


def _direction(key: Key, old: Value, new: Value) -> str:
    if key.kind in {"text", "order", "folder"}:
        return CHANGED
    if key.at_least(new, old):
        return TIGHTENED
    # a list that gained some entries and lost others allows what it did not allow before
    return LOOSENED


def _waivers(first: Policy, second: Policy) -> Iterator[Difference]:
    before = {item.waiver.id: item for item in first.waivers}
    after = {item.waiver.id: item for item in second.waivers}
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            yield Difference(
                key=f"waiver {name}",
                old=_shown(old),
                new=_shown(new),
                direction=LOOSENED if old is None else TIGHTENED,
                place=(new or old).place,  # type: ignore[union-attr]  # one of them is there
            )
        elif _shown(old) != _shown(new):
            same = _what(old) == _what(new)
            shorter = new.waiver.expires <= old.waiver.expires and new.created >= old.created
            yield Difference(
                key=f"waiver {name}",
                old=_shown(old),
                new=_shown(new),
                direction=TIGHTENED if same and shorter else LOOSENED,
                place=new.place,
            )


def _what(item: WrittenWaiver) -> tuple[str, str, str]:
    return item.waiver.rule, item.waiver.subject, item.waiver.sha256


def _shown(item: WrittenWaiver | None) -> str:
    if item is None:
        return "not there"
    waiver = item.waiver
    return shown_value(
        f"{waiver.rule} in {waiver.subject} ({waiver.sha256[:12]}) from {item.created} to {waiver.expires}"
    )
