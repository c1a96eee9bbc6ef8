"""What the first bytes of a compressed file say: `read_codec_header(view, limits)`.

The data itself is read by libraries in native code, and so in a child process only. Here the codec is
named and the memory that its decoder will ask for is bounded before one is started.

Specifications: bzip2 has none but its source; https://tukaani.org/xz/xz-file-format.txt section 2.1.1;
the .lzma header in https://github.com/tukaani-project/xz/blob/master/doc/lzma-file-format.txt; RFC 8878
section 3.1; https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from safeload.formats.unpack import HeaderBroken, NeedsTooMuchMemory, NotCompressed, UnsupportedStream
from safeload.formats.view import Truncated
from safeload.record import record

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

_XZ, _LZMA = b"\xfd7zXZ\x00", b"\x5d\x00\x00"
_ZSTD, _LZ4, _LZ4_LEGACY = b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18"
_SKIPPABLE = b"\x2a\x4d\x18"
_MOST_SKIPPED = 64
_LEVELS = b"123456789"
_XZ_CHECKS = {0: "none", 1: "crc32", 4: "crc64", 10: "sha256"}
_LZMA_HEADER = 13
_UNKNOWN_SIZE = (1 << 64) - 1
_FIELD_BYTES = (0, 1, 2, 4)
"""Width of a dictionary id, by the two bits of the descriptor."""


@record
class CodecHeader:
    """The header of a compressed file."""

    codec: Literal["bzip2", "xz", "lzma", "zstd", "lz4"]
    check: str
    """The checksum of the data that the stream ends with, or `none`."""
    window: int = 0
    """Bytes of window or dictionary that a decoder keeps."""
    stated: int | None = None
    """Bytes that the first stream says it unfolds into."""


def read_codec_header(view: View, limits: Limits) -> CodecHeader:
    """The header of a bzip2, xz, lzma, zstd or lz4 file.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    head = view.read(0, min(view.size, 18))
    if head[:3] == b"BZh":
        if len(head) < 10 or head[3] not in _LEVELS:
            raise HeaderBroken("is no bzip2 header", offset=3)
        return CodecHeader(codec="bzip2", check="crc32", window=(head[3] - 48) * 900_000)
    if head.startswith(_XZ):
        return _xz(head)
    if head.startswith(_LZMA):
        return _lzma(head, limits)
    try:
        at = _behind_skippable(view)
        head = view.read(at, min(view.size - at, 18))
        if head.startswith(_ZSTD):
            return _zstd(head, limits)
        if head.startswith(_LZ4):
            return _lz4(head)
    except (IndexError, Truncated):
        raise HeaderBroken("ends within its header", offset=0) from None
    if head.startswith(_LZ4_LEGACY):
        raise UnsupportedStream("is an lz4 stream of the legacy format, which the frame format replaced")
    raise NotCompressed("begins like no stream of a known codec", offset=0)


def _behind_skippable(view: View) -> int:
    """Where the first frame starts that holds data: zstd and lz4 share frames for anything else."""
    at = 0
    for _ in range(_MOST_SKIPPED):
        head = view.read(at, min(8, view.size - at))
        if head[1:4] != _SKIPPABLE or not 0x50 <= head[0] <= 0x5F:
            return at
        at += 8 + int.from_bytes(view.read(at + 4, 4), "little")
    raise HeaderBroken(f"begins with more than {_MOST_SKIPPED} frames without data", offset=at)


def _xz(head: bytes) -> CodecHeader:
    if len(head) < 12 or head[6] or head[7] not in _XZ_CHECKS:
        raise HeaderBroken("has stream flags that no xz file may have", offset=6)
    return CodecHeader(codec="xz", check=_XZ_CHECKS[head[7]])


def _lzma(head: bytes, limits: Limits) -> CodecHeader:
    if len(head) < _LZMA_HEADER:
        raise HeaderBroken("ends within its header", offset=0)
    window = int.from_bytes(head[1:5], "little")
    stated = int.from_bytes(head[5:13], "little")
    _check_window(window, limits)
    return CodecHeader(
        codec="lzma", check="none", window=window, stated=None if stated == _UNKNOWN_SIZE else stated
    )


def _zstd(head: bytes, limits: Limits) -> CodecHeader:
    flags = head[4]
    if flags & 0x08:
        raise HeaderBroken("sets the reserved bit of its descriptor", offset=4)
    single, at = bool(flags & 0x20), 5
    window = 0
    if not single:
        exponent, mantissa = head[5] >> 3, head[5] & 7
        window = (1 << (10 + exponent)) * (8 + mantissa) // 8
        at = 6
    dictionary = int.from_bytes(head[at : at + _FIELD_BYTES[flags & 3]], "little")
    at += _FIELD_BYTES[flags & 3]
    width = (1 if single else 0, 2, 4, 8)[flags >> 6]
    if len(head) < at + width:
        raise HeaderBroken("ends within its header", offset=at)
    stated = int.from_bytes(head[at : at + width], "little") + (256 if width == 2 else 0) if width else None
    if dictionary:
        raise UnsupportedStream(f"needs dictionary {dictionary}", offset=at)
    if single:
        window = stated or 0
    _check_window(window, limits)
    return CodecHeader(codec="zstd", check="xxh64" if flags & 4 else "none", window=window, stated=stated)


def _lz4(head: bytes) -> CodecHeader:
    flags, block = head[4], head[5]
    if flags >> 6 != 1 or flags & 2 or block & 0x8F or not 4 <= block >> 4 <= 7:
        raise HeaderBroken("has a descriptor that no lz4 frame may have", offset=4)
    if flags & 1:
        raise UnsupportedStream("needs a dictionary", offset=4)
    stated = None
    if flags & 8:
        if len(head) < 14:
            raise HeaderBroken("ends within its header", offset=6)
        stated = int.from_bytes(head[6:14], "little")
    return CodecHeader(
        codec="lz4", check="xxh32" if flags & 4 else "none", window=1 << 2 * (block >> 4) + 8, stated=stated
    )


def _check_window(window: int, limits: Limits) -> None:
    if window > limits.unpack_window_bytes:
        raise NeedsTooMuchMemory(f"asks for a window of {window} bytes", offset=0)
