"""Signed by somebody, and not by one whom the trust store names for this repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import UNTRUSTED, Evidence, Rule, Severity, Status
from safeload.rules import found
from safeload.rules._items import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Fact, Finding

RULE = Rule(
    id="provenance.untrusted-key",
    severity=Severity.HIGH,
    summary="A commit or model is signed by a key that the trust store does not name for this repository.",
    why=(
        "Anyone can sign with a key of their own. A signature says who published a checkpoint only "
        "where you have decided whose key counts for which repository."
    ),
    fix=(
        "check the full fingerprint with the publisher, by another way than this repository, and then "
        "`safeload trust add`; never take a key from where the checkpoint comes from"
    ),
    references=("https://cwe.mitre.org/data/definitions/295.html",),
)
READS = ("evidence.commit-signature", "evidence.model-signature")


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """A signature by nobody whom the store trusts here, or a repository that it has no rule for."""
    if isinstance(item, Evidence) and item.status is not Status.VERIFIED and item.code in UNTRUSTED:
        yield found(RULE, place(item), f"nobody who is trusted for this repository signed: {item.detail}")
