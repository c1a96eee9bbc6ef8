"""Judged bytes as tensors."""

from __future__ import annotations

import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.formats.tensors import TensorEntry
from safeload.resolver.memory import ElementsRepeated, Memory, OutsideMemory

SIX = struct.pack("<6f", 0, 1, 2, 3, 4, 5)


def _memory(data: bytes, *entries: TensorEntry) -> tuple[Memory, bytearray]:
    buffer = bytearray(data)
    return Memory(memoryview(buffer), entries), buffer


def test_a_tensor_is_a_view() -> None:
    """Nothing is copied: writing to the tensor writes to the lent memory."""
    entry = TensorEntry("float32", (2, 3), 8)
    memory, buffer = _memory(b"\0" * 8 + SIX, entry)
    tensor = memory.tensor(entry)
    assert tensor.tolist() == [[0, 1, 2], [3, 4, 5]]
    tensor[0, 0] = 7.0
    assert struct.unpack_from("<f", buffer, 8) == (7.0,)


def test_strides() -> None:
    """A transposed tensor is a strided view; an expanded one is copied, so that it can be trained."""
    transposed = TensorEntry("float32", (3, 2), 0, (1, 3))
    expanded = TensorEntry("float32", (3, 2), 0, (0, 1))
    memory, _ = _memory(SIX, transposed, expanded)
    assert memory.tensor(transposed).tolist() == [[0, 3], [1, 4], [2, 5]]
    grown = memory.tensor(expanded)
    assert grown.tolist() == [[0, 1]] * 3
    assert grown.is_contiguous()


@pytest.mark.parametrize("stride", [(0, 1), (1, 1), (0, 0)])
def test_a_few_bytes_do_not_become_a_large_tensor(stride) -> None:
    """Strides that repeat elements beyond the size of the file are refused before anything is allocated."""
    entry = TensorEntry("float32", (1 << 40, 2) if stride[0] == 0 else (5, 2), 0, stride)
    memory = Memory(memoryview(bytearray(SIX)), [entry])
    with pytest.raises(ElementsRepeated):
        memory.tensor(entry)


def test_shared_bytes_stay_shared() -> None:
    """Tensors over the same bytes share one storage; neighbours do not."""
    whole = TensorEntry("float32", (6,), 0)
    part = TensorEntry("float32", (2,), 8)
    memory, _ = _memory(SIX, whole, part)
    first, second = memory.tensor(whole), memory.tensor(part)
    assert second.tolist() == [2, 3]
    assert first.untyped_storage().data_ptr() == second.untyped_storage().data_ptr()
    left, right = TensorEntry("float32", (3,), 0), TensorEntry("float32", (3,), 12)
    memory, _ = _memory(SIX, left, right)
    assert memory.tensor(left).untyped_storage().nbytes() == 12
    assert memory.tensor(right).tolist() == [3, 4, 5]


def test_odd_places() -> None:
    """A tensor at an odd byte is copied to an aligned place; scalars and empty tensors work."""
    odd = TensorEntry("float32", (6,), 3)
    memory, _ = _memory(b"\0\0\0" + SIX, odd)
    tensor = memory.tensor(odd)
    assert tensor.tolist() == [0, 1, 2, 3, 4, 5]
    assert tensor.data_ptr() % 4 == 0
    scalar, empty = TensorEntry("float32", (), 4), TensorEntry("float32", (0, 3), 24)
    memory, _ = _memory(SIX, scalar, empty)
    assert memory.tensor(scalar).item() == 1
    assert memory.tensor(empty).shape == (0, 3)


@pytest.mark.parametrize(
    "entry",
    [
        TensorEntry("float32", (7,), 0),
        TensorEntry("float32", (1,), 21),
        TensorEntry("float32", (2, 2), 0, (5, 1)),
        TensorEntry("float32", (1,), -4),
    ],
)
def test_a_tensor_outside_the_bytes(entry: TensorEntry) -> None:
    """A record that reaches past the memory is refused here too, whatever the parser said."""
    with pytest.raises(OutsideMemory):
        _memory(SIX, entry)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)), min_size=1, max_size=6))
def test_any_layout_reads_the_right_bytes(spans: list[tuple[int, int]]) -> None:
    """Overlapping, odd and nested tensors all read exactly their own bytes."""
    data = bytes(range(1, 97))
    entries = [TensorEntry("bfloat16", (count,), offset) for offset, count in spans]
    memory, _ = _memory(data, *entries)
    for entry in entries:
        raw = memory.tensor(entry).contiguous().view(torch.uint8).tolist()
        assert bytes(raw) == data[entry.offset : entry.offset + 2 * entry.shape[0]]
