"""Contracts for sparse tensors of torch: `_rebuild_sparse_tensor(layout, data)`.

torch checks their invariants where it is asked to
(https://docs.pytorch.org/docs/stable/sparse.html), so they are checked here: the indices are read from the
file's own bytes, and each has to lie inside the shape. Where the bytes are not at hand (a pickle alone, or
a file in which they cannot be found) a sparse tensor is refused.

What comes out is a record: nothing loads it.
"""

from __future__ import annotations

from math import prod
from operator import le
from typing import TYPE_CHECKING, Literal

from safeload.formats.pickle_contracts import Contract, Refused, is_int
from safeload.formats.pickle_trace import InertRecord, LayoutValue, SizeValue, TensorSpec
from safeload.formats.tensors import ITEM_BITS

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Arguments, Key, Scene

_READS = 4
"""How often each element of a storage of indices may be looked at: rows and columns may share one."""
_INDEX: dict[str, Literal["q", "i"]] = {"int64": "q", "int32": "i"}


def _run(indices: TensorSpec, start: int, count: int, step: int, scene: Scene) -> memoryview:
    """`count` indices from element `start` of the tensor's storage on. The extent was checked."""
    storage = indices.storage
    known = scene.data.get(storage.key)
    if known is None:
        raw = scene.read(storage) if scene.read is not None else None
        if raw is None:
            raise Refused("the indices of a sparse tensor are not at hand where its pickle is read")
        known = (memoryview(raw).cast(_INDEX[storage.dtype]), _READS * storage.numel)
    words, left = known
    left -= count
    if left < 0:
        raise Refused("indices are read again and again")
    scene.data[storage.key] = (words, left)
    return words[start : start + (count - 1) * step + 1 : step] if count else words[:0]


def _line(indices: object, dtype: str | None = None) -> TensorSpec:
    """A tensor of indices in one dimension."""
    if (
        type(indices) is not TensorSpec
        or indices.dtype not in _INDEX
        or indices.storage.dtype != indices.dtype
        or len(indices.shape) != 1
        or (indices.shape[0] > 1 and indices.stride[0] != 1)  # kernels read them without their stride
        or indices.dtype != (dtype or indices.dtype)
    ):
        raise Refused("the indices are no integer tensor of one dimension")
    return indices


def _read_line(indices: TensorSpec, scene: Scene) -> memoryview:
    return _run(indices, indices.offset, indices.shape[0], 1, scene)


def _check_inside(words: memoryview, size: int) -> None:
    if len(words) and not (min(words) >= 0 and max(words) < size):
        raise Refused(f"an index of a sparse tensor lies outside its dimension of {size}")


def _shape(value: object, scene: Scene) -> tuple[int, ...]:
    if not isinstance(value, tuple) or type(value) not in (tuple, SizeValue):
        raise Refused("the size of a sparse tensor is no tuple")
    if len(value) > scene.tensor_rank or not all(map(is_int, value)):
        raise Refused("the size of a sparse tensor is no tuple of counts")
    return tuple(value)


def _check_whole(values: TensorSpec) -> None:
    """Raise unless the storage holds as many elements as the values have, however they are strided."""
    bits = values.storage.numel * ITEM_BITS[values.storage.dtype]
    if (values.offset + prod(values.shape)) * ITEM_BITS[values.dtype] > bits:
        raise Refused("the values repeat elements, and kernels read them without their strides")


def _coordinates(parts: tuple[object, ...], scene: Scene) -> None:
    """COO: one column of indices per value, over the first dimensions of the shape."""
    if len(parts) not in (3, 4) or (len(parts) == 4 and type(parts[3]) is not bool and parts[3] is not None):
        raise Refused("takes indices, values, a size and a flag")
    indices, values, shape = parts[0], parts[1], _shape(parts[2], scene)
    if (
        type(indices) is not TensorSpec
        or (indices.dtype, indices.storage.dtype) != ("int64", "int64")
        or len(indices.shape) != 2
    ):
        raise Refused("the indices are no int64 tensor of two dimensions")
    dims, count = indices.shape
    if type(values) is not TensorSpec or values.shape != (count, *shape[dims:]) or dims > len(shape):
        raise Refused("the values do not fit the indices and the size")
    _check_whole(values)
    row, step = indices.stride
    if count > 1 and step < 1:
        raise Refused("the indices repeat one element")
    if dims and ((count > 1 and step != 1) or (dims > 1 and row != count)):
        # kernels take a pointer and no stride: what they read then has to be inside as well
        if indices.offset + dims * count > indices.storage.numel:
            raise Refused("the indices repeat elements, and kernels read them without their strides")
        _check_inside(_run(indices, indices.offset, dims * count, 1, scene), min(shape[:dims]))
    for dim in range(dims):
        _check_inside(_run(indices, indices.offset + dim * row, count, max(step, 1), scene), shape[dim])


def _compressed(layout: str, parts: tuple[object, ...], scene: Scene) -> None:
    """CSR, CSC, BSR, BSC: where each row begins, the columns in it, and the values."""
    if len(parts) != 4:
        raise Refused("takes two tensors of indices, values and a size")
    starts, plain, values, shape = _line(parts[0]), _line(parts[1]), parts[2], _shape(parts[3], scene)
    if starts.dtype != plain.dtype or type(values) is not TensorSpec or len(shape) != 2:
        raise Refused("the parts of a compressed sparse tensor do not fit (batches are not read)")
    block = (1, 1)
    if layout in ("torch.sparse_bsr", "torch.sparse_bsc"):
        block = values.shape[1:3] if len(values.shape) == 3 else (0, 0)
    elif len(values.shape) != 1:
        raise Refused("the values of a compressed sparse tensor have other dimensions than one")
    _check_whole(values)
    count = plain.shape[0]
    if 0 in block or values.shape[0] != count or shape[0] % block[0] or shape[1] % block[1]:
        raise Refused("the values do not fit the indices and the size")
    rows, columns = shape[0] // block[0], shape[1] // block[1]
    if layout in ("torch.sparse_csc", "torch.sparse_bsc"):
        rows, columns = columns, rows
    if starts.shape[0] != rows + 1:
        raise Refused("there is not one start per row, and one more")
    begins = _read_line(starts, scene)
    if begins[0] != 0 or begins[-1] != count or not all(map(le, begins, begins[1:])):
        raise Refused("the starts of rows do not rise from 0 to the number of values")
    _check_inside(_read_line(plain, scene), columns)


def _rebuild_sparse_tensor(args: Arguments, scene: Scene) -> object:
    layout, parts = args if len(args) == 2 else (None, None)
    if not isinstance(parts, tuple) or type(parts) is not tuple:
        raise Refused("takes a layout and a tuple")
    if type(layout) is not LayoutValue or layout.name == "torch.strided":
        raise Refused("the first argument is no sparse layout")
    if layout.name == "torch.sparse_coo":
        _coordinates(parts, scene)
    else:
        _compressed(layout.name, parts, scene)
    return InertRecord(f"torch.Tensor of {layout.name}", args)


CONTRACTS: dict[Key, Contract] = {
    ("torch._utils", "_rebuild_sparse_tensor"): Contract(call=_rebuild_sparse_tensor, tensor_builder=True),
}
