"""A repository brings source code along: Python, scripts, notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Fact, Rule, Severity
from safeload.rules import found
from safeload.rules._items import place, value, word, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Finding

RULE = Rule(
    id="code.python-file",
    severity=Severity.MEDIUM,
    summary="A snapshot holds Python source files, scripts or notebooks.",
    why=(
        "Such files are imported by trust_remote_code, run by notebooks, editors and build tools, or by "
        "hand. safeload never runs them. What it says about an import is read from the text, and code can "
        "hide what it does from any reader."
    ),
    fix="do not set trust_remote_code; read the file before you run it",
    references=(
        "https://huggingface.co/docs/transformers/custom_models",
        "https://cwe.mitre.org/data/definitions/829.html",
    ),
)
READS = ("code.python", "code.script")


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """Each such file."""
    script = isinstance(item, Fact) and item.kind == "code.script"
    yield found(RULE, place(item), _script(item) if script else _python(item))


def _script(item: Fact | Evidence) -> str:
    sentence = f"is {word(item, 'language', 'a program')}, which safeload never runs and did not review"
    cells, active = value(item, "code_cells"), value(item, "active_outputs")
    if isinstance(cells, int) and isinstance(active, int):
        sentence += f": {cells} cells of code, {active} outputs that are pages or scripts"
    return sentence


def _python(item: Fact | Evidence) -> str:
    sentence = "is Python source, which safeload never imports and did not review"
    if value(item, "unread"):
        return f"{sentence}: what it does is unknown, since {word(item, 'unread')}"
    parts = []
    if value(item, "at_import"):
        parts.append(f"when it is imported it calls {words(item, 'at_import')}")
    if value(item, "decodes"):
        parts.append("what it runs it decodes first")
    if value(item, "in_functions"):
        parts.append(f"its functions call {words(item, 'in_functions')}")
    if value(item, "imports"):
        parts.append(f"it imports {words(item, 'imports')}")
    return f"{sentence}: {'; '.join(parts)}" if parts else sentence
