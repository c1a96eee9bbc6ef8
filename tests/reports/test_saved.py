"""A saved report is read like anything that others may have written."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.record import replace
from safeload.reports import _saved, json_v2
from tests.reports.test_official_schemas import many
from tests.reports.test_reports import hostile_report
from tests.reports.test_text import sample

SAMPLE = json.loads(json_v2.render(sample()))
PLACE = SAMPLE["reasons"][0]["location"]


def read(document):
    return _saved.parse_reports(json.dumps(document).encode())


def edited(*path, value):
    """The sample with one value changed."""
    document = copy.deepcopy(SAMPLE)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


def without(*path):
    document = copy.deepcopy(SAMPLE)
    place = document
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return document


def test_what_was_written_is_read():
    """Every field comes back, the version too, from an object and from a list."""
    locked = replace(sample(), lock="safeload.lock", lock_lines={"": 3, "x.dat": 7})
    for made in (sample(), hostile_report(), many(), locked):
        text = json_v2.render(made)
        (saved,) = _saved.parse_reports(text.encode())
        assert json_v2.render(saved.report) == text
        assert saved.report.decision == made.decision
        assert saved.report.excerpts == made.excerpts
        assert (saved.report.lock, saved.report.lock_lines) == (made.lock, made.lock_lines)
    one = json_v2.render(sample())
    assert len(_saved.parse_reports(json_v2.join([one, one, one]).encode())) == 3
    assert read(edited("tool", "version", value="9.9"))[0].version == "9.9"


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ([], _saved.NotAReport),
        (1, _saved.NotAReport),
        (None, _saved.NotAReport),
        ("safeload/report/v2", _saved.NotAReport),
        ({}, _saved.NotAReport),
        ({"schema": 2}, _saved.NotAReport),
        ([SAMPLE, []], _saved.NotAReport),
        ({"schema": "safeload/report/v1"}, _saved.ReportSchemaUnknown),
        ({"schema": "safeload/report/v2"}, _saved.ReportKeyMissing),
        ([[]] * 1001, _saved.TooManyReports),
        (without("facts"), _saved.ReportKeyMissing),
        (without("reasons", 0, "waivable"), _saved.ReportKeyMissing),
        (without("artifacts", 0, "location", "key"), _saved.ReportKeyMissing),
        (edited("more", value=1), _saved.ReportKeyUnknown),
        (edited("reasons", 0, "more", value=1), _saved.ReportKeyUnknown),
        (edited("scope", value="everything"), _saved.ReportTypeWrong),
        (edited("subject", value=None), _saved.ReportTypeWrong),
        (edited("commit", value=1), _saved.ReportTypeWrong),
        (edited("quick", value=0), _saved.ReportTypeWrong),
        (edited("lock", value="safeload.lock"), _saved.ReportTypeWrong),
        (edited("lock", value={"source": "a", "lines": []}), _saved.ReportTypeWrong),
        (edited("lock", value={"source": "a", "lines": {"b": "1"}}), _saved.ReportTypeWrong),
        (edited("lock", value={"source": "a", "lines": {"b": -1}}), _saved.ReportValueWrong),
        (edited("reasons", value={}), _saved.ReportTypeWrong),
        (edited("artifacts", 0, "size", value=True), _saved.ReportTypeWrong),
        (edited("artifacts", 0, "size", value=1.0), _saved.ReportTypeWrong),
        (edited("facts", 0, "facts", 0, "data", value=[]), _saved.ReportTypeWrong),
        (edited("explanations", value={"a": 1}), _saved.ReportTypeWrong),
        (edited("explanations", value=[]), _saved.ReportTypeWrong),
        (edited("rooms", value=[["a", 1]]), _saved.ReportTypeWrong),
        (edited("artifacts", 0, "size", value=-1), _saved.ReportValueWrong),
        (edited("verdict", value="MAYBE"), _saved.ReportValueWrong),
        (edited("scope", "roles", value=["admin"]), _saved.ReportValueWrong),
        (edited("reasons", 0, "level", value="block"), _saved.ReportValueWrong),
        (edited("reasons", 0, "severity", value="HIGH"), _saved.ReportValueWrong),
        (edited("reasons", 0, "severity", value="worst"), _saved.ReportValueWrong),
        (edited("policy", "digest", value="sha256:xyz"), _saved.ReportValueWrong),
        (edited("artifacts", 0, "coverage", value="clean"), _saved.ReportValueWrong),
        (edited("excerpts", value=[{"location": PLACE, "start": 0, "hex": "0"}]),
         _saved.ReportValueWrong),
        (edited("excerpts", value=[{"location": PLACE, "start": 0, "hex": "00" * 5000}]),
         _saved.ReportValueWrong),
        (edited("verdict", value="ALLOW"), _saved.ReportContradictory),
        (edited("reasons", 0, "level", value="allow"), _saved.ReportContradictory),
        (edited("summary", "files", value=5), _saved.ReportContradictory),
        (edited("summary", "findings", value="4"), _saved.ReportContradictory),
        (edited("reasons", 0, "waiver", value=SAMPLE["reasons"][1]["waiver"]), _saved.ReportContradictory),
    ],
)  # fmt: skip
def test_each_way_to_be_wrong_has_its_name(document, error):
    """And says where."""
    with pytest.raises(error) as caught:
        read(document)
    assert type(caught.value) is error
    assert caught.value.detail


def test_an_allow_cannot_be_inconclusive():
    """That is what DENY with exit code 3 is called."""
    from tests.reports.test_official_schemas import empty

    document = json.loads(json_v2.render(empty())) | {"inconclusive": True}
    with pytest.raises(_saved.ReportContradictory):
        read(document)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x80\x04.", b"{", b"\xff\xfe{}", b"[" * 100_000, b'{"schema": "a", "schema": "b"}',
        b"1e999", b"NaN", b'{"a":' * 200 + b"1" + b"}" * 200, b"[" + b"1," * 5_000_000 + b"1]", b"9" * 5_000,
    ],
)  # fmt: skip
def test_bytes_that_are_no_report_are_format_errors(data):
    """Pickles, bombs of brackets, of items, of digits."""
    with pytest.raises(FormatError):
        _saved.parse_reports(data)


def test_a_report_beyond_the_budget_is_not_read():
    """`REPORT_BYTES` holds before anything is parsed."""
    with pytest.raises(FormatError, match="more than 100"):
        _saved.parse_reports(b" " * 101, most=100)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value, path=()):
    """Every place in a document."""
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


PLACES = [path for path in places(SAMPLE) if path]


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(PLACES), value=VALUES)
def test_any_value_in_any_place_is_read_or_refused(place, value):
    """Nothing but FormatError leaves the reader, and what it returns can be rendered."""
    try:
        saved = read(edited(*place, value=value))
    except FormatError:
        return
    for item in saved:
        json_v2.render(item.report)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_flipped_byte_is_read_or_refused(data):
    """The same for bytes."""
    text = bytearray(json_v2.render(sample()).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    try:
        saved = _saved.parse_reports(bytes(text))
    except FormatError:
        return
    for item in saved:
        json_v2.render(item.report)
