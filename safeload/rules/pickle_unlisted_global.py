"""A pickle names a callable that no contract describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Fact, Rule, Severity
from safeload.formats.packs import PACKS
from safeload.rules import found
from safeload.rules._items import SAFETENSORS_INSTEAD, place, value, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Evidence, Finding, Json

RULE = Rule(
    id="pickle.unlisted-global",
    severity=Severity.HIGH,
    summary="A pickle imports a global that is on no list of known-good ones.",
    why=(
        "Unpickling imports the global and can call it. Lists of bad names have always had gaps, "
        "so only names with a contract count as good: this one may be harmless, but nothing here "
        "shows that it is."
    ),
    fix=SAFETENSORS_INSTEAD,
    references=(
        "https://docs.python.org/3/library/pickle.html",
        "https://cwe.mitre.org/data/definitions/502.html",
    ),
)
READS = ("pickle.global", "pickle.more")


def check(item: Fact | Evidence) -> Iterator[Finding]:
    """A global that is not listed and not a known gadget, which has a rule of its own."""
    if isinstance(item, Fact) and item.kind == "pickle.more":
        yield found(
            RULE, place(item), f"has {word(item, 'count')} more findings, which are not listed one by one"
        )
    elif not value(item, "known"):
        name = f"{word(item, 'module')}.{word(item, 'name')}"
        message = f"imports {name}, which is not on the list of known-good globals"
        yield found(RULE, place(item), message, fix=_switch_on(value(item, "pack")))


def _switch_on(pack: Json) -> str | None:
    """The advice for a class that a pack lists which this policy leaves out."""
    if pack not in PACKS:
        return None
    return (
        f'add "{pack}" to packs under [pickle] of your policy, to read these as inert records; or {RULE.fix}'
    )
