"""The Hub has not said that its scans are done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Evidence, Rule, Severity, Status
from safeload.rules import found
from safeload.rules._items import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Fact, Finding

RULE = Rule(
    id="hub.scan-pending",
    severity=Severity.LOW,
    summary="The Hub's own malware scans of the commit are not done, or were not asked about.",
    why=(
        "Fresh commits are not scanned at once, and until then the Hub names no issues. A list that is empty "
        "for that reason must not be taken for a clean one."
    ),
    fix="ask again later; this audit does not rest on the Hub's scans",
    references=("https://huggingface.co/docs/hub/security-malware",),
)
READS = ("evidence.hub-scan",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Scans of which the outcome is not known."""
    if isinstance(item, Evidence) and item.status is Status.UNAVAILABLE:
        yield found(RULE, place(item), item.detail)
