"""A configuration asks for code from the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="config.remote-code",
    severity=Severity.HIGH,
    summary="A configuration key asks the loader to import code that the repository brings along.",
    why=(
        "`auto_map` and its relatives make transformers download and import Python files of the "
        "repository when trust_remote_code is set, and users set it when a model does not load "
        "otherwise. safeload never follows these keys."
    ),
    fix=(
        "use a model whose architecture is built in; or review the named files and remove the key "
        "from your copy"
    ),
    references=(
        "https://huggingface.co/docs/transformers/custom_models",
        "https://cwe.mitre.org/data/definitions/829.html",
        "https://cwe.mitre.org/data/definitions/494.html",
    ),
)
READS = ("config.remote-code",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each key that asks for code."""
    yield found(
        RULE, place(item), f"{word(item, 'key')} asks for code from the repository: {word(item, 'value')}"
    )
