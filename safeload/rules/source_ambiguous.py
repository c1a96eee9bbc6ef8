"""A name means a local folder and a Hub repository at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="source.ambiguous",
    severity=Severity.MEDIUM,
    summary="A name like `org/name` is a Hub repository and a local folder.",
    why=(
        "Whoever can create a folder in the working directory decides what a script loads, and a "
        "script that worked yesterday loads something else today."
    ),
    fix="write `./org/name` for the folder; `hf:org/name` is the name of the repository",
)
READS = ("source.ambiguous",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each ambiguous name."""
    yield found(RULE, place(item), f"{word(item, 'name')} is a local folder and may be a Hub repository")
