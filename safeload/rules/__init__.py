"""Fact or evidence -> findings, one small file per rule.

How a rule takes part: a public module in this folder with

    RULE: Rule                    identity and documentation (core.Rule)
    READS: tuple[str, ...]        fact kinds, and `evidence.<kind>`, that it wants to see

    def check(item: Fact | Evidence) -> Iterator[Finding]

A rule whose pattern has parameters that a policy sets (a list, an age) has besides

    def weigh(facts: Sequence[Fact], terms: Terms) -> Iterator[Finding]

which is asked once, with all facts of its kinds, so that it sees when there are none.

`found()` builds the finding from the rule, so that id, severity, fix and waivability stand once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from safeload.core import Evidence, Fact, Finding, Location, Rule
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@record
class Terms:
    """What a policy says about one source, as far as rules have parameters."""

    subject: str
    """The source, as its manifest names it."""
    now: float
    """Seconds since 1970."""
    listed: bool = True
    """Whether the source is one of those that the policy lists, or it has no list."""
    pin: bool = False
    """Whether a repository has to be named by a whole commit."""
    days: int = 0
    """How long a repository must not have changed; 0: no matter."""
    architectures: frozenset[str] | None = None
    """Listed values of model_type; None: any."""
    licenses: frozenset[str] | None = None
    """Listed licences, in lower case; None: any."""

    @property
    def remote(self) -> bool:
        """Whether the source is a repository, with revisions and a history."""
        return self.subject.startswith("hf:")


class RuleModule(Protocol):
    """What the pipeline expects of a module in this folder."""

    RULE: Rule
    READS: tuple[str, ...]

    def check(self, item: Fact | Evidence) -> Iterator[Finding]:
        """The findings that this item gives rise to; none where it does not matter."""
        ...


class WeighingRule(RuleModule, Protocol):
    """A rule with parameters."""

    def weigh(self, facts: Sequence[Fact], terms: Terms) -> Iterator[Finding]:
        """The findings that all facts of its kinds give rise to under these terms."""
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
