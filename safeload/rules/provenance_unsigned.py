"""Nothing verified says who published these bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Evidence, Rule, Severity, Status
from safeload.rules import found
from safeload.rules._items import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Fact, Finding

RULE = Rule(
    id="provenance.unsigned",
    severity=Severity.LOW,
    summary="No verified signature says who published the snapshot.",
    why=(
        "Without one, an account that was taken over or a name that was reused looks like the "
        "original. Most repositories are unsigned today."
    ),
    fix=(
        "this version verifies no signatures: where a policy denies unsigned checkpoints, review the files, "
        "and set provenance.unsigned in a policy of your own"
    ),
    references=("https://cwe.mitre.org/data/definitions/345.html",),
)
READS = ("evidence.commit-signature",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Evidence that is absent, or that could not be had."""
    if isinstance(item, Evidence) and item.status in {Status.ABSENT, Status.UNAVAILABLE}:
        yield found(RULE, place(item), f"commit signature {item.status.value}: {item.detail}")
