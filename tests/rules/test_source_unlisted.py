"""source.unlisted: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import source_unlisted as rule
from tests.forge.findings import weighed


def test_source_unlisted_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "source.unlisted"


def test_source_unlisted_fires():
    """The source is on no list of the policy."""
    assert weighed(rule, listed=False) == ["the policy does not list this source"]


def test_source_unlisted_stays_quiet():
    """It is listed, or there is no list."""
    assert weighed(rule) == []


def test_source_unlisted_near_miss():
    """A local folder has to be listed, too."""
    assert len(weighed(rule, listed=False, subject="file:/model")) == 1
