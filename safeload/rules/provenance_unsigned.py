"""Nothing verified says who published these bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import NOT_NEEDED, UNTRUSTED, Evidence, Rule, Severity, Status
from safeload.rules import found
from safeload.rules._items import place, signature_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Fact, Finding

RULE = Rule(
    id="provenance.unsigned",
    severity=Severity.LOW,
    summary="No verified signature says who published the snapshot.",
    why=(
        "Without one, an account that was taken over or a name that was reused looks like the "
        "original. Most repositories are unsigned today."
    ),
    fix=(
        "name the repository and a trust store that has a rule for it (`safeload audit --repository "
        "org/name --trust DIR`); where the publisher signs nothing, review the files and pin the commit"
    ),
    references=("https://cwe.mitre.org/data/definitions/345.html",),
)
READS = ("evidence.commit-signature", "evidence.model-signature")


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Evidence that is absent, or that could not be had; who is not trusted is another rule's business."""
    if (
        isinstance(item, Evidence)
        and item.status in {Status.ABSENT, Status.UNAVAILABLE}
        and item.code not in {NOT_NEEDED, *UNTRUSTED}
    ):
        yield found(RULE, place(item), f"{signature_kind(item)} {item.status.value}: {item.detail}")
