"""artifact.link-escape: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import artifact_link_escape as rule
from tests.forge.findings import fact, messages


def test_artifact_link_escape_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "artifact.link-escape"


def test_artifact_link_escape_fires():
    """The target of a link is named."""
    item = fact("artifact.link", problem="leaves the folder", target="../../etc/passwd")
    assert messages(rule, item) == ["leaves the folder: it points to ../../etc/passwd"]


def test_artifact_link_escape_stays_quiet():
    """Colliding names are no links."""
    item = fact("artifact.collision", names=["a", "A"], by="case")
    assert messages(rule, item) == []


def test_artifact_link_escape_near_miss():
    """A device has no target."""
    item = fact("artifact.link", problem="is a character device", target="")
    assert messages(rule, item) == ["is a character device"]
