"""A waiver that ends soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="waiver.expires-soon",
    severity=Severity.INFO,
    summary="A waiver that is in use ends within 14 days.",
    why=(
        "On the day after its end the finding counts again, and a build that passed the day before does "
        "not pass any more."
    ),
    fix="repair what it excepts before that day, or ask its owner to review it",
)
READS = ()


def check(item: Fact | Evidence) -> Iterator[Finding]:  # noqa: ARG001  every rule has it
    """Nothing: `policy.waivers` states these findings, since only the policy knows them."""
    yield from ()
