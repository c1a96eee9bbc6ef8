"""An archive lies inside an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="archive.nested",
    severity=Severity.MEDIUM,
    summary="An archive holds another archive.",
    why=(
        "No checkpoint format nests archives. Nesting multiplies the size of what is unpacked, "
        "and hides members from tools that look one level deep."
    ),
    fix="unpack the outer archive in a throw-away container and audit what comes out",
    references=("https://cwe.mitre.org/data/definitions/409.html",),
)
READS = ("archive.nested",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each inner archive."""
    yield found(RULE, place(item), f"is an archive inside an archive ({word(item, 'format')})")
