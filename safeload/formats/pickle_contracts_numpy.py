"""Contracts for numpy arrays, scalars and dtypes of plain numbers and texts (part of the pack `numpy`).

An array is accepted where its dtype is of a fixed size without objects and its bytes are exactly as many
as its shape asks for. A structured dtype is accepted where each field is plain and lies inside the item.
Object and date dtypes have no contract.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.formats.pickle_contracts import Contract, Refused, is_int, listed
from safeload.formats.pickle_trace import ArrayValue, GlobalRef

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Arguments, Key, Scene

_DTYPE = r"[<>|=]?(b1|[iu][1248]|f(2|4|8|16)|c(8|16|32)|[SUV](0|[1-9][0-9]{0,5}))"
_STRUCTURED_FLAGS = frozenset({0, 0x10, 0x80, 0x90})
_FIELDS = 256
_OBJECT = "O"
"""What `joblib_wrapper` calls the dtype of Python objects, which has no bytes of its own."""


def _dtype(args: Arguments, _scene: Scene) -> object:
    name = args[0] if args else None
    if (
        isinstance(name, str)
        and re.fullmatch(_DTYPE, name)
        and len(args) <= 3
        and all(type(flag) in (bool, int) and flag in (0, 1) for flag in args[1:])
    ):
        return ArrayValue("dtype", name)
    raise Refused("takes the name of a dtype of plain numbers or texts, and two flags")


def item_size(dtype: str) -> int:
    """Bytes of one element."""
    kind, digits = dtype.lstrip("<>|=")[0], dtype.lstrip("<>|=")[1:]
    return int(digits) * 4 if kind == "U" else int(digits)


def build_dtype(target: ArrayValue, state: object) -> None:
    """BUILD of a dtype: `(3, order, None, None, None, size, alignment, flags)`.

    Raises:
        Refused: the state makes a structured or object dtype of it.
    """
    if type(state) is not tuple or len(state) != 8 or target.dtype is None:
        raise Refused("the state of a dtype is no tuple of eight")
    version, order, subdtype, names, fields, size, alignment, flags = state
    width = item_size(target.dtype)
    if "V" in target.dtype:
        if (version, order, subdtype, size) != (3, "|", None, width) or not is_int(alignment, 1, 64):
            raise Refused("the state of a structured dtype has another form")
        if type(flags) is not int or flags not in _STRUCTURED_FLAGS:
            raise Refused("the state of a structured dtype has other flags")
        target.dtype = f"|V{width}"
        target.fields = _structured(names, fields, width)
        return
    if (
        version not in (3, 4)
        or type(order) is not str
        or order not in ("<", ">", "|", "=")
        or (subdtype, names, fields) != (None, None, None)
        or type(size) is not int
        # numpy takes the size of texts from the state, and believes a negative one
        or size not in ((width,) if target.dtype.lstrip("<>|=")[0] in "SU" else (-1, width))
        or not is_int(alignment, -1, 16)
        or type(flags) is not int
        or flags not in (0, 8)
    ):
        raise Refused("the state of a dtype is not that of plain numbers or texts")
    target.dtype = order + target.dtype.lstrip("<>|=")


def _structured(names: object, fields: object, width: int) -> tuple[tuple[str, str, int], ...]:
    """Name, dtype and offset of each field, all of them plain and inside the item."""
    if type(names) is not tuple or not isinstance(fields, dict) or not 0 < len(names) <= _FIELDS:
        raise Refused("a structured dtype names no fields")
    if not all(type(name) is str for name in names) or len(names) != len(fields) or set(fields) != set(names):
        raise Refused("the fields of a structured dtype are not those that it names")
    found = []
    for name in names:
        field = fields[name]
        if type(field) is not tuple or len(field) != 2:
            raise Refused("a field of a structured dtype is no pair of dtype and offset")
        dtype, offset = field
        if (
            type(dtype) is not ArrayValue
            or dtype.kind != "dtype"
            or dtype.dtype in (None, _OBJECT)
            or "V" in dtype.dtype
        ):
            raise Refused("a field of a structured dtype is none of plain numbers or texts")
        if not is_int(offset, 0, width - item_size(dtype.dtype)):
            raise Refused("a field of a structured dtype lies outside the item")
        found.append((name, dtype.dtype, offset))
    return tuple(found)


def _check_data(shape: object, dtype: object, data: object, rank: int) -> tuple[int, ...]:
    if type(dtype) is not ArrayValue or dtype.kind != "dtype" or dtype.dtype is None:
        raise Refused("the dtype is none of plain numbers or texts")
    if dtype.dtype == _OBJECT:
        raise Refused("the dtype is none of plain numbers or texts")
    if "V" in dtype.dtype and dtype.fields is None:
        raise Refused("the dtype is void: bytes without a meaning")
    if not isinstance(shape, tuple) or len(shape) > rank or not all(map(is_int, shape)):
        raise Refused("the shape is no tuple of counts")
    if not isinstance(data, (bytes, bytearray)):
        raise Refused("the data is not bytes")
    need = item_size(dtype.dtype)
    for size in shape:
        need *= size
    if need != len(data):
        raise Refused(f"the data holds {len(data)} bytes where dtype and shape ask for {need}")
    return shape


def build_array(target: ArrayValue, state: object, scene: Scene) -> None:
    """BUILD of an array: `(1, shape, dtype, fortran order, bytes)`.

    Raises:
        Refused: the bytes do not fit dtype and shape, or are no bytes.
    """
    if type(state) is not tuple or len(state) != 5 or target.shape is not None:
        raise Refused("the state of an array is no tuple of five")
    version, shape, dtype, fortran, data = state
    if version != 1 or type(fortran) is not bool:
        raise Refused("the state of an array has another version")
    target.shape = _check_data(shape, dtype, data, min(scene.tensor_rank, 32))
    target.dtype, target.fields = dtype.dtype, dtype.fields
    scene.charge(len(data))
    target.data = bytes(data)


def _reconstruct(args: Arguments, _scene: Scene) -> object:
    """`_reconstruct(numpy.ndarray, (0,), b"b")`: an empty array that BUILD fills."""
    if len(args) == 3:
        kind, shape, letter = args
        array = type(kind) is GlobalRef and (kind.module, kind.name) == ("numpy", "ndarray")
        if array and listed(kind) is not None and shape == (0,) and letter == b"b":
            return ArrayValue("array")
    raise Refused("takes numpy.ndarray, (0,) and b'b'")


def _scalar(args: Arguments, scene: Scene) -> object:
    if len(args) != 2:
        raise Refused("takes a dtype and bytes")
    _check_data((), args[0], args[1], 0)
    value = ArrayValue("scalar", args[0].dtype if isinstance(args[0], ArrayValue) else None)
    if isinstance(args[1], (bytes, bytearray)):
        scene.charge(len(args[1]))
        value.data = bytes(args[1])
    return value


def _from_buffer(args: Arguments, scene: Scene) -> object:
    """`_frombuffer(bytes, dtype, shape, order)`: how protocol 5 writes an array."""
    if len(args) != 4 or args[3] not in ("C", "F"):
        raise Refused("takes bytes, dtype, shape and order")
    data, dtype, shape, _order = args
    value = ArrayValue("array")
    value.shape = _check_data(shape, dtype, data, min(scene.tensor_rank, 32))
    if isinstance(dtype, ArrayValue) and isinstance(data, (bytes, bytearray)):
        scene.charge(len(data))
        value.dtype, value.fields, value.data = dtype.dtype, dtype.fields, bytes(data)
    return value


def _fixed(dtype: str) -> Contract:
    def call(args: Arguments, _scene: Scene) -> object:
        if args:
            raise Refused("takes no arguments")
        return ArrayValue("dtype", dtype)

    return Contract(call=call)


_FIXED = {
    "BoolDType": "b1", "Int8DType": "i1", "Int16DType": "i2", "Int32DType": "i4", "Int64DType": "i8",
    "UInt8DType": "u1", "UInt16DType": "u2", "UInt32DType": "u4", "UInt64DType": "u8",
    "Float16DType": "f2", "Float32DType": "f4", "Float64DType": "f8",
    "Complex64DType": "c8", "Complex128DType": "c16",
}  # fmt: skip

CONTRACTS: dict[Key, Contract] = {
    ("numpy", "ndarray"): Contract(),
    ("numpy", "dtype"): Contract(call=_dtype),
}
CONTRACTS.update({("numpy.dtypes", name): _fixed(dtype) for name, dtype in _FIXED.items()})
for _core in ("numpy.core", "numpy._core"):
    CONTRACTS[_core + ".multiarray", "_reconstruct"] = Contract(call=_reconstruct)
    CONTRACTS[_core + ".multiarray", "scalar"] = Contract(call=_scalar)
    CONTRACTS[_core + ".numeric", "_frombuffer"] = Contract(call=_from_buffer)
