"""formats.codec_headers and formats.seven_zip: the first bytes, before a child reads the rest."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib

import lz4.frame
import py7zr
import pytest
import zstandard

from safeload.formats import seven_zip
from safeload.formats import unpack as wrong
from safeload.formats.codec_headers import CodecHeader, read_codec_header
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

DATA = b"hello " * 100
SKIP = b"\x53\x2a\x4d\x18\x03\0\0\0abc"


def read(data: bytes) -> CodecHeader:
    return read_codec_header(BytesView(data), DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("data", "codec", "check", "stated"),
    [
        (bz2.compress(DATA, 3), "bzip2", "crc32", None),
        (lzma.compress(DATA), "xz", "crc64", None),
        (lzma.compress(DATA, check=lzma.CHECK_SHA256), "xz", "sha256", None),
        (lzma.compress(DATA, check=lzma.CHECK_NONE), "xz", "none", None),
        (lzma.compress(DATA, lzma.FORMAT_ALONE), "lzma", "none", None),
        (zstandard.ZstdCompressor().compress(DATA), "zstd", "none", 600),
        (zstandard.ZstdCompressor(write_checksum=True).compress(DATA * 99), "zstd", "xxh64", 59_400),
        (zstandard.ZstdCompressor(write_content_size=False).compress(DATA), "zstd", "none", None),
        (SKIP + SKIP + zstandard.ZstdCompressor().compress(b""), "zstd", "none", 0),
        (lz4.frame.compress(DATA), "lz4", "none", 600),
        (lz4.frame.compress(DATA, store_size=False, content_checksum=True), "lz4", "xxh32", None),
        (SKIP + lz4.frame.compress(DATA), "lz4", "none", 600),
    ],
)
def test_what_the_libraries_write(data: bytes, codec: str, check: str, stated: int | None) -> None:
    """Codec, checksum and size, as they were asked for."""
    header = read(data)
    assert (header.codec, header.check, header.stated) == (codec, check, stated)


def test_windows() -> None:
    """The memory that a decoder will ask for."""
    assert read(bz2.compress(DATA, 3)).window == 2_700_000
    assert read(lzma.compress(DATA, lzma.FORMAT_ALONE, preset=6)).window == 8 << 20
    written = zstandard.ZstdCompressor(write_content_size=False).compress(DATA)
    parameters = zstandard.get_frame_parameters(written)
    assert read(written).window == parameters.window_size


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", wrong.NotCompressed),
        (b"nothing of that", wrong.NotCompressed),
        (b"BZh0" + bytes(9), wrong.HeaderBroken),
        (b"BZh9", wrong.HeaderBroken),
        (b"\xfd7zXZ\0", wrong.HeaderBroken),
        (b"\xfd7zXZ\0\0\x02" + bytes(9), wrong.HeaderBroken),
        (b"\x5d\0\0\x80\0", wrong.HeaderBroken),
        (b"\x5d\0\0\0\xff" + b"\xff" * 8, wrong.NeedsTooMuchMemory),
        (b"\x28\xb5\x2f\xfd", wrong.HeaderBroken),
        (b"\x28\xb5\x2f\xfd\x08\0", wrong.HeaderBroken),
        (b"\x28\xb5\x2f\xfd\xc0\0\0", wrong.HeaderBroken),
        (b"\x28\xb5\x2f\xfd\x01\0\7", wrong.UnsupportedStream),
        (b"\x28\xb5\x2f\xfd\x00\xff", wrong.NeedsTooMuchMemory),
        (b"\x04\x22\x4d\x18\x00\x40\0", wrong.HeaderBroken),
        (b"\x04\x22\x4d\x18\x40\x30\0", wrong.HeaderBroken),
        (b"\x04\x22\x4d\x18\x48\x40\0", wrong.HeaderBroken),
        (b"\x04\x22\x4d\x18\x41\x40\0", wrong.UnsupportedStream),
        (b"\x02\x21\x4c\x18" + bytes(9), wrong.UnsupportedStream),
        (b"\x50\x2a\x4d\x18\xff\xff\xff\xff", wrong.HeaderBroken),
        (b"\x50\x2a\x4d\x18\0\0\0\0" * 99, wrong.HeaderBroken),
    ],
)
def test_each_way_to_be_wrong(data: bytes, error: type) -> None:
    """The smallest bytes for each."""
    with pytest.raises(error):
        read(data)


def seven() -> bytes:
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w") as out:
        out.writestr(b"hi", "a")
    return file.getvalue()


def test_the_signature_of_a_7z_archive() -> None:
    """The second header lies where the first one says."""
    data = seven()
    signature = seven_zip.read_signature(BytesView(data), DEFAULT_LIMITS)
    assert signature.listing_offset + signature.listing_size == len(data)


def signed(offset: int, size: int, crc: int, rest: bytes) -> bytes:
    start = offset.to_bytes(8, "little") + size.to_bytes(8, "little") + crc.to_bytes(4, "little")
    return b"7z\xbc\xaf\x27\x1c\0\4" + zlib.crc32(start).to_bytes(4, "little") + start + rest


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"7z\xbc\xaf\x27\x1c", seven_zip.SignatureBroken),
        (bytes(32), seven_zip.SignatureBroken),
        (seven()[:20] + b"\1" + seven()[21:], seven_zip.SignatureBroken),
        (seven()[:-1], seven_zip.ListingBroken),
        (signed(0, 1, 0, b"x"), seven_zip.ListingBroken),
        (signed(1 << 63, 1 << 63, 0, b""), seven_zip.ListingBroken),
        (signed(0, 0, 0, b"x"), seven_zip.BytesBehindArchive),
    ],
)
def test_each_way_a_signature_is_wrong(data: bytes, error: type) -> None:
    """The smallest bytes for each."""
    with pytest.raises(error):
        seven_zip.read_signature(BytesView(data), DEFAULT_LIMITS)


def test_a_second_header_has_a_budget() -> None:
    """Nothing of it is read before."""
    limits = replace(DEFAULT_LIMITS, zip_directory_bytes=3)
    with pytest.raises(seven_zip.ListingTooLarge):
        seven_zip.read_signature(BytesView(signed(0, 4, 0, b"xxxx")), limits)
