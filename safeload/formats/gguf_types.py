"""The two tables of GGUF: types of metadata values and of tensors.

Transcribes `enum ggml_type` with its block sizes and `enum gguf_metadata_value_type` of
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Types that were withdrawn (4, 5, 31 to 33, 36
to 38) are left out: no reader takes them any more.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BOOL, STRING, ARRAY = 7, 8, 9
FLOATS: Mapping[int, tuple[str, int]] = MappingProxyType({6: ("<f", 4), 12: ("<d", 8)})
INTEGERS: Mapping[int, tuple[int, bool]] = MappingProxyType(
    {0: (1, False), 1: (1, True), 2: (2, False), 3: (2, True), 4: (4, False), 5: (4, True),
     10: (8, False), 11: (8, True)}
)  # fmt: skip
"""Width in bytes, and whether signed."""
UINT32 = 4
VALUE_NAMES: tuple[str, ...] = (
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "bool", "string", "array",
    "uint64", "int64", "float64",
)  # fmt: skip
"""By number."""
WIDTHS: Mapping[int, int] = MappingProxyType(
    {kind: width for kind, (width, _) in INTEGERS.items()}
    | {kind: width for kind, (_, width) in FLOATS.items()}
)
"""Bytes of the numbers, which need no look."""

PLAIN: Mapping[int, str] = MappingProxyType(
    {0: "float32", 1: "float16", 24: "int8", 25: "int16", 26: "int32", 27: "int64", 28: "float64",
     30: "bfloat16"}
)  # fmt: skip
"""Tensor types that are not quantised, with their torch dtypes."""
QUANTISED: Mapping[int, tuple[str, int, int]] = MappingProxyType(
    {
        2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24),
        8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
        12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
        16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98),
        19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82),
        23: ("IQ4_XS", 256, 136), 29: ("IQ1_M", 256, 56), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
        39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
    }
)  # fmt: skip
"""Name, elements of one block, bytes of one block."""
