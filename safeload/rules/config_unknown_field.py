"""A configuration has a field that its architecture does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="config.unknown-field",
    severity=Severity.INFO,
    summary="A configuration key is not in the table of its model type.",
    why=(
        "An unknown key has no effect here. Another loader may give it one, now or in a later "
        "version, and keys that change behaviour are added often."
    ),
    fix=(
        "compare the key with the documentation of the model type; remove it from your copy if it "
        "is not needed"
    ),
)
READS = ("config.unknown-field",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each such key."""
    where = f"the table of model type {word(item, 'model_type', 'none')}"
    yield found(RULE, place(item), f"key {word(item, 'key')} is not in {where}, and has no effect")
