"""Any bytes give the header of a compressed file or of a 7z archive, or a FormatError.

The invariant holds within the limits and under the seal.
A header that we accept asks for no more memory than the budget, and its zstd reading is that of the
library. The second header of a 7z archive ends where the file does.
"""

from __future__ import annotations

import bz2
import lzma

import lz4.frame
import zstandard

from safeload.errors import FormatError
from safeload.formats.codec_headers import CodecHeader, read_codec_header
from safeload.formats.seven_zip import Signature, read_signature
from safeload.formats.unpack import HeaderBroken, NotCompressed
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from tests.forge.compressed import seven_zip

MAGIC_7Z = b"7z\xbc\xaf"
UNKNOWN = (0, zstandard.CONTENTSIZE_UNKNOWN)


def seeds() -> list[bytes]:
    """Each codec, with and without sizes and checksums, and frames to skip."""
    data = b"hello " * 50
    packer = zstandard.ZstdCompressor(write_checksum=True, write_content_size=False)
    return [
        bz2.compress(data),
        lzma.compress(data),
        lzma.compress(data, lzma.FORMAT_ALONE),
        zstandard.ZstdCompressor().compress(data),
        packer.compress(data),
        b"\x50\x2a\x4d\x18\2\0\0\0ab" + packer.compress(data * 99),
        lz4.frame.compress(data),
        lz4.frame.compress(data, store_size=False, content_checksum=True),
        seven_zip({"a": data}),
    ]


def read(data: bytes) -> object:
    """The header, or the error that is allowed."""
    view = BytesView(data)
    try:
        if data.startswith(MAGIC_7Z):
            return read_signature(view, DEFAULT_LIMITS)
        return read_codec_header(view, DEFAULT_LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a header."""
    if isinstance(result, Signature):
        assert result.listing_offset + result.listing_size == len(data)
    if not isinstance(result, CodecHeader):
        return
    assert result.window <= DEFAULT_LIMITS.unpack_window_bytes
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        frame = zstandard.get_frame_parameters(data)
        assert (result.check != "none") == frame.has_checksum
        assert frame.dict_id == 0
        assert result.stated == frame.content_size or (
            result.stated is None and frame.content_size in UNKNOWN
        )
        if result.stated is None:
            assert result.window == frame.window_size


def deep(result: object) -> bool:
    """Whether a codec was named."""
    return not isinstance(result, (NotCompressed, HeaderBroken))
