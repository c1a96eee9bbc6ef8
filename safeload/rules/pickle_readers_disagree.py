"""The second, independent reader saw something in a pickle that ours did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, value, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="pickle.readers-disagree",
    severity=Severity.HIGH,
    summary="Two independent readers of a pickle do not see the same imports and calls.",
    why=(
        "Where two readers of the same bytes differ, at least one of them is wrong, and the file "
        "may have been made to fool one. What the second reader alone saw counts."
    ),
    fix=(
        "do not load this file; `safeload inspect FILE` shows what each reader saw, and a report "
        "of the case helps to repair the wrong one"
    ),
    references=("https://cwe.mitre.org/data/definitions/436.html",),
)
READS = ("pickle.second-reader",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Where the second reader saw more. That it did not run is said in the report, and is no finding."""
    if value(item, "extra") or value(item, "status") == "disagreed":
        yield found(RULE, place(item), f"the second reader alone sees {words(item, 'extra')}")
