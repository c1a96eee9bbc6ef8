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

COMPRESSED = frozenset({"gzip", "bzip2", "xz", "zstd", "lz4", "zlib", "7z", "tar"})
"""Compressed files, and archives other than zip."""

UNREAD_ARCHIVES = frozenset(
    {
        "rar", "cab", "cpio", "xar", "squashfs", "iso9660", "rpm", "wim", "lzip", "lzop", "compress",
        "snappy", "arj", "lzh", "ace", "zpaq",
    }
)  # fmt: skip
"""Archives and compressed files that nothing here opens."""

UNREAD = frozenset(
    {
        "ggml", "onnx", "tflite", "sqlite", "parquet", "arrow",
        "sentencepiece",
    }
)  # fmt: skip
"""Data formats that a later version may read."""

READ = frozenset(
    {
        "safetensors", "zip", "torch-legacy", "pickle", "json", "text", "text-8bit", "empty", "python",
        "lfs-pointer", "hdf5", "npy", "gguf", "msgpack",
    }
)  # fmt: skip
"""Formats with a scanner of their own."""

FORMATS = MEDIA | NATIVE | COMPRESSED | UNREAD_ARCHIVES | UNREAD | READ
"""Every name that `identify` gives."""
