"""The order of strictness that `locked`, `extends` and `policy diff` go by."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.policy.differences import CHANGED, LOOSENED, TIGHTENED, differences
from tests.forge.policies import DOCUMENTS, KEYS, flat_text, parse, values_of
from tests.forge.waivers import BASE, waiver


def _frozen(value):
    return tuple(value) if isinstance(value, list) else value


COMPARED = [key for key in KEYS.values() if key.kind != "folder"]
"""Of two folders none is the stricter one: naming both is a mistake."""
PAIRS = st.sampled_from(COMPARED).flatmap(
    lambda key: st.tuples(st.just(key), values_of(key).map(_frozen), values_of(key).map(_frozen))
)


@settings(max_examples=150)
@given(PAIRS)
def test_the_strictest_of_two_values_is_as_strict_as_both(pair):
    """So a value cannot be loosened by putting files together."""
    key, first, second = pair
    both = key.strictest(first, second)
    assert list(key.problems(both)) == []
    assert key.at_least(both, first)
    assert key.at_least(both, second)
    assert key.at_least(first, first)
    same = set(both) == set(key.strictest(second, first)) if isinstance(both, tuple) else True
    assert same or key.kind == "order"


@settings(max_examples=150)
@given(PAIRS)
def test_a_value_that_is_left_out_is_known_to_be_strict_or_open(pair):
    """Leaving out can be compared with any value, and only lists that mean `any` are open."""
    key, value, _ = pair
    if key.absent is None and key.kind == "names":
        assert key.at_least(value, None)
        assert not key.at_least(None, value)
    elif key.kind == "word" and key.name.startswith("rules.") and "deny" in key.words:
        assert key.at_least(key.absent, value)


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ("", 'rules.code.python-file = "warn"', LOOSENED),
        ('rules.code.python-file = "warn"', 'rules.code.python-file = "deny"', TIGHTENED),
        ("", 'licenses.allow = ["mit"]', TIGHTENED),
        ('formats.allow = ["json"]', 'formats.allow = ["zip"]', LOOSENED),
        ('formats.allow = ["json", "zip"]', 'formats.allow = ["zip"]', TIGHTENED),
        ("", "limits.files = 5", TIGHTENED),
        ("", "limits.files = 40_000", LOOSENED),
        ("", "source.min-age-days = 5", TIGHTENED),
        ("source.min-age-days = 5", "", LOOSENED),
        ("", 'formats.prefer = ["zip"]', CHANGED),
        ("", 'defaults.unknown = "warn"', LOOSENED),
        ('[[override]]\nrepos = ["a/*"]', '[[override]]\nrepos = ["a/*"]\nsource.pin = "none"', LOOSENED),
        ('[[override]]\nrepos = ["a/*"]\nlimits.files = 9', '[[override]]\nrepos = ["a/*"]\nlimits.files = 8',
         TIGHTENED),
        ("", waiver(), LOOSENED),
        (waiver(), "", TIGHTENED),
        (waiver(), waiver(expires="2026-02-01"), TIGHTENED),
        (waiver(), waiver(expires="2026-03-01"), LOOSENED),
        (waiver(), waiver(sha256="0" * 64), LOOSENED),
    ],
)  # fmt: skip
def test_a_difference_has_its_direction(old, new, direction):
    """For each kind of key, overrides and waivers."""
    first, second = (parse("schema = 1\n" + text) for text in (old, new))
    found = differences(first, second, KEYS)
    assert {item.direction for item in found} == {direction}


def test_a_level_of_unknowns_shows_in_its_rules():
    """Who reads the difference sees what follows from it."""
    found = differences(parse(BASE), parse(f'{BASE}[defaults]\nunknown = "warn"\n'), KEYS)
    assert [item.key for item in found] == [
        "defaults.unknown",
        "rules.artifact.not-read",
        "rules.artifact.unrecognised",
        "rules.limits.exceeded",
    ]


@settings(max_examples=40, deadline=None)
@given(DOCUMENTS)
def test_a_policy_does_not_differ_from_itself(document):
    """However it is written."""
    policy = parse(flat_text(document))
    again = parse(flat_text(dict(sorted(document.items(), reverse=True))))
    assert differences(policy, again, KEYS) == ()
