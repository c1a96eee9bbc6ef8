"""HDF5 files: those that Keras writes, written by h5py, and byte edits of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from safeload.formats.hdf5_checksum import lookup3

if TYPE_CHECKING:
    from collections.abc import Callable

LAYERS = ("attention/self/query", "attention/output/dense", "intermediate/dense")
CODES = ("i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8")
"""Types of numbers that are read."""


def written(fill: Callable[[h5py.File], Any], **options: Any) -> bytes:
    """The bytes of a file that `fill` filled."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


def keras_weights(layers: int = 2, **options: Any) -> bytes:
    """A file as `save_weights` lays it out: layer_names at the root, weight_names at each layer."""

    def fill(file: h5py.File) -> None:
        file.attrs["layer_names"] = [b"bert", b"dropout_37", b"classifier"]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = "2.4.0"
        rng = np.random.default_rng(7)
        bert = file.create_group("bert")
        names = ["tf_model/bert/embeddings/word_embeddings/weight:0"]
        bert[names[0]] = rng.random((5, 4), np.float32)
        for layer in range(layers):
            for part in LAYERS:
                stem = f"tf_model/bert/encoder/layer_._{layer}/{part}"
                bert[f"{stem}/kernel:0"] = rng.random((4, 3), np.float32)
                bert[f"{stem}/bias:0"] = rng.random(3, np.float32)
                names += [f"{stem}/kernel:0", f"{stem}/bias:0"]
        bert.attrs["weight_names"] = [name.encode() for name in names]
        file.create_group("dropout_37").attrs["weight_names"] = np.array([], "S1")
        classifier = file.create_group("classifier")
        classifier["tf_model/classifier/kernel:0"] = rng.random((4, 2), np.float32)
        classifier.attrs["weight_names"] = [b"tf_model/classifier/kernel:0"]

    return written(fill, **options)


def everything(codes: tuple[str, ...] = CODES, **options: Any) -> bytes:
    """Each type of number and attribute that is read, scalars, empty and compact datasets."""

    def fill(file: h5py.File) -> None:
        for code in codes:
            group = file.create_group(f"types/{code[-2]}/{code[-1]}")
            group["array"] = np.arange(6).reshape(1, 2, 3).astype(code)
            group.attrs["scalar"] = np.array(3, code)
            group.attrs["array"] = np.array([1, 2, 3], code)
        file["scalar"] = np.float32(2.5)
        file["empty"] = np.zeros((0, 4), np.float32)
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((2, 2))
        made = h5py.h5d.create(file.id, b"compact", h5py.h5t.IEEE_F32LE, space, compact)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(4, dtype=np.float32).reshape(2, 2))
        file.attrs["text"] = "Ünïcode"
        file.attrs["empty text"] = ""
        file.attrs["texts"] = ["a", "", "ccc"]
        file.attrs["fixed"] = np.array([b"ab", b"c"])
        file.attrs["fixed scalar"] = np.bytes_(b"abc")
        file.attrs["none"] = np.array([], np.int32)
        file.attrs["float"] = 1.5

    return written(fill, **options)


def patched(data: bytes, at: int, value: bytes) -> bytes:
    """Other bytes at one place."""
    assert data[at : at + len(value)] != value
    return data[:at] + value + data[at + len(value) :]


def summed(data: bytes, start: int, stop: int) -> bytes:
    """The checksum behind `data[start:stop]` made right again."""
    return data[:stop] + lookup3(data[start:stop]).to_bytes(4, "little") + data[stop + 4 :]


def mended(data: bytes) -> bytes:
    """The stated end of the file, and the checksums of superblock and first header chunks, made right."""
    size = len(data).to_bytes(8, "little")
    if data[8:9] == b"\0" and len(data) > 96:
        return data[:40] + size + data[48:]
    if len(data) < 48 or data[8:9] not in {b"\x02", b"\x03"}:
        return data
    data = summed(data[:28] + size + data[36:], 0, 44)
    start = data.find(b"OHDR")
    while start >= 0:
        flags = data[start + 5] if start + 5 < len(data) else 0
        before = start + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        after = before + (1 << (flags & 3))
        stop = after + int.from_bytes(data[before:after], "little")
        if stop + 4 <= len(data):
            data = summed(data, start, stop)
        start = data.find(b"OHDR", start + 4)
    return data


def by_h5py(data: bytes) -> tuple[dict[str, tuple[str, tuple[int, ...], bytes]], dict[str, dict[str, Any]]]:
    """What the reference library reads: dtype, shape and bytes of datasets, and attributes, by path."""
    tensors: dict[str, tuple[str, tuple[int, ...], bytes]] = {}
    attributes: dict[str, dict[str, Any]] = {}
    with h5py.File(io.BytesIO(data), "r") as file:

        def visit(path: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                tensors[path] = (item.dtype.name, item.shape, item[()].tobytes())
            own = {name: _plain(item.attrs[name]) for name in item.attrs}
            if own:
                attributes[path] = own

        visit("", file)
        file.visititems(visit)
    return tensors, attributes


def _plain(value: Any) -> Any:
    """An attribute as our record has it."""
    if isinstance(value, np.ndarray):
        return tuple(_plain(item) for item in value.ravel().tolist())
    if isinstance(value, np.generic):
        value = value.item()
    return value.decode() if isinstance(value, bytes) else value
