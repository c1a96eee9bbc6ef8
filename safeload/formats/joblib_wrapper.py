"""The record that `joblib.dump` writes in the place of a numpy array: `NumpyArrayWrapper`.

A contract for the class, and what its fields may be. Which bytes follow in the file is for
`joblib_stream`, which reads the file as joblib does; to any other unpickler the record is the value.

Transcribed from https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle.py (0.10 and later).
The records of older versions (`NDArrayWrapper`, `ZNDArrayWrapper`) name further files, which their reader
loads with pickles allowed. They have no contract.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from safeload.formats.pickle_contracts import INT64_MAX, Contract, Refused, is_int, listed
from safeload.formats.pickle_contracts_numpy import CONTRACTS as NUMPY
from safeload.formats.pickle_packs import contracts_for
from safeload.formats.pickle_trace import ArrayValue, GlobalRef, ObjectArray

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.formats.pickle_contracts import Arguments, Key, Scene

MODULES: Final = ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
"""Where the class lives, and where it lived in the copy that scikit-learn carried before 0.21."""
OBJECT: Final = "O"
_REQUIRED: Final = frozenset({"subclass", "shape", "order", "dtype", "allow_mmap"})
_OPTIONAL: Final = frozenset({"numpy_array_alignment_bytes"})
"""Since 1.2."""
_SUBCLASSES: Final = frozenset(
    {("numpy", "ndarray"), ("numpy", "memmap"), ("numpy", "matrix"), ("numpy.matrixlib.defmatrix", "matrix")}
)
"""The types that joblib writes in this way. Others it leaves to pickle."""
_RANK: Final = 64
"""Numpy's own bound."""
_ALIGNMENT: Final = 255
"""The padding's length is one byte. joblib writes 16."""
_SIZED: Final = re.compile(r"[<>|=]?([A-Za-z])([0-9]{1,9})(?:\[[0-9A-Za-z]{1,12}\])?")
_OBJECT_NAMES: Final = frozenset({"O", "O4", "O8", "|O", "|O4", "|O8"})
_OBJECT_FLAGS: Final = 63
_FEWEST_STATE: Final = 8


class ArrayWrapper:
    """A record that stands for an array: its fields once BUILD has brought them."""

    __slots__ = ("alignment", "dtype", "fields", "order", "placed", "shape", "size")

    def __init__(self) -> None:
        self.size: int | None = None
        """Bytes of the array; None before BUILD, and where its fields were refused."""
        self.dtype = ""
        """As numpy writes it, or `O` for Python objects, whose pickle stands in the place of bytes."""
        self.fields: tuple[tuple[str, str, int], ...] | None = None
        """Of a structured dtype."""
        self.shape: tuple[int, ...] = ()
        self.order = "C"
        self.alignment: int | None = None
        """What the bytes are aligned to, behind a byte that holds the padding's length; None: neither."""
        self.placed = False
        """Whether a reader has taken the array behind it: joblib would read again at a second BUILD."""


def _new(args: Arguments, _scene: Scene) -> object:
    if args:
        raise Refused("takes no arguments")
    return ArrayWrapper()


def build_wrapper(target: ArrayWrapper, state: object) -> None:
    """BUILD of a record: exactly the fields that joblib writes, each of its type.

    No other field is possible: one called `read` would take the place of the method of that name.

    Raises:
        Refused: anything else, or a second BUILD.
    """
    if target.size is not None:
        raise Refused("BUILD comes a second time")
    if not isinstance(state, dict) or type(state) is not dict:
        raise Refused("BUILD brings no dict of fields")
    if not _REQUIRED <= set(state) <= _REQUIRED | _OPTIONAL:
        raise Refused("BUILD brings other fields than those of an array")
    kind, shape, order, dtype = (state[name] for name in ("subclass", "shape", "order", "dtype"))
    alignment = state.get("numpy_array_alignment_bytes")
    if (
        type(kind) is not GlobalRef
        or listed(kind) is None
        or (kind.module, kind.name) not in _SUBCLASSES
        or order not in ("C", "F")
        or type(state["allow_mmap"]) is not bool
    ):
        raise Refused("a field of the array is not what joblib writes")
    if not isinstance(shape, tuple) or len(shape) > _RANK or not all(map(is_int, shape)):
        raise Refused("the shape is no tuple of counts")
    if alignment is not None and not is_int(alignment, 1, _ALIGNMENT):
        raise Refused("the alignment is no small number")
    if type(dtype) is not ArrayValue or dtype.kind != "dtype" or dtype.dtype is None:
        raise Refused("the dtype is none of plain numbers or texts")
    size = 0 if dtype.dtype == OBJECT else item_bytes(dtype.dtype)
    for count in shape:
        size *= count
        if size > INT64_MAX:
            raise Refused("the array has more bytes than there are numbers for")
    target.dtype, target.shape, target.order, target.alignment = dtype.dtype, shape, order, alignment
    target.fields, target.size = dtype.fields, size


def item_bytes(dtype: str) -> int:
    """Bytes of one element.

    Raises:
        Refused: there is no size in the name, or it is zero, which joblib cannot read.
    """
    match = _SIZED.fullmatch(dtype)
    size = int(match[2]) * (4 if match[1] == "U" else 1) if match is not None else 0
    if not size:
        raise Refused("the dtype has elements of no size")
    return size


def _dtype(args: Arguments, scene: Scene) -> object:
    """`numpy.dtype` as anywhere else, and that of Python objects."""
    if args and isinstance(args[0], str) and args[0] in _OBJECT_NAMES:
        if len(args) > 3 or not all(type(flag) in (bool, int) and flag in (0, 1) for flag in args[1:]):
            raise Refused("takes the name of a dtype, and two flags")
        return ArrayValue("dtype", OBJECT)
    call = NUMPY["numpy", "dtype"].call
    if call is None:
        raise Refused("has no contract of its own")
    return call(args, scene)


def build_object_dtype(state: object) -> None:
    """BUILD of the dtype of Python objects, which is always the same.

    Raises:
        Refused: it is another one.
    """
    if (
        not isinstance(state, tuple)
        or len(state) != _FEWEST_STATE
        or state[0] not in (3, 4)
        or state[1] != "|"
        or any(part is not None for part in state[2:5])
        or state[5:] != (-1, -1, _OBJECT_FLAGS)
    ):
        raise Refused("the state of a dtype is not that of Python objects")


def build_object_array(target: ArrayValue, state: tuple[object, ...], scene: Scene) -> None:
    """BUILD of an array of Python objects: `(1, shape, dtype, fortran order, list)`.

    The objects were judged one by one before; that none is left out or too many is checked here.

    Raises:
        Refused: the list does not fit the shape.
    """
    version, shape, _, fortran, items = state
    if version != 1 or type(fortran) is not bool or target.shape is not None:
        raise Refused("the state of an array has another version")
    if not isinstance(shape, tuple) or len(shape) > _RANK or not all(map(is_int, shape)):
        raise Refused("the shape is no tuple of counts")
    need = 1
    for count in shape:
        need *= count
    if not isinstance(items, list) or type(items) is not list or len(items) != need:
        raise Refused("the list of objects does not fit the shape")
    scene.charge(len(items))
    target.shape, target.dtype, target.data = shape, OBJECT, ObjectArray(items)


def is_object_array(state: object) -> bool:
    """True for the state of an array whose dtype is that of Python objects."""
    return (
        isinstance(state, tuple)
        and type(state) is tuple
        and len(state) == 5
        and type(state[2]) is ArrayValue
        and state[2].kind == "dtype"
        and state[2].dtype == OBJECT
    )


_TYPE_ONLY: Final = Contract()
CONTRACTS: Final[dict[Key, Contract]] = {
    **{(module, "NumpyArrayWrapper"): Contract(new=_new) for module in MODULES},
    **{pair: _TYPE_ONLY for pair in _SUBCLASSES if pair != ("numpy", "ndarray")},
}


@lru_cache(maxsize=16)
def contracts_with_joblib(packs: frozenset[str], *, objects: bool) -> Mapping[Key, Contract]:
    """The contracts of these packs, and with `numpy` among them those of joblib's records.

    Args:
        packs: packs that the policy switches on.
        objects: whether arrays of Python objects are listed: joblib writes those as nested pickles.
    """
    if "numpy" not in packs:
        return contracts_for(packs)
    table = {**CONTRACTS, **contracts_for(packs)}
    if objects:
        table["numpy", "dtype"] = Contract(call=_dtype)
    return table
