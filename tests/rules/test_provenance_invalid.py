"""provenance.invalid: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.core import Status
from safeload.record import replace
from safeload.rules import provenance_invalid as rule
from tests.forge.findings import messages, signature


def test_provenance_invalid_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "provenance.invalid"


def test_provenance_invalid_fires():
    """A wrong signature is a finding."""
    item = signature(Status.INVALID, "digest differs")
    assert messages(rule, item) == ["the commit signature is invalid: digest differs"]


def test_provenance_invalid_stays_quiet():
    """A verified signature is quiet."""
    item = signature(Status.VERIFIED)
    assert messages(rule, item) == []


def test_provenance_invalid_near_miss():
    """An absent signature is not an invalid one."""
    item = signature(Status.ABSENT)
    assert messages(rule, item) == []


def test_provenance_invalid_is_about_models_too():
    """A wrong signature of the model; files that differ from a good one are another finding."""
    item = replace(signature(Status.INVALID, "altered"), kind="model-signature")
    assert messages(rule, item) == ["the model signature is invalid: altered"]
    assert messages(rule, replace(item, code="named")) == []
