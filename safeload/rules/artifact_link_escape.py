"""A link or special file leads out of the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="artifact.link-escape",
    severity=Severity.HIGH,
    summary="A link leads out of the snapshot, or a file is a device, socket or pipe.",
    why=(
        "Reading through such a link hands files of this machine to whatever loads the model, and "
        "a device or pipe can block or feed anything. A checkpoint holds plain files."
    ),
    fix="replace the link by a plain copy of the file that you mean, and audit again",
    references=("https://cwe.mitre.org/data/definitions/59.html",),
    waivable=False,
)
READS = ("artifact.link",)

_NOT_READ = ("broken", "unreadable", "depth", "name")
"""Problems of what simply was not read: artifact.not-read speaks about these."""


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each link or special file that the source refused for where it leads or what it is."""
    if value(item, "problem") in _NOT_READ:
        return
    detail = word(item, "detail", word(item, "problem"))
    target = word(item, "target", "")
    yield found(RULE, place(item), f"{detail}: it points to {target}" if target else detail)
