"""artifact.link-escape: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import artifact_link_escape as rule
from tests.forge.findings import fact, messages


def test_artifact_link_escape_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "artifact.link-escape"


def test_artifact_link_escape_fires():
    """The target of a link is named."""
    item = fact("artifact.link", problem="escape", detail="a link that leaves the snapshot", target="/etc/x")
    assert messages(rule, item) == ["a link that leaves the snapshot: it points to /etc/x"]


def test_artifact_link_escape_fires_on_special_files():
    """A device has no target."""
    item = fact("artifact.link", problem="special", detail="a device, socket or named pipe", target="")
    assert messages(rule, item) == ["a device, socket or named pipe"]


def test_artifact_link_escape_stays_quiet():
    """A link to nothing leads nowhere: that it was not read is another finding."""
    item = fact("artifact.link", problem="broken", detail="a link to a missing file", target="gone")
    assert messages(rule, item) == []


def test_artifact_link_escape_near_miss():
    """A problem that nobody knows counts as an escape."""
    assert messages(rule, fact("artifact.link", problem="new")) == ["new"]
