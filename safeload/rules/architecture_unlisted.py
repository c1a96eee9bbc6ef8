"""A model of a kind that the policy does not list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeload.core import Evidence, Fact, Finding
    from safeload.rules import Terms

RULE = Rule(
    id="architecture.unlisted",
    severity=Severity.LOW,
    summary="A configuration names a model_type that the policy's `[architectures] allow` does not list.",
    why=(
        "A service is built, tested and sized for certain models. Another one is a surprise at best, and "
        "where some other loader follows the name, another piece of code that reads the files."
    ),
    fix="use a checkpoint of a listed kind, or have the model_type added after a look at its code",
)
READS = ("config.architecture",)


def check(item: Fact | Evidence) -> Iterator[Finding]:  # noqa: ARG001  every rule has it
    """Nothing alone: it depends on what the policy lists."""
    yield from ()


def weigh(facts: Sequence[Fact], terms: Terms) -> Iterator[Finding]:
    """Each configuration of another kind, or of none."""
    if terms.architectures is None:
        return
    for fact in facts:
        name = word(fact, "model_type", "")
        if name not in terms.architectures:
            what = f"model_type {name} is not listed" if name else "it names no model_type"
            yield found(RULE, place(fact), what)
