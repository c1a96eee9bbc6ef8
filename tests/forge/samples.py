"""One honest file of each format that identification names: `SAMPLES`, a table that is easy to extend.

A format is a row: its name, a file name, the bytes, and the members that its container must be accounted
for. Real writers of the standard library and of the test oracles where there are any; else the smallest
bytes that carry the format's mark.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import struct
import tarfile
import tempfile
import wave
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tests.forge.archives import ONE_TENSOR, TWO_FLOATS, plain, torch_zip
from tests.forge.archives import build as build_zip
from tests.forge.compressed import seven_zip
from tests.forge.flax import pack, params
from tests.forge.gguf import small_model
from tests.forge.hdf5 import keras_weights
from tests.forge.keras import dense, keras_zip, sequential, zipped
from tests.forge.layouts import entry, pt2, servable, skops, torchscript
from tests.forge.legacy import legacy
from tests.forge.protobuf import block, number
from tests.forge.safetensors import two_tensors
from tests.forge.tensorflow import (
    graph,
    keras_metadata,
    meta_graph,
    node,
    saved_model,
    small_index,
    tfrecord,
)
from tests.forge.tflite import model as tflite_model

if TYPE_CHECKING:
    from collections.abc import Callable


class Sample(NamedTuple):
    """One file."""

    format: str
    name: str
    build: Callable[[], bytes]
    members: tuple[str, ...] = ()
    """Every member that has to have a line of its own, as the report names it within the file."""


TEXT = b"hello, world\n" * 8


def marked(head: bytes, size: int = 256) -> Callable[[], bytes]:
    """Bytes that carry a mark and nothing else."""
    return lambda: head + bytes(max(0, size - len(head)))


def tar() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as out:
        info = tarfile.TarInfo("notes.txt")
        info.size = len(TEXT)
        out.addfile(info, io.BytesIO(TEXT))
    return sink.getvalue()


def npy() -> bytes:
    sink = io.BytesIO()
    np.save(sink, np.ones((2, 3), np.float32))
    return sink.getvalue()


def npz() -> bytes:
    sink = io.BytesIO()
    np.savez(sink, a=np.ones(2), b=np.float32(3))
    return sink.getvalue()


def wav() -> bytes:
    sink = io.BytesIO()
    with wave.open(sink, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8_000)
        out.writeframes(bytes(64))
    return sink.getvalue()


def sqlite() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        with sqlite3.connect(path) as connection:
            connection.execute("create table t (a)")
        connection.close()
        return path.read_bytes()


def zstd() -> bytes:
    """A frame with its size, of one raw block."""
    block = (len(TEXT) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(TEXT)]) + block + TEXT


def lz4() -> bytes:
    """A frame without checksums, of one block that is not compressed. 0x73 closes this header."""
    return b"\x04\x22\x4d\x18\x60\x40\x82" + (len(TEXT) | 1 << 31).to_bytes(4, "little") + TEXT + bytes(4)


def pe() -> bytes:
    return (b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0").ljust(256, b"\0")


def icon() -> bytes:
    entry_of_one = struct.pack("<BBBBHHII", 1, 1, 0, 0, 1, 32, 40, 22)
    return b"\0\0\1\0\1\0" + entry_of_one + bytes(40)


def onnx() -> bytes:
    """An IR version, a producer and an empty graph."""
    return b"\x08\x09\x12\x04test\x3a\x03\x12\x01g"


def sentencepiece() -> bytes:
    piece = b"\x0a\x05<unk>\x15\0\0\0\0\x18\x02"
    return b"\x0a" + bytes([len(piece)]) + piece


POINTER = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 12345\n"
)  # fmt: skip
COREML = number(1, 4) + block(2, block(1, block(1, "image"))) + block(500, block(1, block(1, "l")))
FINGERPRINT = b"".join(number(field, 1 << 63 | field) for field in range(1, 6)) + block(6, number(1, 1))
TORCH = tuple(
    f"archive/{name}"
    for name in (
        "data.pkl", ".format_version", ".storage_alignment", "byteorder", "data/0", "version",
        ".data/serialization_id",
    )
)  # fmt: skip


def imatrix(entries: int = 2, *, tail: bytes = b"") -> bytes:
    """An importance matrix of llama.cpp."""
    parts = [struct.pack("<i", entries)]
    for at in range(entries):
        name = f"blk.{at}.attn_q.weight".encode()
        parts.append(struct.pack("<i", len(name)) + name + struct.pack("<ii4f", 3, 4, 1, 2, 3, 4))
    return b"".join(parts) + tail


SAMPLES: tuple[Sample, ...] = (
    # data
    Sample("safetensors", "a.safetensors", two_tensors),
    Sample("zip", "a.pt", lambda: torch_zip(ONE_TENSOR, {"0": TWO_FLOATS}), TORCH),
    Sample("zip", "a.keras", lambda: keras_zip(sequential(dense()), {"assets/v.txt": TEXT}),
           ("metadata.json", "config.json", "model.weights.h5", "assets/v.txt")),
    Sample("zip", "script.pt", torchscript,
           ("m/data/0", "m/data.pkl", "m/code/__torch__.py", "m/code/__torch__.py.debug_pkl",
            "m/constants.pkl", "m/version", "m/byteorder", "m/.data/serialization_id")),
    Sample("zip", "a.pt2", pt2,
           ("real/data/weights/weight_0", "real/data/weights/model_weights_config.json",
            "real/data/constants/model_constants_config.json", "real/models/model.json",
            "real/data/sample_inputs/model.pt", "real/archive_format", "real/archive_version",
            "real/.data/version", "real/byteorder", "real/.data/serialization_id",
            *(f"real/data/sample_inputs/model.pt!{name}" for name in TORCH))),
    Sample("zip", "a.npz", npz, ("a.npy", "b.npy")),
    Sample("zip", "a.skops", lambda: skops(entry("FunctionNode", "numpy", "log1p"), more={"1.npy": npy()}),
           ("schema.json", "1.npy")),
    Sample("zip", "a.mar", lambda: servable("image_classifier"),
           ("MAR-INF/MANIFEST.json", "model.pt", *(f"model.pt!{name}" for name in TORCH))),
    Sample("zip", "a.docx", lambda: zipped({"[Content_Types].xml": b"<a/>", "word/": b"", "word/d.xml": b""}),
           ("[Content_Types].xml", "word/", "word/d.xml")),
    Sample("zip", "folder.zip", lambda: build_zip([plain("a.txt", TEXT), plain("b.json", b"{}"),
                                                   plain("c.safetensors", two_tensors())]),
           ("a.txt", "b.json", "c.safetensors")),
    Sample("torch-legacy", "legacy.bin", legacy),
    Sample("pickle", "a.pkl", lambda: pickle.dumps({"epoch": 3})),
    Sample("hdf5", "a.h5", keras_weights),
    Sample("npy", "a.npy", npy),
    Sample("gguf", "a.gguf", small_model),
    Sample("msgpack", "a.msgpack", lambda: pack(params())),
    Sample("ggml", "a.ggml", marked(b"lmgg")),
    Sample("onnx", "a.onnx", onnx),
    Sample("tflite", "a.tflite", tflite_model),
    Sample("sqlite", "a.sqlite", sqlite),
    Sample("parquet", "a.parquet", lambda: b"PAR1" + bytes(64) + b"PAR1"),
    Sample("arrow", "a.arrow", lambda: b"ARROW1".ljust(64, b"\0") + bytes(4) + b"ARROW1"),
    Sample("sentencepiece", "spiece.model", sentencepiece),
    # text
    Sample("json", "a.json", lambda: json.dumps({"a": [1, 2]}).encode()),
    Sample("text", "a.txt", lambda: TEXT),
    Sample("text-8bit", "latin.txt", lambda: "größe ".encode("latin-1") + TEXT),
    Sample("python", "a.py", lambda: b"x = 1\n"),
    Sample("lfs-pointer", "b.bin", lambda: POINTER),
    # compressed, and archives other than zip
    Sample("gzip", "a.txt.gz", lambda: gzip.compress(TEXT)),
    Sample("bzip2", "a.txt.bz2", lambda: bz2.compress(TEXT)),
    Sample("xz", "a.txt.xz", lambda: lzma.compress(TEXT)),
    Sample("zlib", "a.z", lambda: zlib.compress(TEXT)),
    Sample("zstd", "a.txt.zst", zstd),
    Sample("lz4", "a.txt.lz4", lz4),
    Sample("7z", "a.7z", lambda: seven_zip({"a.txt": TEXT}), ("a.txt",)),
    Sample("rar", "a.rar", marked(b"Rar!\x1a\x07\x01\0")),
    Sample("cab", "a.cab", marked(b"MSCF\0\0\0\0")),
    Sample("xar", "a.xar", marked(b"xar!\0\x1c")),
    Sample("cpio", "a.cpio", marked(b"070701" + b"0" * 104)),
    Sample("squashfs", "a.squashfs", marked(b"hsqs" + bytes(24) + b"\4\0")),
    Sample("rpm", "a.rpm", marked(b"\xed\xab\xee\xdb")),
    Sample("lzip", "a.lz", marked(b"LZIP\1")),
    Sample("wim", "a.wim", marked(b"MSWIM\0\0\0")),
    Sample("compress", "a.Z", marked(b"\x1f\x9d\x90")),
    Sample("snappy", "a.sz", marked(b"\xff\6\0\0sNaPpY")),
    Sample("lzop", "a.lzo", marked(b"\x89LZO\0\r\n\x1a\n")),
    Sample("zpaq", "a.zpaq", marked(b"7kSt\xa0\x31\x83\xd3")),
    Sample("arj", "a.arj", marked(b"\x60\xea\x20\0\0")),
    Sample("lzh", "a.lzh", marked(b"\x20\x20-lh5-\0")),
    Sample("ace", "a.ace", marked(bytes(7) + b"**ACE**")),
    Sample("iso9660", "a.iso", lambda: bytes(0x8001) + b"CD001" + bytes(64)),
    Sample("tar", "a.tar", tar),
    # media
    Sample("png", "a.png", marked(b"\x89PNG\r\n\x1a\n")),
    Sample("jpeg", "a.jpg", marked(b"\xff\xd8\xff\xe0")),
    Sample("gif", "a.gif", marked(b"GIF89a")),
    Sample("tiff", "a.tif", marked(b"II*\0")),
    Sample("ico", "favicon.ico", icon),
    Sample("webp", "a.webp", marked(b"RIFF\xf8\0\0\0WEBPVP8 ")),
    Sample("pdf", "a.pdf", marked(b"%PDF-1.7\n")),
    Sample("ogg", "a.ogg", marked(b"OggS")),
    Sample("flac", "a.flac", marked(b"fLaC")),
    Sample("mp3", "a.mp3", marked(b"ID3\x03")),
    Sample("wav", "a.wav", wav),
    Sample("avi", "a.avi", marked(b"RIFF\xf8\0\0\0AVI LIST")),
    Sample("mp4", "a.mp4", marked(b"\0\0\0\x18ftypisom")),
    Sample("matroska", "a.mkv", marked(b"\x1a\x45\xdf\xa3")),
    # programs
    Sample("elf", "a.so", marked(b"\x7fELF\x02\x01\x01")),
    Sample("pe", "a.exe", pe),
    Sample("mach-o", "a.dylib", marked(b"\xcf\xfa\xed\xfe")),
    Sample("ar", "a.a", marked(b"!<arch>\n")),
    Sample("wasm", "a.wasm", marked(b"\0asm\x01\0\0\0")),
    Sample("dex", "a.dex", marked(b"dex\n035\0")),
    Sample("java-class", "A.class", marked(b"\xca\xfe\xba\xbe\0\0\0\x34")),
    Sample("llvm-bitcode", "a.bc", marked(b"BC\xc0\xde")),
    Sample("python-bytecode", "a.pyc", lambda: struct.pack("<HH", 3495, 0x0A0D) + bytes(12)),
    Sample("empty", "empty", lambda: b""),
    # frameworks beside torch
    Sample("saved-model", "saved_model.pb", lambda: saved_model(graph(node("Add")))),
    Sample("tf-graph", "frozen.pb", lambda: graph(node("Add"))),
    Sample("tf-meta-graph", "model.meta", lambda: meta_graph(graph(node("Add")))),
    Sample("keras-metadata", "keras_metadata.pb", lambda: keras_metadata("{}")),
    Sample("tf-checkpoint-index", "variables.index", small_index),
    Sample("tf-fingerprint", "fingerprint.pb", lambda: FINGERPRINT),
    Sample("tfrecord", "a.tfrecord", lambda: tfrecord(b"abc")),
    Sample("coreml", "a.mlmodel", lambda: COREML),
    Sample("coreml-weights", "weight.bin",
           lambda: b"\1\0\0\0\2\0\0\0" + bytes(56) + b"\xef\xbe\xad\xde" + bytes(60)),
    Sample("catboost", "a.cbm", marked(b"CBM1", 64)),
    Sample("fasttext", "a.ftz", lambda: b"\xba\x16\x4f\x2f" + struct.pack("<II", 12, 100)),
    Sample("word2vec", "a.w2v", lambda: b"1 3\nword " + bytes(12) + b"\n"),
    Sample("imatrix", "imatrix.dat", imatrix),
    Sample("wandb", "run-a.wandb", lambda: b":W&B\xe1\xbe\0" + bytes(4) + b"\4\0\1abcd"),
    Sample("xgboost", "a.xgb", marked(b"binf", 64)),
    Sample("matlab", "a.mat", lambda: b"MATLAB 5.0 MAT-file".ljust(128, b"\0")),
    Sample("ort", "a.ort", lambda: b"ORTM".rjust(8, b"\x18").ljust(64, b"\0")),
    Sample("paddle-params", "a.pdiparams", lambda: bytes(16) + b"\5\0\0\0\x08\5\x10\4\x10" + bytes(16)),
    Sample("paddle-program", "a.pdmodel",
           lambda: block(1, number(1, 0) + number(2, -1) + block(3, b"x" * 20))),
    Sample("tensorrt", "a.engine", marked(b"ftrt", 64)),
    Sample("executorch", "a.pte", lambda: b"\x20\0\0\0ET12".ljust(64, b"\0")),
    Sample("torch7", "a.t7", lambda: b"\4\0\0\0\1\0\0\0\3\0\0\0V 1\x11\0\0\0"),
    Sample("r-data", "a.rds", lambda: b"X\n\0\0\0\2\0\4\0\0"),
    Sample("font", "a.otf", lambda: b"OTTO\0\1"),
    Sample("ds-store", ".DS_Store", lambda: b"\0\0\0\1Bud1" + bytes(20)),
)  # fmt: skip
