"""A chat template does what no honest one needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="template.unsafe",
    severity=Severity.HIGH,
    summary="A chat template reaches for more than its data, or for work without bound.",
    why=(
        "A chat template is a Jinja program. In an engine without sandbox, or with a hole in it, one "
        "attribute that leads from a text to Python's own objects runs any code, and a loop or a width "
        "of the template's own choosing stops the service that renders it."
    ),
    fix="replace the template by that of the original model; do not let any program render this one",
    references=(
        "https://nvd.nist.gov/vuln/detail/CVE-2024-34359",
        "https://nvd.nist.gov/vuln/detail/CVE-2026-5760",
        "https://cwe.mitre.org/data/definitions/1336.html",
    ),
)
READS = ("template.unsafe",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each construct, with its line."""
    where = word(item, "where", "a chat template")
    what = word(item, "what", "a construct that is not listed")
    yield found(RULE, place(item), f"{where} uses, in line {word(item, 'line')}, {what}")
