"""format.not-loadable: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import format_not_loadable as rule
from tests.forge.findings import fact, messages


def test_format_not_loadable_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "format.not-loadable"


def test_format_not_loadable_fires():
    """A data format without loader is named."""
    item = fact("format.not-loadable", format="gguf")
    assert messages(rule, item) == ["is gguf, which no loader of safeload reads"]


def test_format_not_loadable_last_choice():
    """HDF5 and msgpack do load, under one name each, and the message says so."""
    item = fact("format.not-loadable", format="hdf5")
    assert messages(rule, item) == ["is hdf5, which is loaded as tf_model.h5 only, and as the last choice"]


def test_format_not_loadable_stays_quiet():
    """A program is another finding."""
    item = fact("format.executable", format="torchscript")
    assert messages(rule, item) == []


def test_format_not_loadable_near_miss():
    """A fact without format still counts."""
    item = fact("format.not-loadable")
    assert messages(rule, item) == ["is ?, which no loader of safeload reads"]
