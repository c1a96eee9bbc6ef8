"""A repository is named by something that can move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Location, Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeload.core import Evidence, Fact, Finding
    from safeload.rules import Terms

RULE = Rule(
    id="source.unpinned",
    severity=Severity.LOW,
    summary="A Hub repository is named by a branch or tag, not by a whole commit.",
    why=(
        "A branch is whatever its last writer made of it. The files that were reviewed yesterday are not "
        "the ones that load tomorrow, and a taken-over account needs one push."
    ),
    fix="name the commit by its 40 digits, `hf:org/name@<commit>`; this audit says which one it was",
    references=("https://huggingface.co/docs/huggingface_hub/guides/download",),
)
READS = ("source.revision",)


def check(item: Fact | Evidence) -> Iterator[Finding]:  # noqa: ARG001  every rule has it
    """Nothing alone: it depends on what the policy lists."""
    yield from ()


def weigh(facts: Sequence[Fact], terms: Terms) -> Iterator[Finding]:
    """A revision that is no commit, and a repository of which none is known."""
    if not terms.pin or not terms.remote:
        return
    for fact in facts:
        if value(fact, "pinned") is not True:
            what = f"{word(fact, 'revision')} can move: it stands for {word(fact, 'commit')} now"
            yield found(RULE, place(fact), what)
    if not facts:
        yield found(RULE, Location(artifact=terms.subject), "it is not known which revision was asked for")
