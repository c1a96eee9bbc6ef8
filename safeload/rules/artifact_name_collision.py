"""Two names that one file system takes for the same file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="artifact.name-collision",
    severity=Severity.MEDIUM,
    summary="Names differ only in case or in Unicode normalisation.",
    why=(
        "On macOS and Windows one of the files replaces the other, so a load there may use "
        "another file than the one that was judged here."
    ),
    fix="rename or remove one of the files in your copy",
    references=("https://cwe.mitre.org/data/definitions/178.html",),
)
READS = ("artifact.collision",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each group of colliding names."""
    yield found(RULE, place(item), f"names collide by {word(item, 'by')}: {words(item, 'names')}")
