"""Two names that one file system, or one reader, takes for the same file."""

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
    summary="A name is taken for another one by some file system or by whoever reads it.",
    why=(
        "Case, composition, dots at the end: on macOS and Windows one of the files replaces the other, so a "
        "load there may use another file than the one that was judged here. Letters that look alike, and "
        "characters that nobody sees, make a file pass for another one."
    ),
    fix="rename or remove one of the files in your copy",
    references=("https://cwe.mitre.org/data/definitions/178.html",),
)
READS = ("artifact.collision",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each group of colliding names, and each name that passes for another."""
    yield found(RULE, place(item), f"names collide by {word(item, 'by')}: {words(item, 'names')}")
