"""pickle.trailing-data: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import pickle_trailing_data as rule
from tests.forge.findings import fact, messages


def test_pickle_trailing_data_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "pickle.trailing-data"


def test_pickle_trailing_data_fires():
    """A second stream behind STOP is said to be one."""
    item = fact("pickle.trailing", size=40, pickle=True)
    assert messages(rule, item) == ["has 40 bytes behind STOP, which start another pickle"]


def test_pickle_trailing_data_stays_quiet():
    """A stream that breaks belongs to another rule."""
    item = fact("pickle.malformed", error="Truncated", detail="ends early")
    assert messages(rule, item) == []


def test_pickle_trailing_data_near_miss():
    """Bytes that are no pickle count too."""
    item = fact("pickle.trailing", size=1, pickle=False)
    assert messages(rule, item) == ["has 1 bytes behind STOP, which are no pickle"]
