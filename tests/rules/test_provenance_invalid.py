"""provenance.invalid: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.core import Status
from safeload.rules import provenance_invalid as rule
from tests.forge.findings import messages, signature


def test_provenance_invalid_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "provenance.invalid"


def test_provenance_invalid_fires():
    """A wrong signature is a finding."""
    item = signature(Status.INVALID, "digest differs")
    assert messages(rule, item) == ["the commit signature is invalid: digest differs"]


def test_provenance_invalid_stays_quiet():
    """A verified signature is quiet."""
    item = signature(Status.VERIFIED)
    assert messages(rule, item) == []


def test_provenance_invalid_near_miss():
    """An absent signature is not an invalid one."""
    item = signature(Status.ABSENT)
    assert messages(rule, item) == []
