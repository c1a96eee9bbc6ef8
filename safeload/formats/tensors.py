"""What every weight format comes down to: named, typed, strided ranges of one artifact's bytes.

The dtype names are those of torch (`float32`, `bfloat16`); the table maps the names that the formats
write to them. Element order is little-endian throughout.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEM_BITS: Mapping[str, int] = MappingProxyType(
    {
        "bool": 8, "uint8": 8, "int8": 8, "uint16": 16, "int16": 16, "uint32": 32, "int32": 32,
        "uint64": 64, "int64": 64, "float16": 16, "bfloat16": 16, "float32": 32, "float64": 64,
        "complex32": 32, "complex64": 64, "complex128": 128, "float8_e4m3fn": 8, "float8_e5m2": 8,
        "float8_e4m3fnuz": 8, "float8_e5m2fnuz": 8, "float8_e8m0fnu": 8, "float4_e2m1fn_x2": 8,
    }
)  # fmt: skip
"""Bits of one element, by torch dtype name."""


@record(kw_only=False)
class TensorEntry:
    """One tensor inside an artifact."""

    dtype: str
    """A key of ITEM_BITS."""
    shape: tuple[int, ...]
    offset: int
    """Byte position of element 0 from the start of the artifact."""
    stride: tuple[int, ...] | None = None
    """Elements between neighbours per dimension; None = contiguous, last dimension fastest."""


class TensorFile(Protocol):
    """A record that holds tensors: the safetensors header, a torch archive."""

    @property
    def tensors(self) -> Mapping[str, TensorEntry]:
        """Name to tensor, in file order. Bounds were checked by the parser."""
        ...
