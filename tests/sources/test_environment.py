"""Variables that switch protections of other libraries off."""

from __future__ import annotations

import pytest

from safeload.sources.environment import WEAKENING, weakened


@pytest.mark.parametrize("name", WEAKENING)
@pytest.mark.parametrize("value", ["1", "true", "YES", "on", "whatever"])
def test_a_variable_that_is_on_is_a_fact(name, value):
    """With what it does, about the source that was asked for."""
    [fact] = weakened({name: value, "PATH": "/bin"}, "file:/model")
    assert (fact.kind, fact.location.artifact) == ("env.weakened", "file:/model")
    assert fact.data == {"name": name, "what": WEAKENING[name]}


@pytest.mark.parametrize("value", ["", "0", "false", "No", " off "])
def test_one_that_is_off_is_none(value):
    """As the libraries read it."""
    assert list(weakened(dict.fromkeys(WEAKENING, value), "file:/model")) == []
    assert list(weakened({}, "file:/model")) == []
