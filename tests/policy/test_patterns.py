"""Patterns of sources mean what they look like, and nothing else."""

from __future__ import annotations

import time

import pytest

from safeload.policy.patterns import matches, pattern_problem

COMMIT = "@" + "a" * 40


@pytest.mark.parametrize(
    ("pattern", "uri"),
    [
        ("acme/bert", "hf:acme/bert"),
        ("hf:acme/*", "hf:acme/bert" + COMMIT),
        ("hf:*/*", "hf:acme/bert"),
        ("hf:**", "hf:acme/bert"),
        ("hf:acme/re?ank-*", "hf:acme/rerank-base"),
        ("file:**", "file:/"),
        ("file:**", "file:/srv/models/bert"),
        ("file:/srv/**", "file:/srv/models/bert"),
        ("file:/srv/**", "file:/srv"),
        ("file:**/downloads/**", "file:/home/me/downloads/x/y"),
        ("file:/srv/*@*", "file:/srv/name@x"),
    ],
)
def test_a_pattern_matches(pattern, uri):
    """At every commit, and `**` over any number of parts."""
    assert pattern_problem(pattern) is None
    assert matches(pattern, uri)


@pytest.mark.parametrize(
    ("pattern", "uri"),
    [
        ("acme/*", "hf:acme-evil/bert"),
        ("acme/*", "hf:evil/acme/bert"),
        ("acme/*", "hf:acme"),
        ("acme/*", "file:acme/bert"),
        ("hf:*", "hf:acme/bert"),
        ("acme/bert", "hf:Acme/bert"),
        ("acme/bert", "hf:acme/bert-large"),
        ("acme/b?", "hf:acme/b"),
        ("file:/srv/*", "file:/srv/models/bert"),
        ("file:/srv/**", "file:/srv-2/bert"),
        ("file:**/bert", "file:/srv/xbert"),
        ("acme/[ab]*", "hf:acme/a"),
    ],
)
def test_a_near_miss_does_not(pattern, uri):
    """`*` stays within one part, and no other character has a meaning."""
    assert not matches(pattern, uri)


@pytest.mark.parametrize(
    "pattern", ["", "hf:", "a/b/c", "hf:acme/", "acme/[ab]", "file:x", "file:./x", "file:/a//b", "hf:a b/c"]
)
def test_what_is_no_pattern_is_said(pattern):
    """Before it could silently match nothing."""
    assert pattern_problem(pattern) is not None


def test_a_long_pattern_costs_no_more_than_its_length_times_the_name():
    """Stars do not multiply."""
    start = time.process_time()
    assert not matches("file:/" + "a*" * 200 + "b", "file:/" + "a" * 2000)
    assert not matches("file:" + "**/a/" * 200 + "b", "file:" + "/a" * 400)
    assert time.process_time() - start < 5
