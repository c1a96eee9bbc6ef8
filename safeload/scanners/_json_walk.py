"""Every object of a JSON document with its place, without recursion; and facts about them up to a number."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from safeload.core import Fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeload.core import Json, Location

MOST_FACTS = 200
"""Facts of one kind about one document. They all say the same, so more of them change no verdict."""
_SHOWN = 200
"""Characters of a value that a fact carries."""


def objects(value: Json, root: str = "") -> Iterator[tuple[str, dict[str, Json]]]:
    """Key path and content of every object, the outer ones before those inside them.

    Args:
        value: a document that json_strict read.
        root: the path of the document itself.
    """
    pending: list[tuple[str, Json]] = [(root, value)]
    while pending:
        path, item = pending.pop()
        if isinstance(item, dict):
            yield path, item
            children: list[tuple[str, Json]] = list(item.items())
        elif isinstance(item, list):
            children = [(str(index), child) for index, child in enumerate(item)]
        else:
            continue
        pending.extend(
            (below(path, key), child) for key, child in reversed(children) if isinstance(child, dict | list)
        )


def below(path: str, key: str) -> str:
    """The path of a key of the object at `path`."""
    return f"{path}.{key}" if path else key


def key_facts(found: Iterable[tuple[str, str, str, Json]], location: Location) -> Iterator[Fact]:
    """Facts of (kind, path, key, value), at most `MOST_FACTS` of a kind; the rest is counted."""
    stated: Counter[str] = Counter()
    for kind, path, key, value in found:
        stated[kind] += 1
        if stated[kind] <= MOST_FACTS:
            data: dict[str, Json] = {"key": key, "value": str(value)[:_SHOWN]}
            yield Fact(kind=kind, location=location.at(key=below(path, key)), data=data)
    for kind, count in stated.items():
        if count > MOST_FACTS:
            data = {"key": f"and {count - MOST_FACTS} more keys", "value": "the like"}
            yield Fact(kind=kind, location=location, data=data)
