"""A repository that changed too short a time ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Location, Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeload.core import Evidence, Fact, Finding
    from safeload.rules import Terms

_DAY = 86_400

RULE = Rule(
    id="source.too-new",
    severity=Severity.LOW,
    summary="A Hub repository changed more recently than the policy's `[source] min-age-days`.",
    why=(
        "Most malicious uploads are found and taken down within days. Waiting lets others find them. The "
        "time is the Hub's own, since the author of a commit chooses its date."
    ),
    fix="wait, or load an older commit from a store of your own; an urgent one can get a waiver that ends",
    references=("https://cwe.mitre.org/data/definitions/1357.html",),
)
READS = ("source.time",)


def check(item: Fact | Evidence) -> Iterator[Finding]:  # noqa: ARG001  every rule has it
    """Nothing alone: it depends on what the policy lists."""
    yield from ()


def weigh(facts: Sequence[Fact], terms: Terms) -> Iterator[Finding]:
    """A last change that is too recent, lies in the future, or is not known."""
    if not terms.days or not terms.remote:
        return
    for fact in facts:
        said = value(fact, "last_modified")
        changed = _seconds(said) if isinstance(said, str) else None
        if changed is None:
            yield found(RULE, place(fact), "the Hub did not say when the repository last changed")
        elif terms.now - changed < terms.days * _DAY:
            when = f"the repository changed on {word(fact, 'last_modified')}"
            yield found(RULE, place(fact), f"{when}, less than {terms.days} days ago")
    if not facts:
        yield found(RULE, Location(artifact=terms.subject), "it is not known when the repository changed")


def _seconds(text: str) -> float | None:
    """Seconds since 1970 of an instant as the Hub writes it; one without an offset is in UTC."""
    import datetime as dt

    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (instant if instant.tzinfo is not None else instant.replace(tzinfo=dt.UTC)).timestamp()
