"""pickle.readers-disagree: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import pickle_readers_disagree as rule
from tests.forge.findings import fact, messages


def test_pickle_readers_disagree_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "pickle.readers-disagree"


def test_pickle_readers_disagree_fires():
    """What only the second reader saw is named."""
    item = fact("pickle.second-reader", status="disagreed", detail="", extra=["os.system"])
    assert messages(rule, item) == ["the second reader alone sees os.system"]


def test_pickle_readers_disagree_stays_quiet():
    """Agreement is no finding, and neither is that it did not run."""
    item = fact("pickle.second-reader", status="did-not-run", detail="too long", extra=[])
    assert messages(rule, item) == []


def test_pickle_readers_disagree_near_miss():
    """Something extra counts whatever the status says."""
    item = fact("pickle.second-reader", status="did-not-run", detail="crashed", extra=["a.b", "c.d()"])
    assert messages(rule, item) == ["the second reader alone sees a.b, c.d()"]
