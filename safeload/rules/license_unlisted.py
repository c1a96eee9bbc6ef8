"""A licence that the policy does not list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Fact, Location, Rule, Severity
from safeload.rules import found
from safeload.rules._items import LONGEST, place, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeload.core import Evidence, Finding
    from safeload.rules import Terms

CARD = "README.md"

RULE = Rule(
    id="license.unlisted",
    severity=Severity.LOW,
    summary="The model card states no licence that the policy's `[licenses] allow` lists.",
    why=(
        "Weights under a licence that forbids the use are a legal risk that nothing in the bytes shows. "
        "The card is the author's word, and no proof of it."
    ),
    fix="ask whoever decides about licences, and record the answer as a waiver or in [licenses] allow",
    references=("https://huggingface.co/docs/hub/repositories-licenses",),
)
READS = ("license.stated",)


def check(item: Fact | Evidence) -> Iterator[Finding]:  # noqa: ARG001  every rule has it
    """Nothing alone: it depends on what the policy lists."""
    yield from ()


def weigh(facts: Sequence[Fact], terms: Terms) -> Iterator[Finding]:
    """Each licence of the card that is not listed, and a card that states none."""
    if terms.licenses is None:
        return
    stated = [fact for fact in facts if fact.location == Location(artifact=CARD)]
    for fact in stated:
        names = value(fact, "licenses")
        listed = [str(name)[:LONGEST] for name in names] if isinstance(names, (list, tuple)) else []
        for name in listed:
            if name.lower() not in terms.licenses:
                yield found(RULE, place(fact), f"licence {name} is not listed")
        if not listed:
            yield found(RULE, place(fact), "the model card states no licence in a form that can be read")
    if not stated:
        yield found(RULE, Location(artifact=CARD), "there is no model card that states a licence")
