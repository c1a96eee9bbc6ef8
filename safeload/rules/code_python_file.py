"""A repository brings Python source along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="code.python-file",
    severity=Severity.MEDIUM,
    summary="A snapshot holds Python source files.",
    why=(
        "Such files are imported by trust_remote_code, by notebooks, or by hand. safeload never "
        "imports them, and says nothing about what they do."
    ),
    fix="do not set trust_remote_code; read the file before you run it",
    references=(
        "https://huggingface.co/docs/transformers/custom_models",
        "https://cwe.mitre.org/data/definitions/829.html",
    ),
)
READS = ("code.python",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each Python file."""
    yield found(RULE, place(item), "is Python source, which safeload never imports and did not review")
