"""format.polyglot: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import format_polyglot as rule
from tests.forge.findings import fact, messages


def test_format_polyglot_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "format.polyglot"


def test_format_polyglot_fires():
    """Every format that accepts the bytes is named."""
    item = fact("format.polyglot", formats=["pickle", "zip"])
    assert messages(rule, item) == ["is valid as more than one format: pickle, zip"]


def test_format_polyglot_stays_quiet():
    """A misnamed file has one format."""
    item = fact("format.mismatch", format="pickle", extension=".json")
    assert messages(rule, item) == []


def test_format_polyglot_near_miss():
    """A long list is cut and counted."""
    item = fact("format.polyglot", formats=["a", "b", "c", "d", "e", "f", "g"])
    assert messages(rule, item) == ["is valid as more than one format: a, b, c, d, e and 2 more"]
