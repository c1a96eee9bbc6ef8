"""A waiver that matches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="waiver.unused",
    severity=Severity.LOW,
    summary="A waiver that is about this source matches no finding of it, or does not count yet.",
    why=(
        "The file changed, the finding went away, or there is a slip in the waiver. What is left over may "
        "one day match something that nobody meant."
    ),
    fix="remove it: `safeload policy prune` finds those that match nothing in recorded reports",
)
READS = ()


def check(item: Fact | Evidence) -> Iterator[Finding]:  # noqa: ARG001  every rule has it
    """Nothing: `policy.waivers` states these findings, since only the policy knows them."""
    yield from ()
