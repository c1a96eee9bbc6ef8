"""Formats that are treated alike because nothing in this version reads into them."""

from __future__ import annotations

MEDIA = frozenset(
    {
        "png", "jpeg", "gif", "tiff", "ico", "webp", "pdf", "ogg", "flac", "mp3", "wav", "avi", "mp4",
        "matroska",
    }
)  # fmt: skip
"""Pictures, sound, film, documents: no loader of ours decodes them."""

NATIVE = frozenset(
    {"elf", "pe", "mach-o", "ar", "wasm", "dex", "java-class", "llvm-bitcode", "python-bytecode"}
)
"""Programs for a machine, real or virtual."""

COMPRESSED = frozenset({"gzip", "bzip2", "xz", "zstd", "lz4", "zlib", "7z", "rar", "tar"})
"""Compressed files, and archives other than zip."""

UNREAD = frozenset(
    {
        "hdf5", "ggml", "npy", "onnx", "tflite", "sqlite", "parquet", "arrow",
        "sentencepiece",
    }
)  # fmt: skip
"""Data formats that a later version may read."""
