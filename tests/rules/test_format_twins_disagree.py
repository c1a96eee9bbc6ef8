"""format.twins-disagree: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import format_twins_disagree as rule
from tests.forge.findings import fact, messages


def test_format_twins_disagree_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "format.twins-disagree"


def test_format_twins_disagree_fires():
    """Twins that differ are named with the difference."""
    item = fact(
        "weights.twins",
        pickle="a.bin",
        safetensors="a.safetensors",
        agree=False,
        difference="x has another shape",
    )
    assert messages(rule, item) == ["a.bin and a.safetensors differ: x has another shape"]


def test_format_twins_disagree_stays_quiet():
    """Twins that agree are quiet."""
    item = fact("weights.twins", pickle="a.bin", safetensors="a.safetensors", agree=True)
    assert messages(rule, item) == []


def test_format_twins_disagree_near_miss():
    """Twins that were not compared count as different."""
    item = fact("weights.twins", pickle="a.bin", safetensors="a.safetensors")
    assert messages(rule, item) == ["a.bin and a.safetensors differ: they were not compared"]
