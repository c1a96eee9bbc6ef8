"""provenance.unsigned: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.core import Status
from safeload.record import replace
from safeload.rules import provenance_unsigned as rule
from tests.forge.findings import messages, signature


def test_provenance_unsigned_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "provenance.unsigned"


def test_provenance_unsigned_fires():
    """An absent signature is a finding."""
    item = signature(Status.ABSENT)
    assert messages(rule, item) == ["commit signature absent: no signature in the commit"]


def test_provenance_unsigned_stays_quiet():
    """A verified signature is quiet, and an invalid one is another finding."""
    item = signature(Status.VERIFIED)
    assert messages(rule, item) == []


def test_provenance_unsigned_near_miss():
    """A signature that could not be checked is not taken as verified."""
    item = signature(Status.UNAVAILABLE, "a local folder has no commit")
    assert messages(rule, item) == ["commit signature unavailable: a local folder has no commit"]


def test_provenance_unsigned_leaves_untrusted_signers_to_their_own_rule():
    """A key that nobody trusts is one finding, not two."""
    assert messages(rule, replace(signature(Status.UNAVAILABLE), code="unknown-key")) == []
    unchecked = replace(signature(Status.UNAVAILABLE), code="gpg-unavailable")
    assert len(messages(rule, unchecked)) == 1


def test_provenance_unsigned_is_about_models_too():
    """A model signature that is missing; one that nobody needs is none."""
    model = replace(signature(Status.ABSENT, "there is no model.sig"), kind="model-signature")
    assert messages(rule, model) == ["model signature absent: there is no model.sig"]
    for status in (Status.ABSENT, Status.UNAVAILABLE):
        assert messages(rule, replace(model, status=status, code="not-needed")) == []
        assert messages(rule, replace(signature(status), code="not-needed")) == []
