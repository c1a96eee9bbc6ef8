"""A data format that no loader of this package reads, or only as a last choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="format.not-loadable",
    severity=Severity.LOW,
    summary="A file is of a data format that safeload does not load, or loads as a last choice.",
    why=(
        "What is not loaded from here will be loaded by another program, whose own checks then "
        "count. A file whose format the policy does not allow is named by this rule too."
    ),
    fix="use the safetensors of the same checkpoint, or remove the file from your copy",
)
READS = ("format.not-loadable",)
_LAST_CHOICE = {"hdf5": "tf_model.h5", "msgpack": "flax_model.msgpack"}
"""Formats that a load takes under one name only, on demand or where no other weights are there."""


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each file of such a format."""
    kind = word(item, "format")
    name = _LAST_CHOICE.get(kind)
    what = f"is loaded as {name} only, and as the last choice" if name else "no loader of safeload reads"
    yield found(RULE, place(item), f"is {kind}, which {what}")
