"""The bytes of a file are valid in more than one format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="format.polyglot",
    severity=Severity.HIGH,
    summary="More than one format accepts the same bytes.",
    why=(
        "Each program reads the format that it expects, so what a scanner read as one format can "
        "be loaded as another. No writer of checkpoints makes such files by accident."
    ),
    fix="do not load this file; ask the author for one that is written by the usual tools",
    references=("https://cwe.mitre.org/data/definitions/436.html",),
    waivable=False,
)
READS = ("format.polyglot",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each file with more than one reading."""
    yield found(RULE, place(item), f"is valid as more than one format: {words(item, 'formats')}")
