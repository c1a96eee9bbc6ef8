"""A pickle names a callable that is a known way to run code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Fact, Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Finding

RULE = Rule(
    id="pickle.dangerous-global",
    severity=Severity.CRITICAL,
    summary="A pickle imports a callable that is known to run code, read files or reach the network.",
    why=(
        "Unpickling imports the global and may call it with arguments from the file: whoever "
        "loads the file runs what its author chose. No honest state dict needs such a global."
    ),
    fix=(
        "do not load this file with anything; `safeload inspect FILE` shows what it would do, and "
        "model.safetensors of the same repository, if any, is judged by itself"
    ),
    references=(
        "https://docs.python.org/3/library/pickle.html",
        "https://cwe.mitre.org/data/definitions/502.html",
        "https://huggingface.co/docs/hub/security-pickle",
    ),
    waivable=False,
)
READS = ("pickle.global", "pickle.call", "pickle.more")


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """A known gadget, or a stream with more of them than are listed one by one."""
    if isinstance(item, Fact) and item.kind == "pickle.more":
        if value(item, "known"):
            yield found(
                RULE, place(item), f"imports {word(item, 'known')} more known gadgets, not listed one by one"
            )
    elif value(item, "known") and isinstance(item, Fact) and item.kind == "pickle.call":
        what = word(item, "what", "is a known way to run code")
        yield found(RULE, place(item), f"uses {word(item, 'callable')}, which {what}: {word(item, 'why')}")
    elif value(item, "known"):
        name = f"{word(item, 'module')}.{word(item, 'name')}"
        yield found(
            RULE, place(item), f"imports {name}, which {word(item, 'what', 'is a known way to run code')}"
        )
