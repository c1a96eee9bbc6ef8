"""limits.exceeded: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import limits_exceeded as rule
from tests.forge.findings import fact, messages


def test_limits_exceeded_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "limits.exceeded"


def test_limits_exceeded_fires():
    """The reason is given."""
    item = fact("artifact.coverage", coverage="limit-exceeded", reason="because")
    assert messages(rule, item) == ["exceeds a limit: because"]


def test_limits_exceeded_stays_quiet():
    """Another coverage belongs to another rule."""
    item = fact("artifact.coverage", coverage="malformed", reason="because")
    assert messages(rule, item) == []


def test_limits_exceeded_near_miss():
    """A fact without reason still counts."""
    item = fact("artifact.coverage", coverage="limit-exceeded")
    assert messages(rule, item) == ["exceeds a limit: no reason was given"]
