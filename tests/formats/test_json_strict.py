"""formats.json_strict: one value that every reader understands alike, or a FormatError."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.json_strict import JsonLoneSurrogate, dump_canonical, parse_json
from safeload.limits import DEFAULT_LIMITS, Limits

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**60), 10**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab\\"[]{}-0é', max_size=4), inner),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'"\xff"', "JsonNotUtf8"),
        (b'"\xed\xa0\x80"', "JsonNotUtf8"),
        (b"\xef\xbb\xbf{}", "JsonByteOrderMark"),
        (b"{\x00}\x00".replace(b"{", b"\xff\xfe{"), "JsonByteOrderMark"),
        (b"", "JsonSyntaxError"),
        (b"[1,]", "JsonSyntaxError"),
        (b"{'a': 1}", "JsonSyntaxError"),
        (b'{"a": 01}', "JsonSyntaxError"),
        (b'"a\nb"', "JsonSyntaxError"),
        (b'{"a": 1} // note', "JsonTrailingData"),
        (b"{}{}", "JsonTrailingData"),
        (b'{"a": 1, "a": 1}', "JsonDuplicateKey"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "JsonDuplicateKey"),
        (b"[NaN]", "JsonNotFinite"),
        (b"-Infinity", "JsonNotFinite"),
        (b'[0, {"a": -1e999}]', "JsonNotFinite"),
        (b"[-0]", "JsonMinusZero"),
        (b'"\\ud800"', "JsonLoneSurrogate"),
        (b'"\\uDC00\\uD800"', "JsonLoneSurrogate"),
        (b'{"\\ud83d x": 1}', "JsonLoneSurrogate"),
        (b"[" * 65 + b"]" * 65, "JsonTooDeep"),
        (b"[" * 10**5, "JsonTooDeep"),
        (b"[" * 10**6, "JsonTooManyItems"),
        (b"[" + b"{}," * 10**6 + b"0]", "JsonTooManyItems"),
        (b'{"a":' * 10**5, "JsonTooDeep"),
        (b'["]", ' * 10**5, "JsonTooDeep"),
        (b"1" * 65, "JsonNumberTooLong"),
        (b"1" * 5000, "JsonNumberTooLong"),
        (b"0." + b"1" * 65, "JsonNumberTooLong"),
    ],
)  # fmt: skip
def test_each_way_to_be_wrong(data: bytes, code: str) -> None:
    """Each fault ends in its own FormatError, and in nothing of the standard library's."""
    with pytest.raises(FormatError) as caught:
        parse_json(data, DEFAULT_LIMITS)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (b"[1]", Limits(json_bytes=2)),
        (b"[1,2,3]", Limits(json_items=2)),
        (b"[[],[],[]]", Limits(json_items=5)),
        (b"[[[1]]]", Limits(json_depth=2)),
        (b"[12345]", Limits(json_number_digits=4)),
    ],
)
def test_each_budget(data: bytes, limits: Limits) -> None:
    """A budget that is exceeded by one is a LimitExceeded; the default budgets take the document."""
    parse_json(data, DEFAULT_LIMITS)
    with pytest.raises(LimitExceeded):
        parse_json(data, limits)


def test_budgets_count_no_text() -> None:
    """Commas, brackets and digits inside strings are text: they cost no item, depth or number length."""
    data = json.dumps({"text": "[{,1" * 100 + "9" * 100 + '\\"' * 50 + "-0 1e999"}).encode()
    assert parse_json(data, Limits(json_items=2, json_depth=1, json_number_digits=1))


@pytest.mark.parametrize(
    ("data", "offset"),
    [(b'["\xc3\xa9", x]', 7), (b'{"\xc3\xa9": 1} x \n', 10), (b"[1 2]", 3)],
)
def test_offsets_are_bytes(data: bytes, offset: int) -> None:
    """The place of a fault counts bytes, not characters."""
    with pytest.raises(FormatError) as caught:
        parse_json(data, DEFAULT_LIMITS)
    assert caught.value.offset == offset


def test_a_raised_recursion_limit_makes_no_hole() -> None:
    """Depth is checked before the scanner recurses: a host's recursion limit cannot let it overflow."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        with pytest.raises(LimitExceeded):
            parse_json(b"[" * 10**6 + b"!" + b'"]' * 10**6, DEFAULT_LIMITS)
    finally:
        sys.setrecursionlimit(before)


@given(VALUES)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(value: object) -> None:
    """parse(dump(x)) == x, with the types of x, and the standard library reads the same."""
    data = dump_canonical(value)  # type: ignore[arg-type]
    assert repr(parse_json(data, DEFAULT_LIMITS)) == repr(value) == repr(json.loads(data))


@given(st.text('[]{}",:\\ud8e1-0.tn ', max_size=24))
@settings(max_examples=200, deadline=None)
def test_what_we_accept_the_standard_library_reads_alike(text: str) -> None:
    """Whatever is accepted is the value that json.loads gives; all else is a FormatError."""
    try:
        value = parse_json(text.encode(), DEFAULT_LIMITS)
    except FormatError:
        return
    assert repr(value) == repr(json.loads(text))


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], "\ud800", {"a": {1, 2}}])
def test_what_has_no_form_is_not_written(value: object) -> None:
    """dump_canonical refuses what parse_json would refuse to read."""
    with pytest.raises(FormatError):
        dump_canonical(value)  # type: ignore[arg-type]


def test_halves_of_surrogate_pairs_pass_only_where_asked_for():
    """Reports of ours name files whose names are not UTF-8; a pair is one character either way."""
    data = b'["\\udc80", "\\ud83d\\ude00"]'
    with pytest.raises(JsonLoneSurrogate):
        parse_json(data, DEFAULT_LIMITS)
    assert parse_json(data, DEFAULT_LIMITS, surrogates=True) == ["\udc80", "\U0001f600"]
