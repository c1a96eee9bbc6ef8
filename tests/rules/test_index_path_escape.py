"""index.path-escape: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import index_path_escape as rule
from tests.forge.findings import fact, messages


def test_index_path_escape_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "index.path-escape"


def test_index_path_escape_fires():
    """The bad name is given."""
    item = fact("index.path", name="../x.bin", problem="is no plain file name")
    assert messages(rule, item) == ["names the shard ../x.bin: is no plain file name"]
    item = fact("index.path", name="/etc/x", problem="an absolute path", what="external data")
    assert messages(rule, item) == ["names the external data /etc/x: an absolute path"]


def test_index_path_escape_stays_quiet():
    """A missing shard is another finding."""
    item = fact("index.incomplete", problem="no such file", name="x.bin")
    assert messages(rule, item) == []


def test_index_path_escape_near_miss():
    """A fact without name still counts."""
    item = fact("index.path", problem="is no string")
    assert messages(rule, item) == ["names the shard ?: is no string"]
