"""waiver.expired: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import waiver_expired as rule
from tests.forge.waivers import upkeep


def test_waiver_expired_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "waiver.expired"


def test_waiver_expired_fires():
    """The day after its end."""
    assert upkeep("2026-03-01") == [rule.RULE.id]


def test_waiver_expired_stays_quiet():
    """On its last day it counts."""
    assert upkeep("2026-02-28") == ["waiver.expires-soon"]


def test_waiver_expired_near_miss():
    """It has ended for another source."""
    assert upkeep("2026-03-01", subject="file:/other") == []
