"""artifact.unrecognised: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import artifact_unrecognised as rule
from tests.forge.findings import fact, messages


def test_artifact_unrecognised_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "artifact.unrecognised"


def test_artifact_unrecognised_fires():
    """The reason is given."""
    item = fact("artifact.coverage", coverage="unrecognised", reason="because")
    assert messages(rule, item) == ["was not recognised: because"]


def test_artifact_unrecognised_stays_quiet():
    """Another coverage belongs to another rule."""
    item = fact("artifact.coverage", coverage="malformed", reason="because")
    assert messages(rule, item) == []


def test_artifact_unrecognised_near_miss():
    """A fact without reason still counts."""
    item = fact("artifact.coverage", coverage="unrecognised")
    assert messages(rule, item) == ["was not recognised: no known format"]
