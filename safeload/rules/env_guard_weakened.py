"""The environment switches protections of other libraries off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="env.guard-weakened",
    severity=Severity.MEDIUM,
    summary="An environment variable switches a protection of another library off.",
    why=(
        "Such variables are passed around to make old checkpoints load, and then hold for everything that "
        "the process loads. safeload does not follow them, but what is loaded beside it does."
    ),
    fix="unset the variable, and convert the checkpoint that needed it",
    references=("https://docs.pytorch.org/docs/stable/notes/serialization.html",),
)
READS = ("env.weakened",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each such variable."""
    yield found(RULE, place(item), f"{word(item, 'name')} is set: {word(item, 'what')}")
