"""Tensors of an inert torch pickle as ranges of the file, once it is known where each storage starts.

Shared by torch's two formats: the zip archive, and the stream before it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.formats.pickle_trace import state_dict_tensors
from safeload.formats.tensors import ITEM_BITS, TensorEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.formats.pickle_trace import TensorSpec, Trace


def place_tensors(
    trace: Trace, starts: Mapping[str, int]
) -> tuple[Mapping[str, TensorEntry], tuple[str, ...]]:
    """The tensors under the top-level names of a checkpoint, and the names that hold something else.

    Args:
        trace: of an inert stream. The machine has checked each extent against its storage.
        starts: storage key to the first byte of its data in the file, for every storage of the trace.
    """
    tensors = {
        name: _entry(spec, starts[spec.storage.key]) for name, spec in state_dict_tensors(trace).items()
    }
    value = trace.value if isinstance(trace.value, dict) else {}
    extra = tuple(key for key in value if type(key) is str and key not in tensors)
    return MappingProxyType(tensors), extra


def _entry(spec: TensorSpec, start: int) -> TensorEntry:
    offset = start + spec.offset * (ITEM_BITS[spec.dtype] // 8)
    stride = None if _contiguous(spec.shape, spec.stride) else spec.stride
    return TensorEntry(spec.dtype, spec.shape, offset, stride)


def _contiguous(shape: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether elements lie one behind the other; dimensions of size 1 have no say, nor have empty ones."""
    if len(shape) == 1:
        return stride[0] == 1 or shape[0] <= 1
    if 0 in shape:
        return True
    expected = 1
    for size, step in zip(reversed(shape), reversed(stride), strict=True):
        if size != 1 and step != expected:
            return False
        expected *= size
    return True
