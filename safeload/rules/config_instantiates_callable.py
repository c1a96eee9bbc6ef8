"""A configuration names something to import and call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="config.instantiates-callable",
    severity=Severity.CRITICAL,
    summary="A configuration key names a callable that a loader would import and call.",
    why=(
        "Keys such as `_target_` let a data file choose any importable callable and its "
        "arguments, which is as powerful as a pickle."
    ),
    fix=(
        "do not give this file to a tool that instantiates from configuration; remove the key from your copy"
    ),
    references=(
        "https://cwe.mitre.org/data/definitions/502.html",
        "https://cwe.mitre.org/data/definitions/829.html",
    ),
    waivable=False,
)
READS = ("config.callable",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each key that names a callable."""
    yield found(RULE, place(item), f"{word(item, 'key')} names something to call: {word(item, 'value')}")
