"""artifact.not-read: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import artifact_not_read as rule
from tests.forge.findings import fact, messages


def test_artifact_not_read_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "artifact.not-read"


def test_artifact_not_read_fires():
    """The reason is given."""
    item = fact("artifact.coverage", coverage="not-read", reason="because")
    assert messages(rule, item) == ["was not read: because"]


def test_artifact_not_read_stays_quiet():
    """Another coverage belongs to another rule."""
    item = fact("artifact.coverage", coverage="malformed", reason="because")
    assert messages(rule, item) == []


def test_artifact_not_read_near_miss():
    """A coverage that nobody knows counts as not read."""
    item = fact("artifact.coverage", coverage="half", reason="why not")
    assert messages(rule, item) == ["was not read: why not"]
