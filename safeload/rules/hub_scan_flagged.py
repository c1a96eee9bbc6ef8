"""The Hub's own scans name a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Evidence, Rule, Severity, Status
from safeload.rules import found
from safeload.rules._items import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Fact, Finding

RULE = Rule(
    id="hub.scan-flagged",
    severity=Severity.HIGH,
    summary="The Hub's own malware scans name a file of the repository.",
    why=(
        "The Hub scans with engines that look for other things than this audit does. They name honest files "
        "too, and miss hostile ones: their word is a reason to look, and never one to skip the audit."
    ),
    fix=(
        "read what the Hub shows beside the file, ask the publisher, and take another revision or another "
        "format of the weights"
    ),
    references=("https://huggingface.co/docs/hub/security-malware",),
)
READS = ("evidence.hub-scan",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Scans that name something."""
    if isinstance(item, Evidence) and item.status is Status.INVALID:
        yield found(RULE, place(item), item.detail)
