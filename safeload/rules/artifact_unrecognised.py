"""A file whose format is not known here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="artifact.unrecognised",
    severity=Severity.LOW,
    summary="A file is of no format that safeload recognises.",
    why=(
        "Nothing is known about such a file, so it does not count as clean. It may be harmless "
        "data, or code that another program will run."
    ),
    fix=(
        "take the step that the message names, if it names one; else remove the file from your copy "
        "if the load does not need it, or look at it by other means"
    ),
)
READS = ("artifact.coverage",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each artifact that ended as unrecognised."""
    if value(item, "coverage") == "unrecognised":
        yield found(RULE, place(item), f"was not recognised: {word(item, 'reason', 'no known format')}")
