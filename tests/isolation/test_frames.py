"""Length-prefixed strict JSON: whatever a child writes is one message or a FrameError."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.isolation import frames

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


@given(message=st.dictionaries(st.text(), VALUES, max_size=4))
def test_what_was_encoded_comes_back(message):
    """Parent and child agree on every message."""
    assert frames.decode(frames.encode(message)) == message


@given(data=st.binary(max_size=40) | st.binary(max_size=40).map(framed))
def test_any_bytes_give_an_object_or_a_frame_error(data):
    """Nothing but FrameError leaves the decoder."""
    with contextlib.suppress(frames.FrameError):
        assert isinstance(frames.decode(data), dict)


@pytest.mark.parametrize(
    ("frame", "fact"),
    [
        (b"\x00\x00\x00", "ends after 3 bytes"),
        (b"\x00\x00\x00\x03{}", "2 bytes after a prefix that announces 3"),
        (b"\x00\x00\x00\x02{} ", "3 bytes after a prefix that announces 2"),
        (b"\xff\xff\xff\xff{}", "announces 4294967295 bytes"),
        (framed(b"[]"), "no object"),
        (framed(b'{"a":1,"a":2}'), "repeats a key"),
        (framed(b'{"a":NaN}'), "the number NaN"),
        (framed(b'{"a":-Infinity}'), "the number -Infinity"),
        (framed(b'{"a":"\xff"}'), "not JSON: UnicodeDecodeError"),
        (framed(b'{"a":'), "not JSON: JSONDecodeError"),
        (framed(b'{"a":' + b"9" * 5000 + b"}"), "not JSON: ValueError"),
        (framed(b'{"a":' + b"[" * 200_000), "nests too deeply"),
    ],
)
def test_each_way_to_be_wrong_is_named(frame, fact):
    """A broken answer says what is broken."""
    with pytest.raises(frames.FrameError, match=fact):
        frames.decode(frame)


def test_a_message_past_the_bound_is_not_sent():
    """The child cannot build an answer that the parent would have to refuse."""
    with pytest.raises(frames.FrameError, match="exceeds"):
        frames.encode({"a": "x" * frames.MOST_BYTES})


def test_raw_bytes_follow_a_frame_as_announced():
    """A frame says how many raw bytes come behind it, and neither more nor fewer do."""
    frame = frames.encode({frames.PAYLOAD: 3, "result": {}})
    assert frames.split(frame + b"abc", 3) == ({"result": {}}, b"abc")
    for answer, most in ((frame + b"ab", 3), (frame + b"abcd", 9), (frame + b"abc", 2), (frame[:-1], 3)):
        with pytest.raises(frames.FrameError):
            frames.split(answer, most)


@pytest.mark.parametrize("size", [True, -1, "3", None, 1.0])
def test_an_announcement_is_a_number(size):
    """What a child announces is checked for its type before it is compared."""
    with pytest.raises(frames.FrameError):
        frames.split(frames.encode({frames.PAYLOAD: size}), 9)
