"""Magic bytes: one table for those at a fixed place, one function for each that needs a look.

Sources: the formats' specifications, and https://www.garykessler.net/library/file_sigs.html
"""

from __future__ import annotations

import re

_AT_START: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"PK\x07\x08", "zip"),
    (b"\x1f\x8b", "gzip"), (b"\xfd7zXZ\x00", "xz"), (b"\x5d\x00\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x04\x22\x4d\x18", "lz4"), (b"\x02\x21\x4c\x18", "lz4"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"), (b"GGUF", "gguf"), (b"FUGG", "gguf"), (b"\x93NUMPY", "npy"),
    (b"lmgg", "ggml"), (b"fmgg", "ggml"), (b"tjgg", "ggml"),
    (b"PAR1", "parquet"), (b"ARROW1\x00\x00", "arrow"), (b"SQLite format 3\x00", "sqlite"),
    (b"\x7fELF", "elf"), (b"!<arch>\n", "ar"), (b"\x00asm", "wasm"), (b"BC\xc0\xde", "llvm-bitcode"),
    (b"dex\n0", "dex"), (b"\xfe\xed\xfa\xce", "mach-o"), (b"\xfe\xed\xfa\xcf", "mach-o"),
    (b"\xce\xfa\xed\xfe", "mach-o"), (b"\xcf\xfa\xed\xfe", "mach-o"),
    (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF87a", "gif"), (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"), (b"MM\x00*", "tiff"), (b"%PDF-", "pdf"), (b"OggS", "ogg"), (b"fLaC", "flac"),
    (b"ID3\x02", "mp3"), (b"ID3\x03", "mp3"), (b"ID3\x04", "mp3"), (b"\xff\xfb", "mp3"),
    (b"\x1a\x45\xdf\xa3", "matroska"),
)  # fmt: skip
_RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
_TORCH_MAGIC = b"l\xfc\x9cF\xf9 j\xa8P\x19"
"""The integer 0x1950a86a20f9469cfc6c, which torch wrote first before it wrote zip archives."""
_TORCH_LEGACY = re.compile(
    rb"(?:\x80[\x00-\x05](?:\x95.{8})?\x8a\x0a"
    + re.escape(_TORCH_MAGIC)
    + rb"|L119547037146038801333356L?\n)\.",
    re.DOTALL,
)
_PROTOCOLS = 6
_SAFETENSORS_MOST = 1 << 32
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_OLDEST_PYTHON3, _NEWEST_PYTHON3 = 3000, 4000
_OLDEST_JAVA = 45
_TAR_BLOCK = 512
_TAR_NUMBERS = ((100, 8), (108, 8), (116, 8), (124, 12), (136, 12))
"""Mode, owner, group, size and time of the member."""
_BELOW_128 = bytes(range(128))
_ONNX_IR_VERSIONS = 32


def strong_format(head: bytes, size: int) -> str | None:
    """The format that the first bytes name, or None.

    Args:
        head: the first bytes; at least 1 KiB where the file has that many.
        size: length of the whole file.
    """
    if len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < _SAFETENSORS_MOST:
        return "safetensors"
    if _TORCH_LEGACY.match(head):
        return "torch-legacy"
    if len(head) > 1 and head[0] == 0x80 and head[1] < _PROTOCOLS:
        return "pickle"
    for magic, name in _AT_START:
        if head.startswith(magic):
            return name
    if _BZIP2.match(head):
        return "bzip2"
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return "mp4"
    if head[4:8] == b"TFL3":
        return "tflite"
    if _is_icon(head, size):
        return "ico"
    return "tar" if is_tar(head) else _program(head, size)


def _is_icon(head: bytes, size: int) -> bool:
    """A directory of pictures whose first one begins right behind it: four bytes alone are a number, too."""
    if head[:4] != b"\0\0\1\0" or len(head) < 22:
        return False
    count, offset = int.from_bytes(head[4:6], "little"), int.from_bytes(head[18:22], "little")
    return bool(count) and head[9] == 0 and offset == 6 + 16 * count < size


def weak_format(head: bytes) -> str | None:
    """A name for bytes without magic. Only for files that nothing else explains."""
    if (
        head[:1] == b"\x08"
        and len(head) > 4
        and head[1] < _ONNX_IR_VERSIONS
        and head[2] in b"\x12\x1a\x22\x3a\x42"
    ):
        return "onnx"
    if (
        head[:1] == b"\x0a"
        and head[2:3] == b"\x0a"
        and head[4 : 4 + (head[3] if len(head) > 3 else 0)].isascii()
    ):
        return "sentencepiece"
    if head[:1] == b"\x78" and len(head) > 1 and int.from_bytes(head[:2], "big") % 31 == 0:
        return "zlib"
    if head and (0x81 <= head[0] <= 0x8F or head[0] in {0xDE, 0xDF}) and _msgpack_key(head):
        return "msgpack"
    return None


def _msgpack_key(head: bytes) -> bool:
    at = {0xDE: 3, 0xDF: 5}.get(head[0], 1)
    return len(head) > at + 1 and (0xA0 <= head[at] <= 0xBF or 0xD9 <= head[at] <= 0xDB)


def is_tar(head: bytes) -> bool:
    """A tar header by its magic or, for older archives, by the sum in it.

    It begins with the name of a member, so it may begin with the magic bytes of anything else.
    """
    if head[257:262] == b"ustar":
        return True
    block = head[:_TAR_BLOCK]
    if len(block) < _TAR_BLOCK or not any(block):
        return False
    field = block[148:156]
    summed = block[:148] + b" " * 8 + block[156:]
    unsigned = sum(summed)
    signed = unsigned - 256 * len(summed.translate(None, _BELOW_128))
    # numbers in their places, too: by the sum alone, a few random bytes in a million would pass
    return _tar_number(field) in (unsigned, signed) and all(
        _tar_number(block[at : at + size]) is not None for at, size in _TAR_NUMBERS
    )


def _tar_number(field: bytes) -> int | None:
    """A number as lenient readers take it: octal up to a NUL, or binary behind a byte that says so."""
    if field[0] in {0x80, 0xFF}:
        return int.from_bytes(field[1:], "big") - (1 << 56) * (field[0] == 0xFF)
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError:
        return None


def _program(head: bytes, size: int) -> str | None:
    """Programs whose magic is shared with something else."""
    if head[:2] == b"MZ" and size >= 64:
        at = int.from_bytes(head[60:64], "little")
        # a loader follows the offset; one past the head is a program too, but not one in plain text
        if head[at : at + 4] == b"PE\x00\x00" or (at >= len(head) - 4 and at < size):
            return "pe"
    if head[:4] == b"\xca\xfe\xba\xbe" and len(head) >= 8:
        return "java-class" if int.from_bytes(head[4:8], "big") >= _OLDEST_JAVA else "mach-o"
    if head[2:4] == b"\r\n" and _OLDEST_PYTHON3 <= int.from_bytes(head[:2], "little") < _NEWEST_PYTHON3:
        return "python-bytecode"
    return None
