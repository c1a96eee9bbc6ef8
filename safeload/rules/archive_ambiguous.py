"""Two readers would see different archives in the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="archive.ambiguous",
    severity=Severity.HIGH,
    summary="An archive can be read in more than one way.",
    why=(
        "Readers of archives differ in which records they trust: central directory or local headers "
        "of a zip, header or extended header of a tar, first or last of two members with one name, "
        "what stands behind the end of a compressed stream. Where these disagree, a scanner and a "
        "loader see different members."
    ),
    fix=("do not load this file; ask the author for one that torch.save or safetensors has written anew"),
    references=(
        "https://cwe.mitre.org/data/definitions/436.html",
        "https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT",
    ),
    waivable=False,
)
READS = ("archive.ambiguous",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each way in which the archive is ambiguous."""
    yield found(
        RULE, place(item), f"is ambiguous ({word(item, 'problem')}): {word(item, 'detail', 'no detail')}"
    )
