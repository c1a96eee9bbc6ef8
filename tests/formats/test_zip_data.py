"""formats.zip_data: data is what its entry says, or an error says otherwise."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from safeload.errors import FormatError
from safeload.formats.view import BytesView, read_all
from safeload.formats.zip import ZipMember, parse_zip
from safeload.formats.zip_data import LastInflated, check_crc, member_view, stored_with_other_crc
from safeload.limits import DEFAULT_LIMITS, Limits
from tests.forge.archives import Part, build, deflated

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = b"some text, some text, some text"


class Chunked(BytesView):
    """A view that streams three bytes at a time."""

    def stream(self, offset: int, length: int) -> Iterator[bytes | memoryview]:
        """As of BytesView."""
        for at in range(offset, offset + length, 3):
            yield self.read(at, min(3, offset + length - at))


def one(part: Part) -> tuple[BytesView, ZipMember]:
    view = BytesView(build([part]))
    return view, parse_zip(view, DEFAULT_LIMITS).members[0]


@pytest.mark.parametrize("method", [0, 8])
def test_member_view_gives_the_plain_bytes(method: int) -> None:
    """Stored or deflated, whole or in parts, also as a stream."""
    view, member = one(Part(b"a", TEXT, method=method))
    found = member_view(view, member, DEFAULT_LIMITS)
    check_crc(view, member, DEFAULT_LIMITS)
    assert (found.size, read_all(found), found.read(5, 4)) == (len(TEXT), TEXT, TEXT[5:9])
    assert b"".join(bytes(chunk) for chunk in found.stream(2, 6)) == TEXT[2:8]
    with pytest.raises(FormatError):
        found.read(len(TEXT), 1)


@pytest.mark.parametrize("method", [0, 8])
def test_other_crc_is_found(method: int) -> None:
    """A crc32 that is wrong in every record alike stops zipfile and not torch: it is an ambiguity."""
    descriptor = b"PK\x07\x08" + bytes(4)
    size = len(TEXT).to_bytes(4, "little")
    packed = len(deflated(TEXT) if method else TEXT).to_bytes(4, "little")
    part = Part(b"a", TEXT, method=method, central={"crc": 0}, descriptor=descriptor + packed + size)
    view, member = one(part)
    with pytest.raises(FormatError) as caught:
        check_crc(view, member, DEFAULT_LIMITS)
    assert caught.value.code == "CrcDiffers"
    assert read_all(member_view(view, member, DEFAULT_LIMITS, crc=False)) == TEXT


def test_crc_across_chunks() -> None:
    """Chunk edges inside, between and before members change nothing; an empty member counts too."""
    parts = [Part(b"a", TEXT), Part(b"b", b"", flags=0x0800), Part(b"c", b"12345"), Part(b"d", TEXT)]
    data = bytearray(build(parts))
    members = parse_zip(BytesView(bytes(data)), DEFAULT_LIMITS).members
    assert list(stored_with_other_crc(Chunked(bytes(data)), members)) == []
    data[members[2].offset] ^= 1
    assert [bad.name for bad in stored_with_other_crc(Chunked(bytes(data)), members)] == ["c"]
    empty = [member._replace(crc32=1) for member in members[1:2]]
    assert list(stored_with_other_crc(BytesView(bytes(data)), empty)) == empty
    assert list(stored_with_other_crc(BytesView(bytes(data)), ())) == []


STREAM = deflated(TEXT)


@pytest.mark.parametrize(
    ("code", "stream", "size"),
    [
        ("DeflateBroken", b"\xff" * 9, 31),
        ("DeflateBroken", STREAM + b"!", len(TEXT)),
        ("InflatedSizeDiffers", STREAM[:-4], len(TEXT)),
        ("InflatedSizeDiffers", STREAM, len(TEXT) - 1),
        ("InflatedSizeDiffers", STREAM, len(TEXT) + 1),
        ("InflatesTooLarge", STREAM, 1 << 40),
        ("InflatesTooMuch", STREAM, 2 << 20),
    ],
)
def test_inflate_faults(code: str, stream: bytes, size: int) -> None:
    """Streams that are broken, cut, followed by bytes, or of another size; budgets before inflating."""
    member = ZipMember("a", 0, len(stream), size, zlib.crc32(TEXT), 8, 0)
    with pytest.raises(FormatError) as caught:
        read_all(member_view(BytesView(stream), member, Limits(inflated_bytes=1 << 30)))
    assert caught.value.code == code


def test_inflation_in_chunks() -> None:
    """A stream that comes in parts is one stream; a part behind its end is too much."""
    member = ZipMember("a", 0, len(STREAM), len(TEXT), zlib.crc32(TEXT), 8, 0)
    assert read_all(member_view(Chunked(STREAM), member, DEFAULT_LIMITS)) == TEXT
    longer = member._replace(compressed=len(STREAM) + 6)
    with pytest.raises(FormatError, match="follow the stream"):
        read_all(member_view(Chunked(STREAM + b"abcdef"), longer, DEFAULT_LIMITS))


def test_siblings_hold_one_member_at_a_time() -> None:
    """Views that share a LastInflated read right in any order, and keep the last member only."""
    view = BytesView(build([Part(b"a", TEXT, method=8), Part(b"b", TEXT[::-1], method=8)]))
    last = LastInflated()
    first, second = (
        member_view(view, member, DEFAULT_LIMITS, last=last)
        for member in parse_zip(view, DEFAULT_LIMITS).members
    )
    assert (read_all(first), read_all(second), first.read(0, 4)) == (TEXT, TEXT[::-1], TEXT[:4])
    assert last.data == TEXT


def test_view_that_ends_early() -> None:
    """A stream that stops before the member does is a format error, never a loop."""

    class Short(BytesView):
        def stream(self, offset: int, length: int) -> Iterator[bytes | memoryview]:
            yield self.read(offset, 1)

    view = Short(TEXT)
    with pytest.raises(FormatError, match="ends early"):
        list(stored_with_other_crc(view, (ZipMember("a", 0, 9, 9, 0, 0, 0),)))
