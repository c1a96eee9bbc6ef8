"""waiver.unused: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import waiver_unused as rule
from tests.forge.waivers import upkeep


def test_waiver_unused_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "waiver.unused"


def test_waiver_unused_fires():
    """Nothing of this source is what it was given for."""
    assert upkeep("2026-01-15", found=False) == [rule.RULE.id]


def test_waiver_unused_stays_quiet():
    """It covers a finding."""
    assert upkeep("2026-01-15") == []


def test_waiver_unused_near_miss():
    """It does not count yet."""
    assert upkeep("2026-01-01") == ["waiver.unused"]
