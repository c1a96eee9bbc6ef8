"""Policies that extend others: what is inherited, what may only be tightened, and where it ends."""

from __future__ import annotations

import pytest

from safeload.core import Level
from safeload.errors import UsageError
from safeload.policy.extends import MOST_DEPTH
from safeload.policy.keys import UNKNOWN_RULES
from safeload.policy.schema import PolicyInvalid, parse_policy
from tests.forge.policies import RULES, UNWAIVABLE
from tests.forge.waivers import waiver

BASE = """schema = 1
name = "base"
locked = ["rules.code", "formats"]
[rules]
code.python-file = "warn"
archive.nested = "deny"
[formats]
allow = ["json", "safetensors"]
[provenance]
trust-store = "trust"
"""


def read(text, **files):
    """A policy in /p, whose parents are these files beside it."""

    def fetch(name, folder):
        if name not in files:
            raise UsageError(f"cannot read {name}")
        return files[name], f"{name}.toml", f"{folder}/{name}"

    return parse_policy(
        text, source="p.toml", rule_ids=RULES.keys(), unwaivable=UNWAIVABLE, folder="/p", fetch=fetch
    )


def problems(text, **files):
    """The mistakes."""
    with pytest.raises(PolicyInvalid) as caught:
        read(text, **files)
    return caught.value.problems


def test_a_child_inherits_and_overrides():
    """Each value knows its line, whichever file it stands in; names are the child's own."""
    policy = read('schema = 1\nextends = ["base"]\n[rules]\narchive.nested = "warn"\n', base=BASE)
    assert policy.name == "p.toml"
    assert policy.setting("code.python-file").set_by == "base.toml:5"
    assert (policy.setting("archive.nested").level, policy.setting("archive.nested").set_by) == (
        Level.WARN,
        "p.toml:4",
    )
    assert policy.formats == {"json", "safetensors"}
    entry = policy.entries["rules.archive.nested"]
    assert (entry.over.value, entry.over.place) == ("deny", "base.toml:6")


def test_a_trust_store_is_beside_the_file_that_names_it():
    """Not beside the child."""
    assert read('schema = 1\nextends = ["base"]\n', base=BASE).trust_store_path == "/p/base/trust"


def test_the_digest_is_of_the_resolved_policy():
    """Whether a line is inherited or written down does not matter."""
    flat = BASE.replace('locked = ["rules.code", "formats"]\n', "")
    assert read('schema = 1\nextends = ["base"]\n', base=BASE).digest == read(flat).digest


def test_locked_keys_may_only_be_tightened():
    """All that would loosen them is told, with the line of the lock."""
    child = (
        'schema = 1\nextends = ["base"]\n[rules]\ncode.python-file = "allow"\ncode.native-binary = "warn"\n'
        'archive.nested = "allow"\n[formats]\nallow = ["json", "zip"]\n'
    )
    assert problems(child, base=BASE) == (
        "p.toml:8: formats.allow is [json, safetensors] and locked by base.toml:3: it may only be tightened",
        "p.toml:4: rules.code.python-file is warn and locked by base.toml:3: it may only be tightened",
        "p.toml:5: rules.code.native-binary is deny and locked by base.toml:3: it may only be tightened",
    )
    tight = read(
        'schema = 1\nextends = ["base"]\n[rules]\ncode.python-file = "deny"\n[formats]\nallow = ["json"]\n',
        base=BASE,
    )
    assert (tight.setting("code.python-file").level, tight.formats) == (Level.DENY, {"json"})


def test_a_lock_holds_for_grandchildren_overrides_and_waivers():
    """There is no way around it by another kind of line."""
    middle = 'schema = 1\nextends = ["base"]\n'
    child = (
        'schema = 1\nextends = ["middle"]\n'
        '[[override]]\nrepos = ["acme/*"]\nrules.code.python-file = "allow"\n'
        + waiver(rule="code.python-file")
    )
    assert problems(child, base=BASE, middle=middle) == (
        "p.toml:5: rules.code.python-file is warn and locked by base.toml:3: it may only be tightened",
        "p.toml:6: a waiver of code.python-file is ruled out by base.toml:3",
    )


@pytest.mark.parametrize(
    ("lock", "child", "said"),
    [
        ("waiver", waiver(), "a waiver of pickle.unlisted-global is ruled out by base.toml:2"),
        ("override", '[[override]]\nrepos = ["a/b"]\n', "overrides are locked by base.toml:2"),
    ],
)
def test_waivers_and_overrides_can_be_ruled_out(lock, child, said):
    """A company that wants none in projects says so."""
    base = f'schema = 1\nlocked = ["{lock}"]\n'
    assert problems(f'schema = 1\nextends = ["base"]\n{child}', base=base) == (f"p.toml:3: {said}",)


def test_a_lock_on_rules_covers_the_level_of_unknowns():
    """defaults.unknown is the level of rules that the parent leaves out."""
    base = 'schema = 1\nlocked = ["rules"]\n'
    child = 'schema = 1\nextends = ["base"]\n[defaults]\nunknown = "warn"\n'
    assert problems(child, base=base) == (
        "p.toml:4: defaults.unknown is deny and locked by base.toml:2: it may only be tightened",
    )
    levels = "\n".join(f"{rule} = 'deny'" for rule in sorted(UNKNOWN_RULES))
    named = f"{base}[rules]\n{levels}\n"
    assert read(child, base=named).unknown.level is Level.WARN


def test_of_several_parents_the_strictest_value_holds():
    """In any order; and what only one of them sets is taken from that."""
    one = (
        'schema = 1\nsource.pin = "none"\nrules.code.python-file = "allow"\nformats.allow = ["json", "zip"]\n'
    )
    two = 'schema = 1\n[rules]\ncode.python-file = "warn"\n[formats]\nallow = ["zip", "text"]\n'
    for order in ('["one", "two"]', '["two", "one"]'):
        policy = read(f"schema = 1\nextends = {order}\n", one=one, two=two)
        assert (policy.setting("code.python-file").set_by, policy.formats, policy.pin) == (
            "two.toml:3",
            {"zip"},
            "none",
        )


def test_a_parent_cannot_get_around_the_lock_of_another():
    """Waivers in a file of their own are part of the policy, and bound by its locks."""
    shared = "schema = 1\n" + waiver(rule="code.python-file")
    assert problems('schema = 1\nextends = ["base", "shared"]\n', base=BASE, shared=shared) == (
        "shared.toml:2: a waiver of code.python-file is ruled out by base.toml:3",
    )
    free = "schema = 1\n" + waiver()
    assert len(read('schema = 1\nextends = ["base", "free"]\n', base=BASE, free=free).waivers) == 1


def test_circles_and_long_chains_end():
    """With the line that closes them."""
    circle = {"a": 'schema = 1\nextends = ["b"]\n', "b": 'schema = 1\nextends = ["a"]\n'}
    assert problems('schema = 1\nextends = ["a"]\n', **circle) == ("b.toml:2: a extends this file in turn",)
    chain = {f"f{number}": f'schema = 1\nextends = ["f{number + 1}"]\n' for number in range(20)}
    [problem] = problems('schema = 1\nextends = ["f0"]\n', **chain)
    assert problem.endswith(f"more than {MOST_DEPTH} files deep, or 32 in all")
    wide = {f"w{number}": 'schema = 1\nextends = ["x", "y", "z", "x"]\n' for number in range(12)}
    wide |= dict.fromkeys("xyz", "schema = 1\n")
    assert any(
        "32 in all" in problem for problem in problems(f"schema = 1\nextends = {list(wide)}\n", **wide)
    )


def test_the_mistakes_of_all_files_are_told_together():
    """Each with its own file; a parent that cannot be read is one too."""
    assert problems('schema = 1\nextends = ["bad", "gone"]\nx = 1\n', bad="schema = 1\ny =\n") == (
        "bad.toml:2: not TOML: Invalid value",
        "p.toml:2: cannot read gone",
        "p.toml:3: unknown key x",
    )


def test_what_locked_names_has_to_be_a_key():
    """A slip would lock nothing, silently."""
    assert problems('schema = 1\nlocked = ["rule", "limits.json-bytes", "rules.code"]\n') == (
        "p.toml:2: unknown key to lock rule; did you mean rules?",
    )


def test_without_a_place_nothing_can_be_extended():
    """A text alone has no files beside it."""
    with pytest.raises(PolicyInvalid, match="a text without a place"):
        parse_policy('schema = 1\nextends = ["a"]\n', source="p.toml", rule_ids=RULES.keys())


def test_a_waiver_may_not_span_more_than_the_whole_policy_allows():
    """Also where the bound stands in the parent."""
    base = "schema = 1\n[waivers]\nmax-days = 10\n"
    assert problems(f'schema = 1\nextends = ["base"]\n{waiver()}', base=base) == (
        "p.toml:3: the waiver spans 49 days: [waivers] max-days is 10",
    )
    long = waiver(expires="2026-12-31")
    assert problems(f"schema = 1\n{long}") == (
        "p.toml:2: the waiver spans 355 days: [waivers] max-days is 90",
    )


def test_two_trust_stores_are_a_mistake():
    """Neither set of keys is a stricter version of the other; the child may name its own."""
    one, two = (f"schema = 1\n[provenance]\ntrust-store = '{name}'\n" for name in "ab")
    assert problems('schema = 1\nextends = ["one", "two"]\n', one=one, two=two) == (
        "two.toml:3: provenance.trust-store is set in one.toml:3 too, to another folder",
    )
    assert read(f'extends = ["one"]\n{two}', one=one).trust_store_path == "/p/b"
