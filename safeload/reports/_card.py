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
    """Fields of a model card and a configuration."""

    licenses: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    family: str = ""
    """`model_type` of the configuration."""
    task: str = ""
    datasets: tuple[str, ...] = ()


def card_of(facts: Iterable[Fact]) -> Card:
    """The card that facts of the kinds `model.card` and `model.config` describe."""
    found: dict[str, list[str]] = {}
    for fact in facts:
        if fact.kind not in {"model.card", "model.config"}:
            continue
        for name, value in fact.data.items():
            values = value if isinstance(value, (list, tuple)) else (value,)
            found.setdefault(name, []).extend(str(item) for item in values if item)
    return Card(
        licenses=_few(found, "license"),
        architectures=_few(found, "architectures"),
        family="".join(_few(found, "model_type")[:1]),
        task="".join(_few(found, "pipeline_tag")[:1]),
        datasets=_few(found, "datasets"),
    )


def _few(found: dict[str, list[str]], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found.get(name, ())))[:_MOST]
