"""The pickle and the safetensors of one checkpoint do not hold the same tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="format.twins-disagree",
    severity=Severity.HIGH,
    summary="Two formats of the same weights differ in names, shapes or dtypes.",
    why=(
        "Which of the two a program loads depends on its version and flags. If they differ, a "
        "reviewed model and the loaded model may be different ones."
    ),
    fix="ask the author which of the two files is meant, and remove the other from your copy",
    references=("https://cwe.mitre.org/data/definitions/436.html",),
)
READS = ("weights.twins",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Twins that were compared and differ, or could not be compared."""
    if value(item, "agree") is not True:
        twins = f"{word(item, 'pickle')} and {word(item, 'safetensors')}"
        yield found(
            RULE, place(item), f"{twins} differ: {word(item, 'difference', 'they were not compared')}"
        )
