"""A file is not the one that a signed commit or model names, or the lock holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Evidence, Rule, Severity, Status
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Fact, Finding

RULE = Rule(
    id="integrity.mismatch",
    severity=Severity.CRITICAL,
    summary="A file is not the one that a signed commit or model names, or that the lock file holds.",
    why=(
        "What is signed, a commit or the manifest of a model, names every file by its digest. A file that "
        "differs was changed after it was signed: on the way, on the server or on this disk. A lock file "
        "holds the digests of what was reviewed: another file was not."
    ),
    fix=(
        "fetch the snapshot again; if the file still differs, suspect tampering or a broken disk, and tell "
        "the publisher. Where a lock was left behind by a change that you meant: review it, then "
        "`safeload lock --update`"
    ),
    references=("https://cwe.mitre.org/data/definitions/354.html",),
    waivable=False,
)
READS = ("integrity.mismatch", "evidence.tree-binding", "evidence.hub-listing", "evidence.lock")


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each file that differs, is missing or is too many; and evidence that says so without naming one.

    Whoever names a lock asks for the comparison: where it could not be made, nobody knows that these are
    the files.
    """
    if isinstance(item, Evidence):
        if item.kind == "lock" and item.status is Status.UNAVAILABLE:
            yield found(RULE, place(item), f"the files were not compared with the lock: {item.detail}")
        elif item.status is Status.INVALID and item.code != "named":
            yield found(RULE, place(item), f"the binding to the commit is broken: {item.detail}")
    else:
        yield found(RULE, place(item), word(item, "detail"))
