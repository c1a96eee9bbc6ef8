"""provenance.hub-signed-only: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.core import Status
from safeload.record import replace
from safeload.rules import provenance_hub_signed_only as rule
from tests.forge.findings import messages, signature


def test_provenance_hub_signed_only_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "provenance.hub-signed-only"


def test_provenance_hub_signed_only_fires():
    """The Hub signed, and the trust store asks for the publisher."""
    item = replace(signature(Status.VERIFIED, "signed by hub"), level="hub", required="publisher")
    assert messages(rule, item) == ["the Hub vouches for these files, not their publisher: signed by hub"]


def test_provenance_hub_signed_only_stays_quiet():
    """The trust store says that the Hub is enough."""
    item = replace(signature(Status.VERIFIED), level="hub", required="hub")
    assert messages(rule, item) == []


def test_provenance_hub_signed_only_near_miss():
    """A publisher signed where the Hub would do; and a pull request that the Hub signed is not verified."""
    publisher = replace(signature(Status.VERIFIED), level="publisher", required="hub")
    assert messages(rule, publisher) == []
    assert messages(rule, replace(signature(Status.UNAVAILABLE), code="ref-unknown")) == []
