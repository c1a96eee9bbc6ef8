"""A pickle uses a listed callable in another way than its contract says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import SAFETENSORS_INSTEAD, place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="pickle.uncontracted-call",
    severity=Severity.HIGH,
    summary=("A pickle calls a listed callable with arguments or in a way that its contract does not cover."),
    why=(
        "A harmless name can do harm with the wrong arguments: a tensor that reaches outside its "
        "storage, a byte array of many gigabytes, a state that overwrites attributes. So a name "
        "is accepted only together with what it is called with."
    ),
    fix=SAFETENSORS_INSTEAD,
    references=(
        "https://docs.python.org/3/library/pickle.html",
        "https://cwe.mitre.org/data/definitions/502.html",
    ),
)
READS = ("pickle.call",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each use outside a contract, but for those of known gadgets, which have a rule of their own."""
    if not value(item, "known"):
        why = word(item, "why", "outside its contract")
        yield found(RULE, place(item), f"uses {word(item, 'callable')} by {word(item, 'opcode')}: {why}")
