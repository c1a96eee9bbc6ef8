"""The Hub signed, not the publisher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Evidence, Rule, Severity, Status
from safeload.rules import found
from safeload.rules._items import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Fact, Finding

RULE = Rule(
    id="provenance.hub-signed-only",
    severity=Severity.MEDIUM,
    summary="A commit is signed by the Hub itself, and not by its publisher.",
    why=(
        "The Hub signs what its web pages and its upload interface write, for everybody who may write to the "
        "repository. Such a signature says that the Hub stored the files, not who made them."
    ),
    fix=(
        'ask the publisher for commits that they sign themselves and push with git; set require = "hub" in '
        "the trust store only if you trust everybody who can write to the repository"
    ),
    references=("https://huggingface.co/docs/hub/security-gpg",),
)
READS = ("evidence.commit-signature",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """A verified signature of the Hub, where the trust store does not say that this is enough."""
    if (
        isinstance(item, Evidence)
        and item.status is Status.VERIFIED
        and item.level == "hub"
        and item.required != "hub"
    ):
        yield found(RULE, place(item), f"the Hub vouches for these files, not their publisher: {item.detail}")
