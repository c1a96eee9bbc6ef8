"""Honest files of any size: what bombs are measured against."""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import zipfile

from benchmarks.bomb_pieces import archive, counted, fill, gguf, npy


def plain_pickle(size: int) -> bytes:
    """Nested lists and dicts of numbers and texts, as a Trainer's log has them."""
    row = (
        b"}q\x01(X\x04\x00\x00\x00lossq\x02G?\xe0\x00\x00\x00\x00\x00\x00X\x04\x00\x00\x00stepq\x03M\x10\x27"
        b"X\x05\x00\x00\x00epochq\x04K\x02u"
    )
    return fill(row + b"a", max(size, 100), head=b"\x80\x02]q\x00", tail=b".")


def plain_json(size: int) -> bytes:
    """Rows of numbers and texts."""
    rows = [
        {"epoch": n / 10, "loss": 1 / (n + 1), "step": n, "note": "plain text"} for n in range(size // 70)
    ]
    return json.dumps({"log_history": rows}).encode()[:size].rpartition(b", {")[0] + b"]}"


def tokenizer(size: int) -> bytes:
    """A vocabulary of whole words."""
    vocabulary = {f"word{n}": n for n in range(size // 18)}
    return json.dumps({"version": "1.0", "model": {"type": "WordLevel", "vocab": vocabulary}}).encode()


def plain_safetensors(size: int) -> bytes:
    """A header that takes up nearly all of the file."""
    count = size // 75
    entries = {
        f"model.layers.{n}.weight": {"dtype": "U8", "shape": [1], "data_offsets": [n, n + 1]}
        for n in range(count)
    }
    head = json.dumps(entries, separators=(",", ":")).encode()
    return struct.pack("<Q", len(head)) + head + bytes(count)


def plain_npy(size: int) -> bytes:
    """An array of float32."""
    return npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({size // 4},), }}", bytes(size // 4 * 4))


def plain_gguf(size: int) -> bytes:
    """A vocabulary."""
    words = [counted(f"token{n}".encode()) for n in range(size // 20)]
    array = struct.pack("<IQ", 8, len(words)) + b"".join(words)
    return gguf([counted(b"tokenizer.ggml.tokens") + struct.pack("<I", 9) + array])


def plain_msgpack(size: int) -> bytes:
    """Many small arrays, as Flax writes them."""
    array = b"\x93\x91\x04\xa7float32\xc4\x10" + bytes(16)
    leaf = bytes([0xC7, len(array), 1]) + array
    count = size // 50
    pairs = (b"\xab" + f"kernel{n:05d}".encode()[:11] + leaf for n in range(count))
    return b"\x81\xa6params\xdf" + struct.pack(">I", count) + b"".join(pairs)


def plain_hdf5(size: int) -> bytes:
    """Small datasets, as Keras writes them."""
    import h5py
    import numpy as np

    file = io.BytesIO()
    with h5py.File(file, "w") as root:
        for number in range(size // 1_100):
            root[f"layer_{number}/kernel"] = np.zeros(4, np.float32)
    return file.getvalue()


def plain_zip(size: int) -> bytes:
    """A few thousand stored texts."""
    return archive(
        [(f"folder/file{n}.txt", b"plain text " * 8) for n in range(size // 250)], zipfile.ZIP_STORED
    )


def plain_gzip(size: int) -> bytes:
    """A text that compresses to about a tenth."""
    rng = random.Random(0)
    text = b"".join(bytes(rng.choices(b"abcdefgh ", k=50)) * 4 + b"\n" for _ in range(size // 50))
    return gzip.compress(text, 1)[:size] if size < 1_000 else gzip.compress(text[: size * 5], 1)


def plain_text(size: int) -> bytes:
    """Prose."""
    return (b"The quick brown fox jumps over the lazy dog.\n" * (size // 45 + 1))[:size]


def plain_legacy(size: int) -> bytes:
    """Many tensors in the stream format of torch before 1.6."""
    import torch

    file = io.BytesIO()
    state = {f"layer.{n}.weight": torch.zeros(2) for n in range(size // 220)}
    torch.save(state, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def plain_torch(size: int) -> bytes:
    """Many tensors in a zip archive."""
    import torch

    file = io.BytesIO()
    torch.save({f"layer.{n}.weight": torch.zeros(2) for n in range(size // 420)}, file)
    return file.getvalue()
