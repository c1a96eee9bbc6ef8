"""Bytes stand behind the end of a pickle stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import SAFETENSORS_INSTEAD, place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="pickle.trailing-data",
    severity=Severity.MEDIUM,
    summary="Bytes follow the STOP opcode of a pickle stream.",
    why=(
        "The unpickler stops at STOP and leaves the rest to whoever reads on: a second stream can "
        "hide there, which one program loads and another never looks at."
    ),
    fix=SAFETENSORS_INSTEAD,
    references=("https://docs.python.org/3/library/pickle.html",),
)
READS = ("pickle.trailing",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each stream with something behind it."""
    what = "which start another pickle" if value(item, "pickle") is True else "which are no pickle"
    yield found(RULE, place(item), f"has {word(item, 'size')} bytes behind STOP, {what}")
