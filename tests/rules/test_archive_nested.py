"""archive.nested: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import archive_nested as rule
from tests.forge.findings import fact, messages


def test_archive_nested_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "archive.nested"


def test_archive_nested_fires():
    """The inner archive's format is named."""
    item = fact("archive.nested", format="zip")
    assert messages(rule, item) == ["is an archive inside an archive (zip)"]


def test_archive_nested_stays_quiet():
    """An ambiguous archive is another finding."""
    item = fact("archive.ambiguous", problem="gap", detail="12 bytes")
    assert messages(rule, item) == []


def test_archive_nested_near_miss():
    """A fact without format still counts."""
    item = fact("archive.nested")
    assert messages(rule, item) == ["is an archive inside an archive (?)"]
