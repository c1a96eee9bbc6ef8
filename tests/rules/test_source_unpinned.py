"""source.unpinned: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import source_unpinned as rule
from tests.forge.findings import fact, weighed


def test_source_unpinned_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "source.unpinned"


def test_source_unpinned_fires():
    """A branch, with the commit that it was."""
    item = fact("source.revision", revision="main", commit="a" * 40, pinned=False)
    assert weighed(rule, item, pin=True) == [f"main can move: it stands for {'a' * 40} now"]


def test_source_unpinned_stays_quiet():
    """A commit; a folder, which has no revision; and a policy that lets branches be named."""
    assert weighed(rule, fact("source.revision", revision="a" * 40, pinned=True), pin=True) == []
    assert weighed(rule, subject="file:/model", pin=True) == []
    assert weighed(rule, fact("source.revision", revision="main", pinned=False)) == []


def test_source_unpinned_near_miss():
    """What is not said, or said otherwise than with true, does not count as pinned."""
    assert weighed(rule, pin=True) == ["it is not known which revision was asked for"]
    assert len(weighed(rule, fact("source.revision", pinned="yes"), pin=True)) == 1
