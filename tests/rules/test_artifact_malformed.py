"""artifact.malformed: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import artifact_malformed as rule
from tests.forge.findings import fact, messages


def test_artifact_malformed_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "artifact.malformed"


def test_artifact_malformed_fires():
    """The reason is given."""
    item = fact("artifact.coverage", coverage="malformed", reason="because")
    assert messages(rule, item) == ["is malformed: because"]


def test_artifact_malformed_stays_quiet():
    """Another coverage belongs to another rule."""
    item = fact("artifact.coverage", coverage="unrecognised", reason="because")
    assert messages(rule, item) == []


def test_artifact_malformed_near_miss():
    """A fact without reason still counts."""
    item = fact("artifact.coverage", coverage="malformed")
    assert messages(rule, item) == ["is malformed: no reason was given"]
