"""Reading the data of facts: scanners state JSON, rules want words.

Values come from attacker-controlled files by way of a scanner. A missing or odd value gives an odd
message and never an exception; nothing is escaped here, since reports do that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Evidence, Fact, Location

if TYPE_CHECKING:
    from safeload.core import Json

LONGEST = 200
"""Characters of one value that a message repeats."""
MOST = 5
"""Names of one list that a message repeats."""

SAFETENSORS_INSTEAD = (
    "load model.safetensors where the repository has it; otherwise ask the author for safetensors, or "
    "convert the file in a throw-away container without network and secrets"
)
"""The way out of a pickle."""


def value(item: Fact | Evidence, key: str) -> Json:
    """One value of a fact, or None."""
    return item.data.get(key) if isinstance(item, Fact) else None


def word(item: Fact | Evidence, key: str, default: str = "?") -> str:
    """One value of a fact as text, cut where it is long."""
    found = value(item, key)
    if found is None or found == "":
        return default
    return _cut(found if isinstance(found, str) else str(found))


def words(item: Fact | Evidence, key: str) -> str:
    """A list of a fact as text: the first few, and how many more."""
    found = value(item, key)
    if isinstance(found, str) or not isinstance(found, (list, tuple)):
        return word(item, key)
    listed = ", ".join(_cut(str(entry)) for entry in found[:MOST])
    more = len(found) - MOST
    return f"{listed} and {more} more" if more > 0 else listed or "none"


def place(item: Fact | Evidence) -> Location:
    """Where it is: evidence is about its subject."""
    return item.location if isinstance(item, Fact) else Location(artifact=item.subject)


def signature_kind(item: Evidence) -> str:
    """What kind of signature evidence is about, in words."""
    return item.kind.replace("-", " ")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"
