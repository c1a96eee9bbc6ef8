"""pickle.unlisted-global: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import pickle_unlisted_global as rule
from tests.forge.findings import fact, messages


def test_pickle_unlisted_global_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "pickle.unlisted-global"


def test_pickle_unlisted_global_fires():
    """A global that is on no list is a finding."""
    item = fact("pickle.global", module="lib", name="Thing", known=False)
    assert messages(rule, item) == ["imports lib.Thing, which is not on the list of known-good globals"]


def test_pickle_unlisted_global_stays_quiet():
    """A known gadget belongs to another rule."""
    item = fact("pickle.global", module="os", name="system", known=True)
    assert messages(rule, item) == []


def test_pickle_unlisted_global_near_miss():
    """A global whose gadget flag is missing counts as unlisted."""
    item = fact("pickle.global", module="lib", name="Thing")
    assert messages(rule, item) == ["imports lib.Thing, which is not on the list of known-good globals"]


def test_pickle_unlisted_global_names_the_pack():
    """A class of a pack that the policy leaves out says how it is switched on; no other word gets there."""
    (finding,) = rule.check(fact("pickle.global", module="lib", name="Thing", pack="lightning"))
    assert 'add "lightning" to packs under [pickle]' in finding.fix
    for odd in (None, "nope", ["lightning"]):
        (finding,) = rule.check(fact("pickle.global", module="lib", name="Thing", pack=odd))
        assert finding.fix == rule.RULE.fix
