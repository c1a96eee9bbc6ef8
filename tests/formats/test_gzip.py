"""formats.gzip: content that every reader gets, and each way to be wrong."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.formats import unpack as wrong
from safeload.formats.gzip import Gzip, unpack_gzip, unpack_zlib
from safeload.formats.view import BytesView, SubView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

HI = gzip.compress(b"hi", mtime=0)
ZERO = gzip.compress(b"", mtime=0)
FIXED = b"\x1f\x8b\x08%c\0\0\0\0\0\xff"
BODY = HI[10:]


def unpack(data: bytes, **limits: int) -> tuple[Gzip, bytes]:
    out = bytearray()
    return unpack_gzip(BytesView(data), replace(DEFAULT_LIMITS, **limits), out), bytes(out)


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=4), st.integers(0, 9))
def test_content_is_what_was_compressed(parts: list[bytes], level: int) -> None:
    """Of one member or of several: all readers join them."""
    data = b"".join(gzip.compress(part, level) for part in parts)
    members, content = unpack(data)
    assert content == b"".join(parts) == gzip.decompress(data)
    assert [member.size for member in members.members] == [len(part) for part in parts]


def test_the_fields_of_the_header() -> None:
    """Name, comment, extra field and the crc16 over them are read."""
    head = FIXED % 0x1E + b"\3\0abcname\0why\0"
    head += (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
    members, content = unpack(head + BODY)
    member = members.members[0]
    assert (member.name, member.comment, member.extra, content) == ("name", "why", 3, b"hi")


def test_zeros_behind_the_last_member_are_padding() -> None:
    """Readers skip them alike."""
    assert unpack(HI + bytes(100))[1] == b"hi" == gzip.decompress(HI + bytes(100))


CASES = {
    "empty": (b"", wrong.HeaderBroken),
    "other": (b"PK" + bytes(20), wrong.NotCompressed),
    "method": (b"\x1f\x8b\x07" + HI[3:], wrong.UnsupportedStream),
    "reserved": (FIXED % 0x20 + BODY, wrong.HeaderBroken),
    "name cut": (FIXED % 8 + b"name", wrong.HeaderBroken),
    "extra cut": (FIXED % 4 + b"\xff\xff", wrong.HeaderBroken),
    "name": (FIXED % 8 + b"n" * 70_000 + b"\0" + BODY, wrong.HeaderBroken),
    "crc16": (FIXED % 2 + b"\0\0" + BODY, wrong.HeaderBroken),
    "no deflate": (FIXED % 0 + b"\xff" * 20, wrong.StreamBroken),
    "cut data": (HI[:11], wrong.StreamEndsEarly),
    "cut end": (HI[:-1], wrong.StreamEndsEarly),
    "crc": (HI[:-8] + b"\0\0\0\0" + HI[-4:], wrong.DigestDiffers),
    "length": (HI[:-4] + b"\0\0\0\0", wrong.DigestDiffers),
    "behind": (HI + b"x", wrong.BytesBehindStream),
    "behind, almost a member": (HI + b"\x1f\x8c" + bytes(9), wrong.BytesBehindStream),
    "second header cut": (HI + HI[:5], wrong.StreamEndsEarly),
    "behind zeros": (HI + b"\0\0" + HI, wrong.BytesBehindStream),
    "too large": (gzip.compress(bytes(4 << 20)), wrong.UnpacksTooLarge),
}


@pytest.mark.parametrize(("data", "error"), CASES.values(), ids=CASES)
def test_each_way_to_be_wrong(data: bytes, error: type) -> None:
    """The smallest bytes for each."""
    with pytest.raises(error):
        unpack(data)


def test_budgets_hold_before_inflation() -> None:
    """Of members, of the size, and of what is left for the audit."""
    with pytest.raises(wrong.TooManyStreams):
        unpack(HI * 3, compressed_streams=2)
    for name in ("inflated_bytes", "unpacked_bytes"):
        with pytest.raises(wrong.UnpacksTooLarge):
            unpack(gzip.compress(bytes(1000)), unpacked_factor=0, **{name: 999})
    assert len(unpack(gzip.compress(bytes(1000)), inflated_bytes=1000)[1]) == 1000


def seen_by_a_loader(data: bytes) -> bytes:
    """What the standard library hands out byte by byte, until it raises."""
    seen = b""
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        try:
            while part := file.read(1):
                seen += part
        except (OSError, zlib.error, EOFError):
            return seen
    raise AssertionError("is not broken")


@pytest.mark.parametrize("cut", [1, 9, 200, 300])
def test_what_came_before_the_damage_is_kept(cut: int) -> None:
    """A loader that reads as it inflates has seen those bytes."""
    data = gzip.compress(bytes(range(256)) * 40, mtime=0)
    broken = data[:-cut] + b"\xff" * cut
    out = bytearray()
    with pytest.raises(FormatError):
        unpack_gzip(BytesView(broken), DEFAULT_LIMITS, out)
    seen = seen_by_a_loader(broken)
    assert seen
    assert out.startswith(seen)


class Pieces(SubView):
    """A view that gives out its bytes one by one."""

    def stream(self, offset: int, length: int):
        """Chunks of one byte."""
        return iter(self.read(at, 1) for at in range(offset, offset + length))


def test_chunks_may_end_anywhere() -> None:
    """The structure does not depend on how the view is cut."""
    head = FIXED % 0x18 + b"name\0comment\0"
    data = head + BODY + HI + ZERO + b"\0"
    out = bytearray()
    members = unpack_gzip(Pieces(BytesView(data), 0, len(data)), DEFAULT_LIMITS, out)
    assert bytes(out) == b"hihi"
    assert members == unpack(data)[0]


def zlib_content(data: bytes) -> bytes:
    out = bytearray()
    unpack_zlib(BytesView(data), DEFAULT_LIMITS, out)
    return bytes(out)


@settings(max_examples=20)
@given(st.binary(max_size=2000), st.integers(0, 9))
def test_zlib_streams(content: bytes, level: int) -> None:
    """The same for a bare zlib stream."""
    assert zlib_content(zlib.compress(content, level)) == content


Z = zlib.compress(b"hi")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\x78", wrong.NotCompressed),
        (b"\x78\x00", wrong.NotCompressed),
        (b"\x79\x9c", wrong.NotCompressed),
        (b"\x88\x1c", wrong.NotCompressed),
        (b"\x78\xbb\0\0\0\0", wrong.UnsupportedStream),
        (b"\x78\x9c\xff\xff", wrong.StreamBroken),
        (Z[:-5], wrong.StreamEndsEarly),
        (Z[:-1], wrong.StreamEndsEarly),
        (Z[:-1] + b"\0", wrong.DigestDiffers),
        (Z + b"\0", wrong.BytesBehindStream),
    ],
)
def test_each_way_a_zlib_stream_is_wrong(data: bytes, error: type) -> None:
    """The smallest bytes for each."""
    with pytest.raises(error):
        zlib_content(data)
