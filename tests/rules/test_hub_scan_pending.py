"""hub.scan-pending: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.core import Status
from safeload.record import replace
from safeload.rules import hub_scan_pending as rule
from tests.forge.findings import messages, signature


def _scan(status, detail="what the Hub says"):
    return replace(signature(status, detail), kind="hub-scan")


def test_hub_scan_pending_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "hub.scan-pending"


def test_hub_scan_pending_fires():
    """The Hub's word, as the collector read it."""
    assert messages(rule, _scan(Status.UNAVAILABLE)) == ["what the Hub says"]


def test_hub_scan_pending_stays_quiet():
    """What the other rule says, and scans that are done and name nothing."""
    for status in (Status.VERIFIED, Status.INVALID):
        assert messages(rule, _scan(status)) == []


def test_hub_scan_pending_near_miss():
    """Only what was never a scan is ABSENT."""
    assert messages(rule, _scan(Status.ABSENT)) == []
