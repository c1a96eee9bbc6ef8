"""provenance.rollback: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.core import Status
from safeload.record import replace
from safeload.rules import provenance_rollback as rule
from tests.forge.findings import messages, signature


def test_provenance_rollback_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "provenance.rollback"


def test_provenance_rollback_fires():
    """An older commit, and a memory that cannot tell."""
    item = replace(signature(Status.INVALID, "older than 1234"), kind="commit-freshness")
    assert messages(rule, item) == ["the branch went back: older than 1234"]
    item = replace(item, status=Status.UNAVAILABLE, detail="no JSON")
    assert messages(rule, item) == ["nobody can tell whether the branch went back: no JSON"]


def test_provenance_rollback_stays_quiet():
    """A commit that is not older, and the first one of a branch."""
    for status in (Status.VERIFIED, Status.ABSENT):
        assert messages(rule, replace(signature(status), kind="commit-freshness")) == []


def test_provenance_rollback_near_miss():
    """A signature that is invalid is another finding."""
    assert messages(rule, signature(Status.INVALID)) == []
