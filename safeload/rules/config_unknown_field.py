"""A configuration says something that has no effect here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Fact, Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Finding

RULE = Rule(
    id="config.unknown-field",
    severity=Severity.INFO,
    summary="A configuration key has no effect here, and may have one elsewhere.",
    why=(
        "A key outside the table of its model type, or one that names another model to load beside this "
        "one, is not followed here. Another loader may follow it, now or in a later version, and keys that "
        "change behaviour are added often."
    ),
    fix=(
        "compare the key with the documentation of the model type; audit the other model where one is "
        "named; remove the key from your copy if it is not needed"
    ),
)
READS = ("config.unknown-field", "config.reference", "index.size")


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each such key."""
    yield found(RULE, place(item), _message(item))


def _message(item: Fact | Evidence) -> str:
    if isinstance(item, Fact) and item.kind == "config.reference":
        named = f"{word(item, 'key')} names {word(item, 'value')}"
        return f"{named}: it has no effect here, and what other loaders take from there was not audited"
    if isinstance(item, Fact) and item.kind == "index.size":
        sizes = f"the index says {word(item, 'stated')} bytes, and the shards hold {word(item, 'found')}"
        return f"{sizes}: no loader goes by it"
    where = f"the table of model type {word(item, 'model_type', 'none')}"
    return f"key {word(item, 'key')} is not in {where}, and has no effect"
