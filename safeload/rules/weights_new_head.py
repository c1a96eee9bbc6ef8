"""A part of the model is not in the checkpoint and starts untrained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="weights.new-head",
    severity=Severity.LOW,
    summary="The head of the model is not in the checkpoint and starts with random values.",
    why=(
        "The outputs of an untrained head mean nothing. This is right before fine-tuning, and a "
        "trap when a model is used as it is."
    ),
    fix="fine-tune the model before use, or load a checkpoint that was trained for this task",
)
READS = ("load.new-head",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each load with a new head."""
    yield found(RULE, place(item), f"{word(item, 'architecture')} starts untrained in {words(item, 'names')}")
