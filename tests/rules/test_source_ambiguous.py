"""source.ambiguous: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import source_ambiguous as rule
from tests.forge.findings import fact, messages


def test_source_ambiguous_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "source.ambiguous"


def test_source_ambiguous_fires():
    """The name is given."""
    item = fact("source.ambiguous", name="org/name")
    assert messages(rule, item) == ["org/name is a local folder and may be a Hub repository"]


def test_source_ambiguous_stays_quiet():
    """Colliding file names are another finding."""
    item = fact("artifact.collision", names=["a", "A"], by="case")
    assert messages(rule, item) == []


def test_source_ambiguous_near_miss():
    """A fact without name still counts."""
    item = fact("source.ambiguous")
    assert messages(rule, item) == ["? is a local folder and may be a Hub repository"]
