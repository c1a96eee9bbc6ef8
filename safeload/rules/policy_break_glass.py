"""Somebody overruled the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="policy.break-glass",
    severity=Severity.HIGH,
    summary="Denials were overruled for one run, or somebody asked for that.",
    why=(
        "In an emergency somebody has to be able to go on, and everybody has to be able to see it later. "
        "The reason is recorded; what nobody can waive stays denied."
    ),
    fix="repair what was denied, or give it a waiver with an owner and an end",
)
READS = ()


def check(item: Fact | Evidence) -> Iterator[Finding]:  # noqa: ARG001  every rule has it
    """Nothing: `policy.engine` states these findings, since only the policy knows them."""
    yield from ()
