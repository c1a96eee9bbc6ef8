"""A shard index and the files beside it do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="index.incomplete",
    severity=Severity.MEDIUM,
    summary="A shard index and the shards disagree about which tensors are where.",
    why=(
        "A loader fills what is missing with random values, or takes a tensor from a shard that "
        "nobody expects."
    ),
    fix=("get the missing shards again; if nothing is missing, ask the author for a consistent checkpoint"),
)
READS = ("index.incomplete",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each disagreement."""
    yield found(RULE, place(item), f"{word(item, 'problem')}: {word(item, 'name')}")
