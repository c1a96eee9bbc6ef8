"""license.unlisted: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import license_unlisted as rule
from tests.forge.findings import fact, weighed


def test_license_unlisted_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "license.unlisted"


def card(*licenses):
    """What a model card says."""
    return fact("license.stated", at="README.md", licenses=licenses)


def test_license_unlisted_fires():
    """Each licence that is not listed."""
    assert weighed(rule, card("mit", "cc-by-nc-4.0"), licenses=frozenset({"mit"})) == [
        "licence cc-by-nc-4.0 is not listed"
    ]


def test_license_unlisted_stays_quiet():
    """Listed, in any letters; and a policy without a list."""
    assert weighed(rule, card("MIT"), licenses=frozenset({"mit"})) == []
    assert weighed(rule, card("other")) == []
    assert weighed(rule) == []


def test_license_unlisted_near_miss():
    """No card, a card that says nothing, and a card in another folder."""
    listed = frozenset({"mit"})
    assert weighed(rule, licenses=listed) == ["there is no model card that states a licence"]
    assert weighed(rule, card(), licenses=listed) == [
        "the model card states no licence in a form that can be read"
    ]
    other = fact("license.stated", at="docs/README.md", licenses=("mit",))
    assert len(weighed(rule, other, licenses=listed)) == 1
