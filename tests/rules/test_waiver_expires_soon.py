"""waiver.expires-soon: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import waiver_expires_soon as rule
from tests.forge.waivers import upkeep


def test_waiver_expires_soon_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "waiver.expires-soon"


def test_waiver_expires_soon_fires():
    """Less than 14 days are left."""
    assert upkeep("2026-02-16") == [rule.RULE.id]


def test_waiver_expires_soon_stays_quiet():
    """Fourteen are."""
    assert upkeep("2026-02-14") == []


def test_waiver_expires_soon_near_miss():
    """It ends soon and nothing needs it."""
    assert upkeep("2026-02-16", found=False) == ["waiver.unused"]
