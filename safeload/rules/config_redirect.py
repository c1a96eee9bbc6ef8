"""A configuration points to another repository, file or address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="config.redirect",
    severity=Severity.HIGH,
    summary="A configuration key makes a loader take something from elsewhere.",
    why=(
        "What lies elsewhere was not part of this audit and can change at any time: a base model, "
        "a tokenizer, a kernel from another repository. safeload never follows these keys."
    ),
    fix="audit what the key points to, put it into your copy, and remove the key there",
    references=("https://cwe.mitre.org/data/definitions/829.html",),
)
READS = ("config.redirect",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each key that points elsewhere."""
    yield found(
        RULE,
        place(item),
        f"{word(item, 'key')} points to {word(item, 'value')}, which this audit does not cover",
    )
