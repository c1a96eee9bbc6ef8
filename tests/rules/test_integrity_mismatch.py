"""integrity.mismatch: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.core import Status
from safeload.record import replace
from safeload.rules import integrity_mismatch as rule
from tests.forge.findings import fact, messages, signature


def test_integrity_mismatch_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "integrity.mismatch"


def test_integrity_mismatch_fires():
    """A file that differs, and a binding that is broken as a whole."""
    item = fact("integrity.mismatch", problem="extra", detail="is no file of the commit")
    assert messages(rule, item) == ["is no file of the commit"]
    broken = replace(signature(Status.INVALID, "a link"), kind="tree-binding")
    assert messages(rule, broken) == ["the binding to the commit is broken: a link"]
    assert messages(rule, replace(broken, code="named")) == []
    lock = replace(signature(Status.UNAVAILABLE, "a bug"), kind="lock")
    assert messages(rule, lock) == ["the files were not compared with the lock: a bug"]


def test_integrity_mismatch_stays_quiet():
    """Files of the commit and of the lock; a lock whose facts name what differs."""
    assert messages(rule, replace(signature(Status.VERIFIED), kind="tree-binding")) == []
    assert messages(rule, replace(signature(Status.VERIFIED), kind="lock")) == []
    assert messages(rule, replace(signature(Status.INVALID), kind="lock", code="named")) == []


def test_integrity_mismatch_near_miss():
    """Files that could not be compared are no proof of a difference."""
    assert messages(rule, replace(signature(Status.UNAVAILABLE), kind="tree-binding")) == []
