"""Compressed files of every codec, as their own libraries write them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib

import lz4.frame
import py7zr
import zstandard

WRITERS = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True),
}


def seven_zip(members: dict[str, bytes], **options: object) -> bytes:
    """A 7z archive."""
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w", **options) as out:  # type: ignore[arg-type]
        for name, data in members.items():
            out.writestr(data, name)
    return file.getvalue()
