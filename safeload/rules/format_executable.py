"""The format itself is a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="format.executable",
    severity=Severity.HIGH,
    summary="A file is of a format that carries code by design.",
    why=(
        "TorchScript, Keras lambdas and their like hold code that runs when the model is loaded "
        "or called. No scan can tell in general what it does."
    ),
    fix=(
        "ask the author for the weights alone, as safetensors, and build the model from code that you trust"
    ),
    references=("https://cwe.mitre.org/data/definitions/829.html",),
)
READS = ("format.executable",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each file whose format is a program."""
    detail = word(item, "detail", "its format carries code")
    yield found(RULE, place(item), f"is {word(item, 'format')}, which is a program: {detail}")
