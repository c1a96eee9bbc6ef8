"""provenance.untrusted-key: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.core import Status
from safeload.record import replace
from safeload.rules import provenance_untrusted_key as rule
from tests.forge.findings import messages, signature


def test_provenance_untrusted_key_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "provenance.untrusted-key"


def test_provenance_untrusted_key_fires():
    """Each way of being signed by nobody who counts here."""
    for code in ("no-rule", "unknown-key", "key-not-allowed", "key-unusable", "outside-window"):
        item = replace(signature(Status.UNAVAILABLE, "signed by 01AB"), code=code)
        expected = ["nobody who is trusted for this repository signed: signed by 01AB"]
        assert messages(rule, item) == expected


def test_provenance_untrusted_key_stays_quiet():
    """A verified signature is quiet."""
    assert messages(rule, signature(Status.VERIFIED)) == []


def test_provenance_untrusted_key_near_miss():
    """A signature that is wrong, missing or unchecked is another finding."""
    for status, code in (
        (Status.INVALID, "key-revoked"),
        (Status.ABSENT, "unsigned"),
        (Status.UNAVAILABLE, "gpg-unavailable"),
    ):
        assert messages(rule, replace(signature(status), code=code)) == []


def test_provenance_untrusted_key_is_about_models_too():
    """Whoever signs a model has to be trusted for its repository."""
    item = replace(signature(Status.UNAVAILABLE, "by 01AB"), kind="model-signature", code="unknown-key")
    assert messages(rule, item) == ["nobody who is trusted for this repository signed: by 01AB"]
