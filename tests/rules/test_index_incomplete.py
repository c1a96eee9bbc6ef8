"""index.incomplete: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import index_incomplete as rule
from tests.forge.findings import fact, messages


def test_index_incomplete_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "index.incomplete"


def test_index_incomplete_fires():
    """What is missing is named."""
    item = fact("index.incomplete", problem="the index names a shard that is not there", name="b.bin")
    assert messages(rule, item) == ["the index names a shard that is not there: b.bin"]


def test_index_incomplete_stays_quiet():
    """A name that leads out is another finding."""
    item = fact("index.path", name="../x", problem="leaves")
    assert messages(rule, item) == []


def test_index_incomplete_near_miss():
    """A fact without name still counts."""
    item = fact("index.incomplete", problem="disagree")
    assert messages(rule, item) == ["disagree: ?"]
