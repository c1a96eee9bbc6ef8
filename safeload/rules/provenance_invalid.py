"""A signature is there, and it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Evidence, Rule, Severity, Status
from safeload.rules import found
from safeload.rules._items import place, signature_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Fact, Finding

RULE = Rule(
    id="provenance.invalid",
    severity=Severity.CRITICAL,
    summary="A signature does not match what it is said to sign.",
    why=(
        "A wrong signature is worse than none: the bytes were changed after signing, or someone "
        "pretends to be the signer."
    ),
    fix=("do not load this snapshot; get it again from its publisher, and tell them if that does not help"),
    references=("https://cwe.mitre.org/data/definitions/347.html",),
    waivable=False,
)
READS = ("evidence.commit-signature", "evidence.model-signature")


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Evidence that was checked and found wrong; files that differ are another rule's business."""
    if isinstance(item, Evidence) and item.status is Status.INVALID and item.code != "named":
        yield found(RULE, place(item), f"the {signature_kind(item)} is invalid: {item.detail}")
