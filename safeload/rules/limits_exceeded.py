"""A file asks for more than a budget allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="limits.exceeded",
    severity=Severity.MEDIUM,
    summary="A file needs more memory, time or depth than the budgets of the audit allow.",
    why=(
        "Small files that unfold into much more can stop a scanner or the machine it runs on. "
        "What was not read to its end does not count as clean."
    ),
    fix=(
        "if the file is honest and this large, raise its budget under [limits] of the policy: the keys are "
        "the fields of safeload/limits.py with dashes, such as json-bytes"
    ),
    references=(
        "https://cwe.mitre.org/data/definitions/400.html",
        "https://cwe.mitre.org/data/definitions/409.html",
    ),
)
READS = ("artifact.coverage",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each artifact that ran into a budget."""
    if value(item, "coverage") == "limit-exceeded":
        yield found(RULE, place(item), f"exceeds a limit: {word(item, 'reason', 'no reason was given')}")
