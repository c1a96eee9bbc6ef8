"""A chat template is a program, and this one is not on a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Fact, Finding

RULE = Rule(
    id="template.unlisted",
    severity=Severity.LOW,
    summary="A chat template is not on the list of known ones.",
    why=(
        "A chat template is a Jinja program that writes the prompt. It can hide instructions to "
        "the model in every conversation, and an engine without sandbox lets it run code."
    ),
    fix="read the template before you use it; compare it with that of the original model",
    references=(
        "https://huggingface.co/docs/transformers/chat_templating",
        "https://cwe.mitre.org/data/definitions/1336.html",
    ),
)
READS = ("template.found",)


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each chat template. There is no list yet, so each one is unlisted."""
    where = word(item, "where", "a chat template")
    size, sha256 = word(item, "size"), word(item, "sha256")
    yield found(
        RULE,
        place(item),
        f"{where} is a template of {size} bytes (sha256 {sha256}) that nobody has listed; it is rendered on "
        "apply_chat_template only",
    )
