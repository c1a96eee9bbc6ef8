"""Writes checkpoints as Flax does, with the msgpack package: no Flax is needed for the layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgpack
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

PIECE = "__msgpack_chunked_array__"


def triple(array: object) -> bytes:
    """What stands inside an extension: shape, dtype name and bytes in C order."""
    assert isinstance(array, (np.ndarray, np.generic))
    return msgpack.packb((array.shape, array.dtype.name, array.tobytes("C")), use_bin_type=True)


def _extension(value: object) -> msgpack.ExtType:
    if isinstance(value, np.ndarray):
        return msgpack.ExtType(1, triple(value))
    if isinstance(value, np.generic):
        return msgpack.ExtType(3, triple(value))
    if isinstance(value, complex):
        return msgpack.ExtType(2, msgpack.packb((value.real, value.imag)))
    raise TypeError(type(value))


def pack(tree: object, default: Callable[[object], msgpack.ExtType] = _extension) -> bytes:
    """The bytes of a tree."""
    return msgpack.packb(tree, default=default, strict_types=True, use_bin_type=True)


def chunked(array: np.ndarray, size: int) -> dict[str, object]:
    """An array in pieces of `size` elements."""
    flat = array.reshape(-1)
    pieces = [flat[at : at + size] for at in range(0, len(flat), size)]
    return {
        PIECE: True,
        "shape": {str(at): size for at, size in enumerate(array.shape)},
        "chunks": {str(at): piece for at, piece in enumerate(pieces)},
    }


def bfloat16(shape: tuple[int, ...], data: bytes) -> msgpack.ExtType:
    """An array of a dtype that numpy lacks."""
    return msgpack.ExtType(1, msgpack.packb((shape, "bfloat16", data), use_bin_type=True))


def params(layers: int = 2) -> dict[str, object]:
    """A small encoder as transformers saved one: parameters alone, layers under their numbers."""
    rng = np.random.default_rng(1)

    def dense() -> dict[str, object]:
        return {"kernel": rng.random((4, 3), np.float32), "bias": np.zeros(3, np.float32)}

    norm = {"scale": np.ones(4, np.float32), "bias": np.zeros(4, np.float32)}
    layer = {str(at): {"attention": {"query": dense()}, "LayerNorm": dict(norm)} for at in range(layers)}
    words = {"embedding": rng.random((7, 4), np.float32)}
    return {"bert": {"embeddings": {"word_embeddings": words}, "encoder": {"layer": layer}}, "head": dense()}
