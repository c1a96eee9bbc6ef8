"""A file breaks the rules of its format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="artifact.malformed",
    severity=Severity.MEDIUM,
    summary="A file does not follow the specification of its format.",
    why=(
        "Parsers differ most on broken files: what one rejects, another repairs in its own way. A "
        "file that was judged broken cannot be vouched for."
    ),
    fix="get the file again and compare its sha256 with the one that its source states",
)
READS = ("artifact.coverage",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each artifact that ended as malformed."""
    if value(item, "coverage") == "malformed":
        yield found(RULE, place(item), f"is malformed: {word(item, 'reason', 'no reason was given')}")
