"""A tokenizer configuration names a class outside the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="tokenizer.unlisted-class",
    severity=Severity.MEDIUM,
    summary="A tokenizer configuration names a class that is not in the closed table.",
    why=(
        "Loaders look such names up in their own modules or in code of the repository. safeload "
        "maps a closed table of names to its own classes, and does not load what is not in it."
    ),
    fix="use a repository that has a tokenizer.json of a known class",
    references=("https://huggingface.co/docs/transformers/custom_models",),
)
READS = ("tokenizer.class",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each unknown class name."""
    yield found(
        RULE,
        place(item),
        f"{word(item, 'key')} names the class {word(item, 'value')}, which is not in the table",
    )
