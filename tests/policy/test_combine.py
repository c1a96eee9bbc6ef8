"""Several policies give one that is at least as strict as each."""

from __future__ import annotations

import pytest

from safeload.core import Level
from safeload.policy.combine import combine, resolve
from safeload.policy.schema import PolicyInvalid
from tests.forge.policies import RULES, UNWAIVABLE, parse

USER = """schema = 1
name = "user"
[defaults]
unknown = "warn"
[rules]
code.python-file = "allow"
archive.nested = "deny"
[formats]
allow = ["json", "pickle", "safetensors"]
[pickle]
packs = ["numpy", "trainer"]
[limits]
files = 10
"""
ORGANISATION = """schema = 1
name = "org"
[rules]
code.python-file = "warn"
archive.nested = "allow"
[formats]
allow = ["json", "safetensors"]
[pickle]
packs = ["numpy"]
[limits]
json-bytes = 5
[provenance]
require = "hub"
"""


def test_each_key_takes_its_strictest_value():
    """Levels by maximum, lists by intersection, budgets by minimum, requirements by rank."""
    both = combine(parse(USER, source="u.toml"), parse(ORGANISATION, source="o.toml"))
    assert (both.setting("code.python-file").level, both.setting("code.python-file").set_by) == (
        Level.WARN,
        "o.toml:4",
    )
    assert both.setting("archive.nested").set_by == "u.toml:7"
    assert both.setting("artifact.not-read").level is Level.DENY
    assert both.formats == {"json", "safetensors"}
    assert both.packs == {"numpy"}
    assert (both.limits.files, both.limits.json_bytes) == (10, 5)
    assert (both.require, both.require_set_by) == ("hub", "o.toml:13")
    assert (both.name, both.source) == ("user + org", "u.toml + o.toml")


def test_one_policy_that_isolates_is_enough():
    """Neither of two policies can move files back into the process that judges."""
    every, native = parse('schema = 1\nisolation = "all"\n'), parse("schema = 1\n")
    assert combine(every, native).isolation == combine(native, every).isolation == "all"
    assert combine(native, native).isolation == "native"


def test_a_rule_that_one_policy_leaves_out_is_denied_there():
    """So the other one cannot allow it."""
    loose = parse('schema = 1\n[rules]\ncode.native-binary = "allow"\n')
    assert (
        combine(loose, parse("schema = 1\n", source="o.toml")).setting("code.native-binary").level
        is Level.DENY
    )


def test_the_mistakes_of_all_policies_are_told_together():
    """Whoever maintains either file sees his own."""
    with pytest.raises(PolicyInvalid) as caught:
        resolve([("schema = 2", "a.toml"), ("", "b.toml")], rule_ids=RULES, unwaivable=UNWAIVABLE)
    assert [problem[:9] for problem in caught.value.problems] == ["a.toml:1:", "b.toml:1:"]


def test_two_trust_stores_do_not_combine():
    """Neither set of keys is a stricter version of the other."""
    first = parse('schema = 1\n[provenance]\ntrust-store = "a"\n')
    with pytest.raises(PolicyInvalid, match="different trust stores"):
        combine(first, parse('schema = 1\n[provenance]\ntrust-store = "b"\n'))
    assert combine(first, parse("schema = 1\n")).trust_store == "a"


def test_every_list_and_demand_takes_its_strictest_value():
    """In either order; where one has no list, the other's holds."""
    first = parse(
        'schema = 1\nsource.allow = ["acme/*"]\nsource.pin = "none"\nsource.min-age-days = 9\n'
        'pickle.allow = ["lab.A", "lab.B"]\narchitectures.allow = ["bert", "roberta"]\n'
        'licenses.allow = ["mit"]\nprovenance.keys = ["a", "b"]\nformats.prefer = ["zip"]\n'
    )
    second = parse(
        'schema = 1\nsource.allow = ["file:**"]\n'
        'source.min-age-days = 2\nsource.min-age-exempt = ["acme/*"]\n'
        'pickle.allow = ["lab.B"]\narchitectures.allow = ["bert"]\nprovenance.keys = ["b"]\n'
    )
    for both in (combine(first, second), combine(second, first)):
        assert both.sources == {frozenset({"acme/*"}), frozenset({"file:**"})}
        assert both.pin == "commit"
        assert both.ages == {(9, frozenset()), (2, frozenset({"acme/*"}))}
        assert both.records == {"lab.B"}
        assert both.architectures == {"bert"}
        assert both.licenses == {"mit"}
        assert both.keys == {"b"}
        assert both.prefer == ("zip",)
        assert both.parts in [(first, second), (second, first)]


def test_two_policies_that_mean_the_same_are_one():
    """The name of the first stays, so that a report does not list a policy twice."""
    first, second = parse(USER, source="u.toml"), parse("# again\n" + USER, source="v.toml")
    assert combine(first, second) is first
