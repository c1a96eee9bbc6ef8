"""Formats that are treated alike, and every name that identification gives."""

from __future__ import annotations

MEDIA = frozenset(
    {
        "png", "jpeg", "gif", "tiff", "ico", "webp", "pdf", "ogg", "flac", "mp3", "wav", "avi", "mp4",
        "matroska", "font", "ds-store",
    }
)  # fmt: skip
"""Pictures, sound, film, documents: no loader of ours decodes them."""

NATIVE = frozenset(
    {"elf", "pe", "mach-o", "ar", "wasm", "dex", "java-class", "llvm-bitcode", "python-bytecode"}
)
"""Programs for a machine, real or virtual."""

COMPRESSED = frozenset({"gzip", "bzip2", "xz", "zstd", "lz4", "zlib", "7z", "tar"})
"""Compressed files, and archives other than zip."""

TABLES = frozenset(
    {"sqlite", "parquet", "arrow", "coreml-weights", "catboost", "fasttext", "word2vec", "imatrix", "wandb"}
)
"""Data in cells, and numbers without structure: named like media, and judged by their frame."""

UNREAD_ARCHIVES = frozenset(
    {
        "rar", "cab", "cpio", "xar", "squashfs", "iso9660", "rpm", "wim", "lzip", "lzop", "compress",
        "snappy", "arj", "lzh", "ace", "zpaq",
    }
)  # fmt: skip
"""Archives and compressed files that nothing here opens."""

UNREAD = frozenset({"ggml", "xgboost", "matlab", "ort", "paddle-params"})
"""Data formats that a later version may read."""

UNREAD_PROGRAMS = frozenset({"tensorrt", "executorch", "torch7", "r-data", "paddle-program"})
"""Formats that hold code or calls by design, and that nobody here reads."""

READ = frozenset(
    {
        "safetensors", "zip", "torch-legacy", "pickle", "json", "text", "text-8bit", "empty", "python",
        "lfs-pointer", "hdf5", "npy", "gguf", "msgpack",
        "onnx", "sentencepiece", "saved-model", "tf-graph", "tf-meta-graph", "tf-checkpoint-index",
        "tf-fingerprint", "keras-metadata", "tfrecord", "tflite", "coreml",
    }
)  # fmt: skip
"""Formats with a scanner of their own."""

RAW = "raw-tensor"
"""What a file is that another one claims as values of its tensors."""

FORMATS = MEDIA | NATIVE | COMPRESSED | UNREAD_ARCHIVES | TABLES | UNREAD | UNREAD_PROGRAMS | READ
"""Every name that `identify` gives."""
