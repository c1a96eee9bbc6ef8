"""A shard index names something that is no file of the snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="index.path-escape",
    severity=Severity.HIGH,
    summary="An index or a model names a path that is none inside its folder.",
    why=(
        "A loader that joins the name to the folder reads, or unpickles, a file from elsewhere on "
        "this machine."
    ),
    fix=("do not load this checkpoint; ask the author for one whose files lie beside each other"),
    references=("https://cwe.mitre.org/data/definitions/22.html",),
    waivable=False,
)
READS = ("index.path",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each bad name of a shard, of external data, of an asset."""
    what = word(item, "what", "shard")
    yield found(RULE, place(item), f"names the {what} {word(item, 'name')}: {word(item, 'problem')}")
