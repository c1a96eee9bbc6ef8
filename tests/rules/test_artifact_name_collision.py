"""artifact.name-collision: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import artifact_name_collision as rule
from tests.forge.findings import fact, messages


def test_artifact_name_collision_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "artifact.name-collision"


def test_artifact_name_collision_fires():
    """Both names are given."""
    item = fact("artifact.collision", names=["config.json", "Config.json"], by="case")
    assert messages(rule, item) == ["names collide by case: config.json, Config.json"]


def test_artifact_name_collision_stays_quiet():
    """A link is another finding."""
    item = fact("artifact.link", problem="leaves the folder", target="/x")
    assert messages(rule, item) == []


def test_artifact_name_collision_near_miss():
    """A fact without names still counts."""
    item = fact("artifact.collision", by="normalisation")
    assert messages(rule, item) == ["names collide by normalisation: ?"]
