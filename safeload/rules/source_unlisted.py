"""A source that the policy does not list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Location, Rule, Severity
from safeload.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeload.core import Evidence, Fact, Finding
    from safeload.rules import Terms

RULE = Rule(
    id="source.unlisted",
    severity=Severity.MEDIUM,
    summary="A source that no pattern of the policy's `[source] allow` names.",
    why=(
        "Anyone can open an account whose name looks like a known one, and upload a copy with a change. A "
        "list of the publishers that you rely on keeps look-alikes out before anything of theirs is read."
    ),
    fix="check the spelling of the name; where it is right, have the publisher added to [source] allow",
    references=("https://cwe.mitre.org/data/definitions/829.html",),
)
READS = ()


def check(item: Fact | Evidence) -> Iterator[Finding]:  # noqa: ARG001  every rule has it
    """Nothing alone: it depends on what the policy lists."""
    yield from ()


def weigh(facts: Sequence[Fact], terms: Terms) -> Iterator[Finding]:  # noqa: ARG001  as above
    """The source itself; facts do not matter."""
    if not terms.listed:
        yield found(RULE, Location(artifact=terms.subject), "the policy does not list this source")
