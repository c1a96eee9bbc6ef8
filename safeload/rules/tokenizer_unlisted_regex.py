"""A tokenizer brings a regular expression that is not a known one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="tokenizer.unlisted-regex",
    severity=Severity.MEDIUM,
    summary="A tokenizer uses a regular expression outside the list of known ones.",
    why=(
        "Regular expressions of a tokenizer run over every text that a user sends. One that "
        "backtracks can take minutes for a short line, and one that was changed by a character "
        "splits text in another way than the model was trained with."
    ),
    fix="compare the expression with that of the model family's original tokenizer",
    references=("https://cwe.mitre.org/data/definitions/1333.html",),
)
READS = ("tokenizer.regex",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each unknown expression."""
    where = word(item, "where", "the tokenizer")
    yield found(RULE, place(item), f"{where} uses an unlisted regular expression: {word(item, 'pattern')}")
