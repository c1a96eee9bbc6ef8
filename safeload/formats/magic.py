"""Magic bytes: one table for those at a fixed place, one function for each that needs a look.

Sources: the formats' specifications, and https://www.garykessler.net/library/file_sigs.html
"""

from __future__ import annotations

import re

_AT_START: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"PK\x07\x08", "zip"),
    (b"\x1f\x8b\x08", "gzip"), (b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x04\x22\x4d\x18", "lz4"), (b"\x02\x21\x4c\x18", "lz4"),
    (b"Rar!\x1a\x07", "rar"), (b"MSCF\x00\x00\x00\x00", "cab"), (b"xar!\x00\x1c", "xar"),
    (b"\xed\xab\xee\xdb", "rpm"), (b"MSWIM\x00\x00\x00", "wim"), (b"LZIP\x01", "lzip"), (b"\xc7\x71", "cpio"),
    (b"\x89LZO\x00\r\n\x1a\n", "lzop"), (b"\x1f\x9d", "compress"), (b"\xff\x06\x00\x00sNaPpY", "snappy"),
    (b"7kSt\xa0\x31\x83\xd3", "zpaq"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"), (b"GGUF", "gguf"), (b"FUGG", "gguf"), (b"\x93NUMPY", "npy"),
    (b"lmgg", "ggml"), (b"fmgg", "ggml"), (b"tjgg", "ggml"), (b"algg", "ggml"),
    (b"ftrt", "tensorrt"), (b"ptrt", "tensorrt"), (b"CBM1", "catboost"),
    (b":W&B\xe1\xbe\0", "wandb"), (b"binf", "xgboost"),
    (b"{L\0\0\0\0\0\0\0", "xgboost"), (b"\xba\x16\x4f\x2f", "fasttext"), (b"MATLAB 5.0 MAT-file", "matlab"),
    (b"\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1", "torch7"), (b"X\n\0\0\0\x02\0", "r-data"),
    (b"X\n\0\0\0\x03\0", "r-data"), (b"RDX2\nX\n", "r-data"), (b"RDX3\nX\n", "r-data"),
    (b"RDA2\nA\n", "r-data"), (b"RDA3\nA\n", "r-data"), (b"A\n2\n", "r-data"), (b"A\n3\n", "r-data"),
    (b"OTTO\0", "font"), (b"ttcf\0", "font"), (b"wOFF", "font"), (b"wOF2", "font"),
    (b"\0\0\0\x01Bud1", "ds-store"),
    (b"PAR1", "parquet"), (b"ARROW1\x00\x00", "arrow"), (b"SQLite format 3\x00", "sqlite"),
    (b"\x7fELF", "elf"), (b"!<arch>\n", "ar"), (b"\x00asm", "wasm"), (b"BC\xc0\xde", "llvm-bitcode"),
    (b"dex\n0", "dex"), (b"\xfe\xed\xfa\xce", "mach-o"), (b"\xfe\xed\xfa\xcf", "mach-o"),
    (b"\xce\xfa\xed\xfe", "mach-o"), (b"\xcf\xfa\xed\xfe", "mach-o"),
    (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF87a", "gif"), (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"), (b"MM\x00*", "tiff"), (b"%PDF-", "pdf"), (b"OggS", "ogg"), (b"fLaC", "flac"),
    (b"ID3\x02", "mp3"), (b"ID3\x03", "mp3"), (b"ID3\x04", "mp3"),
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
_OPCODE_BYTES = frozenset(
    b"()012BCFGIJKLMNPQRSTUVX]abcdeghijlopqrstu}."
    b"\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98"
)
"""Written out, since the table of opcodes is nothing that identification should have to import."""
_SAFETENSORS_MOST = 1 << 32
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_CPIO = re.compile(rb"07070[12][0-9A-Fa-f]{104}|070707[0-7]{70}")
_LZH = re.compile(rb"..-l[hz][0-9ds]-", re.DOTALL)
_ARJ_HEADER = 2_600
_OLDEST_PYTHON3, _NEWEST_PYTHON3 = 3000, 4000
_OLDEST_JAVA = 45
_RECORD_FRAME = 16
_FLATBUFFERS = {b"TFL3": "tflite", b"ORTM": "ort"}
_WORD2VEC = rb"[1-9][0-9]{0,9} [1-9][0-9]{0,4}\n[^\s\0-\x1f]{1,80} (?s:.)"
"""Compiled where it is needed, which is for few files."""
_MPEG_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG_RATES = (44_100, 48_000, 32_000)
_TAR_BLOCK = 512
_TAR_NUMBERS = ((100, 8), (108, 8), (116, 8), (124, 12), (136, 12))
"""Mode, owner, group, size and time of the member."""
_BELOW_128 = bytes(range(128))


def strong_format(head: bytes, size: int) -> str | None:
    """The format that the first bytes name, or None.

    Args:
        head: the first bytes; at least 1 KiB where the file has that many.
        size: length of the whole file.
    """
    if _is_tfrecord(head, size):
        # a sum of 32 bits is the stronger sign: its first byte may be the brace of a safetensors header
        return "tfrecord"
    if _is_safetensors(head):
        return "safetensors"
    if _TORCH_LEGACY.match(head):
        return "torch-legacy"
    if head[:1] == b"\x80" and _is_protocol(head):
        return "pickle"
    for magic, name in _AT_START:
        if head.startswith(magic):
            return name
    if _BZIP2.match(head):
        return "bzip2"
    if head[:3] == b"\x5d\0\0" and (len(head) < 14 or _is_lzma(head)):
        return "xz"
    if head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F:
        return "zstd"  # a frame to skip, which lz4 has too: the next one tells
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return "mp4"
    if head[:2] == b"\xff\xfb" and _is_mpeg_audio(head):
        return "mp3"
    if head[4:8] in _FLATBUFFERS or (head[4:6] == b"ET" and head[6:8].isdigit()):
        return _FLATBUFFERS.get(head[4:8], "executorch")
    if is_tar(head):
        return "tar"
    return _program(head, size) or _unread_archive(head) or _by_structure(head, size)


def _unread_archive(head: bytes) -> str | None:
    """Archives whose magic is text, or not at the start."""
    if head[:4] in {b"hsqs", b"sqsh"} and head[28:30] in {b"\x04\x00", b"\x00\x04"}:
        return "squashfs"
    if _CPIO.match(head):
        return "cpio"
    if head[:2] == b"\x60\xea" and len(head) > 4 and int.from_bytes(head[2:4], "little") <= _ARJ_HEADER:
        return "arj"
    if _LZH.match(head):
        return "lzh"
    if head[7:14] == b"**ACE**":
        return "ace"
    return "iso9660" if head[0x8001:0x8006] == b"CD001" else None


def _is_mpeg_audio(head: bytes) -> bool:
    """A frame of MPEG 1, layer 3, without a tag in front: its rates are known, and the next frame follows."""
    if len(head) < 4 or head[2] >> 4 not in range(1, 15) or head[2] >> 2 & 3 == 3:
        return False
    bits, rate = _MPEG_KBITS[head[2] >> 4], _MPEG_RATES[head[2] >> 2 & 3]
    follows = 144_000 * bits // rate + (head[2] >> 1 & 1)
    return head[follows : follows + 2] in {b"\xff\xfb", b"\xff\xfa", b""}


def _is_lzma(head: bytes) -> bool:
    """LZMA without a container: a usual dictionary, the length or none, and the coder's first byte."""
    dictionary, length = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:13], "little")
    usual = 0 < dictionary.bit_count() <= 2 or dictionary == 0xFFFFFFFF
    return usual and not head[13] and (length >> 48 == 0 or length == (1 << 64) - 1)


def _is_protocol(head: bytes) -> bool:
    """A protocol, and an opcode behind it: without one the unpickler stops before it has done anything."""
    return len(head) > 1 and head[1] < _PROTOCOLS and (len(head) == 2 or head[2] in _OPCODE_BYTES)


def _is_safetensors(head: bytes) -> bool:
    """A length, and then a JSON object: text, where an array of numbers of 64 bits has zeros."""
    if head[8:9] != b"{" or int.from_bytes(head[:8], "little") >= _SAFETENSORS_MOST:
        return False
    header = head[8 : 8 + min(16, int.from_bytes(head[:8], "little"))]
    return b"\0" not in header


def _is_tfrecord(head: bytes, size: int) -> bool:
    """A record of TensorFlow's event and data files: its length, and the sum of the length."""
    if len(head) < _RECORD_FRAME or int.from_bytes(head[:8], "little") > size - _RECORD_FRAME:
        return False
    from safeload.formats.crc32c import masked_crc32c

    return masked_crc32c(head[:8]) == int.from_bytes(head[8:12], "little")


def _by_structure(head: bytes, size: int) -> str | None:
    """Formats whose magic is short, with the numbers behind it that have to fit."""
    if head[:5] == b"\0\x01\0\0\0" and len(head) > 12:
        tables, entries = head[5], int.from_bytes(head[6:8], "big")
        # the second number follows from the first: sixteen times the power of two below it
        return "font" if tables and entries == 16 << tables.bit_length() - 1 else None
    if head[:4] == b"\0\0\x01\0" and len(head) >= 22:
        pictures, length, at = (
            head[4],
            int.from_bytes(head[14:18], "little"),
            int.from_bytes(head[18:22], "little"),
        )
        fits = pictures and not head[5] and not head[9] and 6 + 16 * pictures <= at and at + length <= size
        return "ico" if fits and length else None
    if head[64:68] == b"\xef\xbe\xad\xde" and head[4:8] == b"\x02\0\0\0":
        return "coreml-weights"
    if head[:16] == bytes(16) and head[17:21] == b"\0\0\0\x08" and head[22:23] == b"\x10" and head[16] < 64:
        return "paddle-params"
    if head[:8] == b"\x03\0\0\0\x01\0\0\0" and head[12:16] == b"\x02\0\0\0" and head[17:20] == bytes(3):
        key = head[20 : 20 + head[16]]
        return "torch7" if key.isascii() and key.decode("ascii").isprintable() and key else None
    if head.startswith(b"MATLAB 7.3 MAT-file") and head[124:128] == b"\0\x02IM":
        return "matlab"
    return "word2vec" if head[:1].isdigit() and re.match(_WORD2VEC, head) else None


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
        # a code object follows, behind 8, 12 or 16 bytes: with its type, marked for references or not
        code = {head[8:9], head[12:13], head[16:17]}
        return "python-bytecode" if len(head) <= 16 or code & {b"c", b"\xe3"} else None
    return None
