"""What a file extension claims. It never chooses a parser: it only makes a lie visible."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TORCH = ("zip", "pickle", "torch-legacy")
_PICKLE = ("pickle", "gzip", "bzip2", "xz", "zlib", "lz4", "zip", "torch-legacy")
_TEXT = ("text", "text-8bit", "json", "python")
_TABLE: Mapping[tuple[str, ...], tuple[str, ...]] = MappingProxyType(
    {
        ("safetensors",): ("safetensors",),
        ("json", "ipynb"): ("json",),
        ("jsonl", "ndjson"): ("text", "json"),
        ("pt", "pth", "ckpt", "th"): _TORCH,
        ("bin",): (*_TORCH, "fasttext", "word2vec", "coreml-weights", "paddle-params", "catboost"),
        ("pkl", "pickle", "joblib"): _PICKLE,
        ("npy",): ("npy",),
        ("npz", "zip", "whl", "mar", "nemo", "pt2"): ("zip", "tar", "gzip"),
        ("h5", "hdf5"): ("hdf5",),
        ("keras",): ("zip", "hdf5"),
        ("onnx",): ("onnx",),
        ("gguf",): ("gguf",),
        ("tflite",): ("tflite",),
        ("ort",): ("ort",),
        ("mlmodel",): ("coreml",),
        ("pb",): ("saved-model", "tf-graph", "tf-meta-graph", "keras-metadata", "tf-fingerprint"),
        ("meta",): ("tf-meta-graph", "text", "json"),
        ("tfrecord", "tfrecords"): ("tfrecord",),
        ("pdmodel",): ("paddle-program",),
        ("pdiparams", "pdparams"): ("paddle-params", "pickle"),
        ("pte",): ("executorch",),
        ("engine", "plan", "trt"): ("tensorrt",),
        ("cbm",): ("catboost",),
        ("t7",): ("torch7",),
        ("rds", "rdata", "rda"): ("r-data", "gzip", "bzip2", "xz"),
        ("mat",): ("matlab", "hdf5"),
        ("sqlite", "sqlite3"): ("sqlite",),
        ("feather",): ("arrow",),
        ("ttf", "otf", "woff", "woff2"): ("font",),
        ("ico",): ("ico",),
        ("msgpack",): ("msgpack",),
        ("parquet",): ("parquet",),
        ("arrow",): ("arrow",),
        ("gz", "tgz"): ("gzip",),
        ("bz2", "tbz", "tbz2"): ("bzip2",),
        ("xz", "lzma", "txz"): ("xz",),
        ("zst", "zstd", "tzst"): ("zstd",),
        ("lz4",): ("lz4",),
        ("7z",): ("7z",),
        ("tar",): ("tar",),
        ("png",): ("png",),
        ("jpg", "jpeg"): ("jpeg",),
        ("gif",): ("gif",),
        ("webp",): ("webp",),
        ("tif", "tiff"): ("tiff",),
        ("mp3",): ("mp3",),
        ("wav",): ("wav",),
        ("flac",): ("flac",),
        ("ogg", "opus"): ("ogg",),
        ("mp4", "m4a", "mov"): ("mp4",),
        ("webm", "mkv"): ("matroska",),
        ("pdf",): ("pdf",),
        ("py", "pyi", "pyw"): ("python",),
        ("txt", "md", "rst", "csv", "tsv", "yaml", "yml", "toml", "ini", "cfg", "jinja", "html", "xml", "log",
         "svg", "sh", "lock", "pbtxt", "prototxt", "gitattributes", "gitignore"): _TEXT,
    }
)  # fmt: skip
_CLAIMS = {extension: frozenset(formats) for names, formats in _TABLE.items() for extension in names}


def extension_of(name: str) -> str:
    """The part behind the last dot of a path's or member's last part, in lower case."""
    base = name.rsplit("!", 1)[-1].rsplit("/", 1)[-1]
    return base.rpartition(".")[2].lower() if "." in base else ""


def claimed_formats(extension: str) -> frozenset[str]:
    """Formats that a file with this extension may honestly have; empty where it claims nothing."""
    return _CLAIMS.get(extension, frozenset())
