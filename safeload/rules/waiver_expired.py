"""A waiver has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="waiver.expired",
    severity=Severity.LOW,
    summary="A waiver that is about this source has ended.",
    why=(
        "An exception that nobody looks at again becomes the rule. Where the waiver has ended its finding "
        "counts again, at its own level; this one says why."
    ),
    fix="review the finding: repair it, or write a new waiver with a new reason (`safeload policy waive`)",
)
READS = ()


def check(item: Fact | Evidence) -> Iterator[Finding]:  # noqa: ARG001  every rule has it
    """Nothing: `policy.waivers` states these findings, since only the policy knows them."""
    yield from ()
