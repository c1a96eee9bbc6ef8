"""What a checkpoint says about itself, as far as facts of the report repeat it. None of it is verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safeload.core import Fact

_MOST = 100
"""Names of one kind that are repeated."""


@record
class Card:
    """Fields of model cards and configurations, each name once."""

    licenses: tuple[str, ...]
    architectures: tuple[str, ...]
    families: tuple[str, ...]
    """`model_type` of the configurations."""


def card_of(facts: Iterable[Fact]) -> Card:
    """The card that facts of the kinds `license.stated` and `config.architecture` describe."""
    found: dict[str, list[str]] = {}
    for fact in facts:
        if fact.kind not in {"license.stated", "config.architecture"}:
            continue
        for name, value in fact.data.items():
            values = value if isinstance(value, (list, tuple)) else (value,)
            found.setdefault(name, []).extend(str(item) for item in values if item)
    return Card(
        licenses=_few(found, "licenses"),
        architectures=_few(found, "architectures"),
        families=_few(found, "model_type"),
    )


def _few(found: dict[str, list[str]], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found.get(name, ())))[:_MOST]
