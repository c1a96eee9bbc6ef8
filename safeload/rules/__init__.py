"""Fact or evidence -> findings, one small file per rule.

How a rule takes part: a public module in this folder with

    RULE: Rule                    identity and documentation (core.Rule)
    READS: tuple[str, ...]        fact kinds, and `evidence.<kind>`, that it wants to see

    def check(item: Fact | Evidence) -> Iterator[Finding]

`found()` builds the finding from the rule, so that id, severity, fix and waivability stand once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from safeload.core import Evidence, Fact, Finding, Location, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


class RuleModule(Protocol):
    """What the pipeline expects of a module in this folder."""

    RULE: Rule
    READS: tuple[str, ...]

    def check(self, item: Fact | Evidence) -> Iterator[Finding]:
        """The findings that this item gives rise to; none where it does not matter."""
        ...


def found(rule: Rule, location: Location, message: str, *, fix: str | None = None) -> Finding:
    """A finding of `rule`. `fix` replaces the rule's general advice where the place allows better."""
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        message=message,
        location=location,
        fix=fix or rule.fix,
        waivable=rule.waivable,
    )
