"""Any bytes, with every pack on and storages that can be read: an inert value keeps to its contracts.

Every tensor lies inside its storage, every array holds as many bytes as its shape asks for, every index of
a sparse tensor lies inside its shape, records hold fields, and no function is left in the value.
"""

from __future__ import annotations

import argparse
import pickle
import struct
from collections import deque
from typing import TYPE_CHECKING

from safeload.formats.packs import PACKS
from safeload.formats.pickle_contracts_numpy import item_size
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_records import is_function
from safeload.formats.pickle_trace import ArrayValue, DictRecord, InertRecord, StreamStatus, TensorSpec, Trace
from tests.forge.pickle_assembler import HOOKS, Operand, assemble, tensor
from tests.fuzz.pickle_machine import FEW, LIMITS

if TYPE_CHECKING:
    from safeload.formats.pickle_trace import StorageRef

ALL = frozenset(PACKS)
BYTES = struct.pack("<16q", *[0, 1, 2, 1, 2, 0, 0, 1, 1, 2, 3, 2, 1, 0, 2, 1])
STARTS = struct.pack("<4q", 0, 1, 2, 3)
NEW = ("EMPTY_TUPLE", "NEWOBJ")


def _storage(kind: str, key: str, numel: int) -> bytes:
    return assemble(
        "MARK", "BINUNICODE", "storage", "GLOBAL", ("torch", kind), "BINUNICODE", key, "BINUNICODE", "cpu",
        "BININT", numel, "TUPLE", "BINPERSID",
    )  # fmt: skip


def _tensor(kind: str, key: str, *shape: int) -> bytes:
    sizes = [part for size in shape for part in ("BININT1", size)]
    numel, steps = 1, []
    for size in reversed(shape):
        steps[:0] = ["BININT1", numel]
        numel *= size
    return assemble(
        "GLOBAL", ("torch._utils", "_rebuild_tensor_v2"), "MARK", _storage(kind, key, numel), "BININT1", 0,
        "MARK",
        *sizes, "TUPLE", "MARK", *steps, "TUPLE", "NEWFALSE", HOOKS, "TUPLE", "REDUCE",
    )  # fmt: skip


def _sparse(layout: str, *parts: Operand) -> bytes:
    return assemble(
        "PROTO", 2, "GLOBAL", ("torch._utils", "_rebuild_sparse_tensor"), "GLOBAL",
        ("torch.serialization", "_get_layout"), "BINUNICODE", layout, "TUPLE1", "REDUCE", "MARK", *parts,
        "BININT1", 3, "BININT1", 3, "TUPLE2", "TUPLE", "TUPLE2", "REDUCE", "STOP",
    )  # fmt: skip


def seeds() -> list[bytes]:
    """One stream of each family of contracts, honest and a step beside."""
    plain = [
        pickle.dumps([argparse.Namespace(a=1), deque([1], 3), range(3)], protocol) for protocol in range(5)
    ]
    record: list[Operand] = ["GLOBAL", ("torch.nn.modules.linear", "Linear"), *NEW]
    enum: list[Operand] = ["GLOBAL", ("transformers.trainer_utils", "SchedulerType")]
    dtype = ("GLOBAL", ("numpy", "dtype"), "BINUNICODE", "V8", "NEWFALSE", "NEWTRUE", "TUPLE3", "REDUCE")
    small = ("GLOBAL", ("numpy", "dtype"), "BINUNICODE", "f4", "NEWFALSE", "NEWTRUE", "TUPLE3", "REDUCE")
    structured = assemble(
        "PROTO", 2, "GLOBAL", ("numpy._core.multiarray", "_reconstruct"), "GLOBAL", ("numpy", "ndarray"),
        "BININT1", 0,
        "TUPLE1", "SHORT_BINBYTES", b"b", "TUPLE3", "REDUCE", "MARK", "BININT1", 1, "BININT1", 1, "TUPLE1",
        *dtype,
        "MARK", "BININT1", 3, "BINUNICODE", "|", "NONE", "BINUNICODE", "a", "TUPLE1", "EMPTY_DICT",
        "BINUNICODE", "a", *small, "BININT1", 4, "TUPLE2", "SETITEM", "BININT1", 8, "BININT1", 1,
        "BININT1", 16,
        "TUPLE", "BUILD", "NEWFALSE", "SHORT_BINBYTES", b"12345678", "TUPLE", "BUILD", "STOP",
    )  # fmt: skip
    quantised = assemble(
        "PROTO", 2, "GLOBAL", ("torch._utils", "_rebuild_qtensor"), "MARK", _storage("QInt8Storage", "0",
        6), "BININT1",
        0, "BININT1", 2, "BININT1", 3, "TUPLE2", "BININT1", 3, "BININT1", 1, "TUPLE2", "MARK", "GLOBAL",
        ("torch", "per_channel_affine"), _tensor("DoubleStorage", "1", 2), _tensor("LongStorage", "2", 2),
        "BININT1", 0,
        "TUPLE", "NEWFALSE", HOOKS, "TUPLE", "REDUCE", "STOP",
    )  # fmt: skip
    return [
        *plain,
        assemble("PROTO", 2, *record, "EMPTY_DICT", "MARK", "BINUNICODE", "_parameters", "EMPTY_DICT",
        "BINUNICODE",
                 "_forward_hooks", HOOKS, "BINUNICODE", "w", tensor(), "SETITEMS", "BUILD", "STOP"),
        assemble("PROTO", 2, "EMPTY_LIST", "MARK", *enum, "BINUNICODE", "linear", "TUPLE1", "REDUCE",
        "GLOBAL",
                 ("builtins", "getattr"), *enum, "BINUNICODE", "LINEAR", "TUPLE2", "REDUCE", "APPENDS",
                 "STOP"),
        assemble("PROTO", 2, "GLOBAL", ("pytorch_lightning.utilities.parsing", "AttributeDict"), *NEW, "MARK",
                 "BINUNICODE", "lr", "BINFLOAT", 0.5, "SETITEMS", "STOP"),
        assemble("GLOBAL", ("copy_reg", "_reconstructor"), "MARK", "GLOBAL", ("omegaconf.nodes",
        "AnyNode"), "GLOBAL",
                 ("__builtin__", "object"), "NONE", "TUPLE", "REDUCE", "BINPUT", 0, "EMPTY_DICT",
                 "UNICODE", "p",
                 "BINGET", 0, "SETITEM", "BUILD", "STOP"),
        _sparse("torch.sparse_coo", _tensor("LongStorage", "0", 2, 3), _tensor("FloatStorage", "1", 3)),
        _sparse("torch.sparse_csr", _tensor("LongStorage", "3", 4), _tensor("LongStorage", "2", 3),
                _tensor("FloatStorage", "1", 3)),
        quantised,
        structured,
    ]  # fmt: skip


def _data(storage: StorageRef) -> bytes | None:
    width = {"int64": 8, "int32": 4}.get(storage.dtype)
    size = storage.numel * (width or 1)
    data = STARTS if storage.key == "3" else BYTES
    return data[:size] if width and size <= len(data) else None


def read(data: bytes) -> object:
    """The trace; no exception is allowed."""
    return run_pickle(data, LIMITS, packs=ALL, persistent="torch", read=_data)


def check(_data: bytes, result: object) -> None:
    """What has to hold of each value in an inert stream."""
    assert isinstance(result, Trace)
    if result.status is not StreamStatus.INERT:
        return
    seen: set[int] = set()
    pending: list[object] = [result.value]
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        assert not is_function(item)
        if isinstance(item, TensorSpec):
            _check_tensor(item)
        elif isinstance(item, ArrayValue) and item.kind == "array":
            _check_array(item)
        elif isinstance(item, (InertRecord, DictRecord)):
            fields = item.state if isinstance(item.state, dict) else {}
            assert not any(
                type(name) is str and name.startswith("__") and name.endswith("__") for name in fields
            )
            assert not any("hooks" in name and isinstance(fields[name],
            dict) and fields[name] for name in fields
                           if type(name) is str and "_hooks" in name)  # fmt: skip
            pending += [item.state, item.args if isinstance(item, InertRecord) else None]
            if isinstance(item, InertRecord) and item.name == "torch.Tensor of torch.sparse_coo":
                _check_coordinates(item)
        if isinstance(item, dict):
            pending += item.values()
        elif isinstance(item, (tuple, list)) and not isinstance(item, TensorSpec):
            pending += item


def _check_tensor(spec: TensorSpec) -> None:
    if 0 not in spec.shape and spec.storage.dtype == spec.dtype:
        last = spec.offset + sum(
            (size - 1) * step for size, step in zip(spec.shape, spec.stride, strict=True)
        )
        assert 0 <= last < spec.storage.numel


def _check_array(array: ArrayValue) -> None:
    if array.shape is None or array.dtype is None or array.data is None:
        return
    count = 1
    for size in array.shape:
        count *= size
    assert len(array.data) == count * item_size(array.dtype)
    for _name, dtype, offset in array.fields or ():
        assert 0 <= offset <= item_size(array.dtype) - item_size(dtype)


def _check_coordinates(record: InertRecord) -> None:
    _layout, parts = record.args  # type: ignore[misc]  # the two that the contract takes
    indices, _values, shape = parts[:3]
    raw = _data(indices.storage)
    words = struct.unpack(f"<{indices.storage.numel}q", raw or b"")
    for row in range(indices.shape[0]):
        for column in range(indices.shape[1]):
            at = indices.offset + row * indices.stride[0] + column * indices.stride[1]
            assert 0 <= words[at] < shape[row]


def deep(result: object) -> bool:
    """Whether a few opcodes ran, and a listed global was among them."""
    assert isinstance(result, Trace)
    return result.opcodes > FEW and any(use.listed for use in result.globals)
