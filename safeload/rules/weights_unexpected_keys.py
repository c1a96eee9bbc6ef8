"""The checkpoint holds tensors that the model does not use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="weights.unexpected-keys",
    severity=Severity.INFO,
    summary="The checkpoint holds tensors that the architecture does not use.",
    why=(
        "Unused tensors are usually the head of another task. They also show that a checkpoint is "
        "meant for another architecture than the one that is being built."
    ),
    fix="check that the architecture fits the checkpoint",
)
READS = ("load.unexpected",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each load with unused tensors."""
    yield found(RULE, place(item), f"tensors are not used: {words(item, 'names')}")
