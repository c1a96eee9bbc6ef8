"""A repository brings native code along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="code.native-binary",
    severity=Severity.HIGH,
    summary="A snapshot holds a native library or program.",
    why=(
        "A shared library runs code as soon as it is loaded, and kernels and extensions are "
        "loaded by name from the model's folder. A checkpoint has no need for one."
    ),
    fix=("remove the file from your copy; build the library from source that you trust if you need it"),
    references=("https://cwe.mitre.org/data/definitions/829.html",),
)
READS = ("code.native",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each native binary."""
    yield found(RULE, place(item), f"is a native binary ({word(item, 'format')})")
