"""The content of a file is not what its name says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="format.extension-mismatch",
    severity=Severity.LOW,
    summary="The content of a file is of another format than its extension names.",
    why=(
        "Tools that choose a parser by name read such a file in another way than tools that look "
        "at its content. Honest repositories do it too, so this alone is no proof of bad intent."
    ),
    fix="rename the file after its content in your copy, or ask the author to",
    references=("https://cwe.mitre.org/data/definitions/436.html",),
)
READS = ("format.mismatch",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each file whose name and content differ."""
    names = f"its extension says {word(item, 'extension')}"
    yield found(RULE, place(item), f"is {word(item, 'format')} by content, but {names}")
