"""Weights are stored as a pickle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="format.pickle-weights",
    severity=Severity.LOW,
    summary="Weights come as a pickle and not as safetensors.",
    why=(
        "A pickle is a program. This one was interpreted without running it, and loads from here "
        "only if it is inert; the same file does whatever it says as soon as another tool "
        "unpickles it."
    ),
    fix=(
        "prefer model.safetensors of the same repository; otherwise ask its author for it, or "
        "convert the file in a throw-away container"
    ),
    references=(
        "https://github.com/huggingface/safetensors",
        "https://docs.python.org/3/library/pickle.html",
    ),
)
READS = ("weights.pickle",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each weight file whose structure is a pickle."""
    yield found(
        RULE, place(item), f"holds weights as a pickle (its stream: {word(item, 'verdict', 'not judged')})"
    )
