"""A file, or a part of it, was not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

_OTHERS = ("malformed", "unrecognised", "limit-exceeded")
"""These have rules of their own; whatever else is stated counts as not read."""

RULE = Rule(
    id="artifact.not-read",
    severity=Severity.LOW,
    summary="A file or a part of it was not read.",
    why="Bytes that nobody looked at do not count as clean, whatever the reason was.",
    fix=(
        "run the audit again without `--quick`; if the file cannot be opened, get it again where it or the "
        "target of its link is missing, and repair its permissions"
    ),
)
READS = ("artifact.coverage",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each artifact that ended as not read."""
    if value(item, "coverage") not in _OTHERS:
        yield found(RULE, place(item), f"was not read: {word(item, 'reason', 'no reason was given')}")
