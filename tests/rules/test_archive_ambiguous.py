"""archive.ambiguous: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import archive_ambiguous as rule
from tests.forge.findings import fact, messages


def test_archive_ambiguous_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "archive.ambiguous"


def test_archive_ambiguous_fires():
    """The two readings are named."""
    item = fact("archive.ambiguous", problem="duplicate-member", detail="data.pkl occurs twice")
    assert messages(rule, item) == ["is ambiguous (duplicate-member): data.pkl occurs twice"]


def test_archive_ambiguous_stays_quiet():
    """Nesting is not ambiguous."""
    item = fact("archive.nested", format="zip")
    assert messages(rule, item) == []


def test_archive_ambiguous_near_miss():
    """A fact without detail still counts."""
    item = fact("archive.ambiguous", problem="gap")
    assert messages(rule, item) == ["is ambiguous (gap): no detail"]
