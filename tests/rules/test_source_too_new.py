"""source.too-new: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import source_too_new as rule
from tests.forge.findings import fact, weighed


def test_source_too_new_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "source.too-new"


DAY = 86_400.0


def test_source_too_new_fires():
    """The repository changed a day too late."""
    item = fact("source.time", last_modified="1970-01-08T00:00:01+00:00")
    assert weighed(rule, item, now=10 * DAY, days=3) == [
        "the repository changed on 1970-01-08T00:00:01+00:00, less than 3 days ago"
    ]


def test_source_too_new_stays_quiet():
    """Old enough; no age asked for; a folder, which has no time that anybody could trust."""
    old = fact("source.time", last_modified="1970-01-08T00:00:00+00:00")
    assert weighed(rule, old, now=10 * DAY, days=3) == []
    assert weighed(rule, fact("source.time"), now=10 * DAY) == []
    assert weighed(rule, now=10 * DAY, days=3, subject="file:/model") == []


def test_source_too_new_near_miss():
    """A time in the future, in another form, or none is not old."""
    for said in ("1970-02-01T00:00:00+00:00", "yesterday", None, 3):
        assert len(weighed(rule, fact("source.time", last_modified=said), now=10 * DAY, days=3)) == 1
    assert weighed(rule, now=10 * DAY, days=3) == ["it is not known when the repository changed"]
    utc = fact("source.time", last_modified="1970-01-01T00:00:00")
    assert weighed(rule, utc, now=10 * DAY, days=10) == []
