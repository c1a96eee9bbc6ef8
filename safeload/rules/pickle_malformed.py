"""A pickle stream that the unpickler itself would reject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="pickle.malformed",
    severity=Severity.HIGH,
    summary="A pickle stream is broken.",
    why=(
        "The unpickler runs a stream opcode by opcode, so everything before the broken place is "
        "executed before the error shows. Broken streams are a known way to make a scanner give "
        "up on a file that still does harm."
    ),
    fix=(
        "get the file again and compare its sha256 with the one that its source states; if they "
        "agree, do not load it"
    ),
    references=(
        "https://docs.python.org/3/library/pickle.html",
        "https://cwe.mitre.org/data/definitions/502.html",
    ),
    waivable=False,
)
READS = ("pickle.malformed",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each stream that breaks."""
    yield found(RULE, place(item), f"is not a valid pickle: {word(item, 'detail', word(item, 'error'))}")
