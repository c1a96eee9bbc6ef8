"""The branch went back to an older commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Evidence, Rule, Severity, Status
from safeload.rules import found
from safeload.rules._items import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Fact, Finding

RULE = Rule(
    id="provenance.rollback",
    severity=Severity.HIGH,
    summary="A commit is older than one that was accepted before.",
    why=(
        "A signature holds for ever, also for a version with a known hole. Whoever can move a branch can "
        "move it back."
    ),
    fix=(
        "find out why the branch went back; if that is right, pin the commit in the trust store, or remove "
        "the branch from the memory of accepted commits"
    ),
    references=(
        "https://theupdateframework.github.io/specification/latest/#goals-to-protect-against-specific-attacks",
    ),
)
READS = ("evidence.commit-freshness",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """A commit that is older, or a memory that cannot tell."""
    if isinstance(item, Evidence) and item.status is Status.INVALID:
        yield found(RULE, place(item), f"the branch went back: {item.detail}")
    elif isinstance(item, Evidence) and item.status is Status.UNAVAILABLE:
        yield found(RULE, place(item), f"nobody can tell whether the branch went back: {item.detail}")
