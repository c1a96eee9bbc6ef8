"""What holds for some sources only, and for whom it may loosen."""

from __future__ import annotations

from safeload.core import Level
from safeload.policy.combine import combine
from safeload.policy.overrides import for_subject
from tests.forge.policies import parse

TEXT = """schema = 1
name = "p"
[rules]
code.python-file = "warn"
[formats]
allow = ["json"]
[source]
min-age-days = 7

[[override]]
repos = ["acme/*"]
rules.code.python-file = "allow"
rules.archive.nested = "warn"
formats.allow = ["json", "zip"]
source.min-age-exempt = ["acme/bert"]
limits.files = 5

[[override]]
repos = ["acme/old-*", "file:/quarantine/**"]
rules.code.python-file = "deny"
"""
PYTHON = "code.python-file"


def test_an_override_holds_for_its_sources():
    """And for no others; each level knows its line."""
    policy = parse(TEXT)
    acme = for_subject(policy, "hf:acme/bert@" + "a" * 40)
    assert (acme.setting(PYTHON).level, acme.setting(PYTHON).set_by) == (Level.ALLOW, "p.toml:12")
    assert acme.setting("archive.nested").set_by == "p.toml:13"
    assert (acme.formats, acme.limits.files) == ({"json", "zip"}, 5)
    assert acme.ages == {(7, frozenset({"acme/bert"}))}
    other = for_subject(policy, "hf:other/bert")
    assert (other.setting(PYTHON).level, other.formats) == (Level.WARN, {"json"})


def test_the_last_override_that_matches_wins():
    """Key by key: what it leaves out stays as the one before it says."""
    old = for_subject(parse(TEXT), "hf:acme/old-bert")
    assert (old.setting(PYTHON).set_by, old.formats) == ("p.toml:20", {"json", "zip"})
    assert for_subject(parse(TEXT), "file:/quarantine/x").setting(PYTHON).level is Level.DENY


def test_the_digest_and_the_name_stay_those_of_the_whole():
    """Reports name the policy that was reviewed, whichever part of it holds."""
    policy = parse(TEXT)
    acme = for_subject(policy, "hf:acme/bert")
    assert (acme.digest, acme.name, acme.source) == (policy.digest, "p", "p.toml")
    assert parse(TEXT.replace('"allow"', '"deny"')).digest != policy.digest
    plain = parse("schema = 1\n")
    assert for_subject(plain, "hf:acme/bert") is plain


def test_a_claim_tightens_and_never_loosens():
    """That a folder is said to be of acme is no proof of it."""
    policy = parse(TEXT)
    claimed = for_subject(policy, "file:/model", claimed="acme/bert")
    assert (claimed.setting(PYTHON).level, claimed.formats, claimed.limits.files) == (Level.WARN, {"json"}, 5)
    assert for_subject(policy, "file:/model", claimed="acme/old-x").setting(PYTHON).level is Level.DENY


def test_the_override_of_one_policy_does_not_loosen_another():
    """Each is read for the source, and then they are combined."""
    both = combine(parse(TEXT), parse('schema = 1\n[rules]\ncode.python-file = "warn"\n', source="o.toml"))
    acme = for_subject(both, "hf:acme/bert")
    assert (acme.setting(PYTHON).level, acme.setting(PYTHON).set_by) == (Level.WARN, "o.toml:3")
    assert acme.formats == frozenset()
