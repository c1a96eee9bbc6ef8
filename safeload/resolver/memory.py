"""Judged bytes as torch tensors, without a copy.

The memory is the snapshot's own, private to this load: writing to a tensor (an optimiser step)
changes neither the file nor another load. Tensors that share bytes in the checkpoint share them here.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import torch

from safeload.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from safeload.formats.tensors import TensorEntry

FLOATS = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
}
"""The types that a parameter may have."""


class OutsideMemory(FormatError):
    """A tensor that reaches past the bytes that were judged."""


class ElementsRepeated(FormatError):
    """A tensor that would take more memory than its file: strides that repeat elements."""


class _Extent:
    """Elements of one type that lie together: from the first byte of the first tensor to the last."""

    __slots__ = ("base", "dtype", "end", "start")

    def __init__(self, dtype: str, start: int, end: int) -> None:
        self.dtype = dtype
        self.start = start
        self.end = end
        self.base: Tensor | None = None


class Memory:
    """The bytes of one file, and the tensors in them that a load wants."""

    def __init__(self, buffer: memoryview, entries: Iterable[TensorEntry]) -> None:
        if sys.byteorder != "little":
            raise UsageError("checkpoints are little-endian, and this machine is not")
        self._buffer = buffer
        self._extents: dict[tuple[str, int], _Extent] = {}
        spans = sorted({(entry.dtype, entry.offset, _end(entry)) for entry in entries})
        current: _Extent | None = None
        for dtype, start, end in spans:
            if end > len(buffer) or start < 0:
                raise OutsideMemory(f"a tensor ends at byte {end} of {len(buffer)}", offset=start)
            together = (
                current is not None
                and current.dtype == dtype
                and start < current.end
                and not (start - current.start) % FLOATS[dtype].itemsize
            )
            if current is None or not together:
                current = _Extent(dtype, start, end)
            current.end = max(current.end, end)
            self._extents[dtype, start] = current

    def tensor(self, entry: TensorEntry) -> Tensor:
        """One tensor, as a view of the memory where its position allows that."""
        dtype = FLOATS[entry.dtype]
        if 0 in entry.shape:
            return torch.empty(entry.shape, dtype=dtype)
        extent = self._extents[entry.dtype, entry.offset]
        if extent.base is None:
            extent.base = self._base(extent, dtype)
        skipped = (entry.offset - extent.start) // dtype.itemsize
        if entry.stride is not None:
            if _count(entry.shape) * dtype.itemsize > len(self._buffer):
                # Spread out, a few bytes would ask for any amount of memory.
                raise ElementsRepeated(
                    f"a tensor of shape {entry.shape} needs more bytes than the whole file has",
                    offset=entry.offset,
                )
            view = extent.base.as_strided(entry.shape, entry.stride, skipped)
            # an element that stands in two places cannot be trained
            return view.clone(memory_format=torch.contiguous_format) if 0 in entry.stride else view
        count = _count(entry.shape)
        if skipped or count != extent.base.numel():
            return extent.base[skipped : skipped + count].view(entry.shape)
        return extent.base.view(entry.shape)

    def _base(self, extent: _Extent, dtype: torch.dtype) -> Tensor:
        count = (extent.end - extent.start) // dtype.itemsize
        base = torch.frombuffer(self._buffer, dtype=dtype, count=count, offset=extent.start)
        # kernels assume aligned elements
        return base.clone() if base.data_ptr() % dtype.itemsize else base


def _end(entry: TensorEntry) -> int:
    """Byte behind the last element."""
    if 0 in entry.shape:
        return entry.offset
    if entry.stride is None:
        last = _count(entry.shape) - 1
    else:
        last = sum((size - 1) * step for size, step in zip(entry.shape, entry.stride, strict=True))
    return entry.offset + (last + 1) * FLOATS[entry.dtype].itemsize


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
