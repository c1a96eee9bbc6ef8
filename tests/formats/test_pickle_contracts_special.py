"""Tensors that are not plain: all that makes them safe is checked, or they are refused with the reason."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import InertRecord, StreamStatus, TensorSpec, Trace
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.archives import torch_zip
from tests.forge.pickle_assembler import HOOKS, Operand, assemble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.formats.pickle_trace import StorageRef


def storage(kind: str, key: str, numel: int) -> bytes:
    return assemble(
        "MARK", "BINUNICODE", "storage", "GLOBAL", ("torch", kind), "BINUNICODE", key, "BINUNICODE", "cpu",
        "BININT", numel, "TUPLE", "BINPERSID",
    )  # fmt: skip


def numbers(*items: int) -> tuple[Operand, ...]:
    return ("MARK", *(part for item in items for part in ("BININT", item)), "TUPLE")


def tensor(
    where: bytes, shape: tuple[int, ...], stride: tuple[int, ...], *more: Operand, offset: int = 0
) -> bytes:
    return assemble(
        "GLOBAL", ("torch._utils", "_rebuild_tensor_v2"), "MARK", where, "BININT", offset, *numbers(*shape),
        *numbers(*stride), "NEWFALSE", HOOKS, *more, "TUPLE", "REDUCE",
    )  # fmt: skip


def run(*listing: Operand, data: Mapping[str, bytes] | None = None, limits=DEFAULT_LIMITS) -> Trace:
    def read(where: StorageRef) -> bytes | None:
        return (data or {}).get(where.key)

    stream = assemble("PROTO", 2, *listing, "STOP")
    return run_pickle(stream, limits, packs=frozenset({"numpy"}), persistent="torch", read=read)


def why(trace: Trace) -> str:
    assert trace.status is StreamStatus.UNLISTED
    return trace.rejected_calls[0].why


# -- sparse -------------------------------------------------------------------------------------------

INDICES = storage("LongStorage", "0", 4)
VALUES = tensor(storage("FloatStorage", "1", 2), (2,), (1,))
FLOATS = struct.pack("<2f", 1, 2)


def layout(name: str) -> bytes:
    return assemble("GLOBAL", ("torch.serialization", "_get_layout"), "BINUNICODE", name, "TUPLE1", "REDUCE")


def coo(
    *words: int, indices: bytes = tensor(INDICES, (2, 2), (2, 1)), values: bytes = VALUES, size=(3, 3)
) -> Trace:
    data = {"0": struct.pack(f"<{len(words)}q", *words), "1": FLOATS}
    return run(
        "GLOBAL", ("torch._utils", "_rebuild_sparse_tensor"), layout("torch.sparse_coo"), "MARK", indices,
        values, *numbers(*size), "NEWTRUE", "TUPLE", "TUPLE2", "REDUCE", data=data,
    )  # fmt: skip


def test_coordinates_inside_the_shape() -> None:
    """A record, not a tensor: nothing loads it."""
    trace = coo(0, 1, 2, 2)
    assert trace.inert
    assert isinstance(trace.value, InertRecord)
    assert coo(0, 2, 1, 2, indices=tensor(INDICES, (2, 2), (1, 2))).inert


@pytest.mark.parametrize("words", [(0, 3, 0, 0), (0, 0, 0, 3), (-1, 0, 0, 0), (0, 0, 0, 1 << 62)])
def test_coordinates_outside_the_shape(words: tuple[int, ...]) -> None:
    """Each index is looked at, row by row."""
    assert "outside its dimension" in why(coo(*words))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"indices": b"]"}, "no int64 tensor"),
        ({"indices": b"(K\x00K\x00t"}, "no int64 tensor"),
        ({"indices": tensor(INDICES, (4,), (1,))}, "no int64 tensor"),
        ({"indices": tensor(storage("FloatStorage", "0", 4), (2, 2), (2, 1))}, "no int64 tensor"),
        ({"indices": tensor(INDICES, (2, 2), (0, 0))}, "repeat one element"),
        ({"indices": tensor(INDICES, (3, 1), (1, 1))}, "do not fit"),
        ({"values": b"]"}, "do not fit"),
        ({"values": tensor(storage("FloatStorage", "1", 2), (1,), (1,))}, "do not fit"),
        ({"size": (3,)}, "do not fit"),
        ({"size": (3, -3)}, "no tuple of counts"),
        ({"size": (3, 3, 3)}, "do not fit"),
    ],
)
def test_sparse_parts_that_do_not_fit(fields: dict[str, object], text: str) -> None:
    """Indices that are no tensor, values of another length, sizes that are no counts."""
    assert text in why(coo(0, 1, 2, 2, **fields))  # type: ignore[arg-type]


def test_coordinates_with_gaps() -> None:
    """Kernels take a pointer and no stride: what lies in the gaps is an index, too."""
    eight = storage("LongStorage", "0", 8)
    gaps = tensor(eight, (2, 2), (4, 2))
    assert "outside its dimension" in why(coo(0, 99, 1, 99, 2, 99, 2, 99, indices=gaps))
    assert coo(0, 2, 1, 2, 2, 2, 2, 2, indices=gaps).inert
    apart = tensor(storage("LongStorage", "0", 3), (2, 2), (1, 1))
    assert "repeat elements" in why(coo(0, 1, 2, indices=apart))
    once = tensor(storage("FloatStorage", "1", 1), (2,), (0,))
    assert "repeat elements" in why(coo(0, 1, 2, 2, values=once))


def csr(
    starts: tuple[int, ...], columns: tuple[int, ...], *, name: str = "torch.sparse_csr", size=(2, 3)
) -> Trace:
    data = {"0": struct.pack(f"<{len(starts)}q", *starts), "1": struct.pack(f"<{len(columns)}q", *columns)}
    count = len(columns)
    return run(
        "GLOBAL", ("torch._utils", "_rebuild_sparse_tensor"), layout(name), "MARK",
        tensor(storage("LongStorage", "0", len(starts)), (len(starts),), (1,)),
        tensor(storage("LongStorage", "1", count), (count,), (1,)),
        tensor(storage("FloatStorage", "2", count), (count,), (1,)), *numbers(*size), "TUPLE", "TUPLE2",
        "REDUCE", data=data,
    )  # fmt: skip


def test_compressed_rows() -> None:
    """Rows begin in order, from 0 to the number of values, and columns lie inside."""
    assert csr((0, 1, 2), (2, 0)).inert
    assert csr((0, 1, 2, 2), (1, 0), name="torch.sparse_csc").inert
    for starts in ((1, 1, 2), (0, 2, 1), (0, 1, 3), (0, -1, 2)):
        assert "do not rise" in why(csr(starts, (2, 0)))
    assert "one start per row" in why(csr((0, 2), (2, 0)))
    for columns in ((3, 0), (-1, 0)):
        assert "outside its dimension" in why(csr((0, 1, 2), columns))
    assert "other dimensions" not in why(csr((0, 1, 2), (2, 0), name="torch.sparse_bsr"))
    assert "no sparse layout" in why(csr((0, 1, 2), (2, 0), name="torch.strided"))


def strided(row_step: int, column_step: int, value_step: int) -> Trace:
    rows, columns = ((0, 1, 2, 9, 9, 9), (2, 0, 9, 9))
    if row_step == 2:
        rows = (0, 9, 1, 9, 2, 9)
    if column_step == 2:
        columns = (2, 9, 0, 9)
    data = {"0": struct.pack("<6q", *rows), "1": struct.pack("<4q", *columns)}
    return run(
        "GLOBAL", ("torch._utils", "_rebuild_sparse_tensor"), layout("torch.sparse_csr"), "MARK",
        tensor(storage("LongStorage", "0", 6), (3,), (row_step,)),
        tensor(storage("LongStorage", "1", 4), (2,), (column_step,)),
        tensor(storage("FloatStorage", "2", 1 + value_step), (2,), (value_step,)), *numbers(2, 3), "TUPLE",
        "TUPLE2", "REDUCE", data=data,
    )  # fmt: skip


def test_rows_with_gaps() -> None:
    """Kernels take a pointer and no stride: what lies in the gaps is an index, too."""
    assert strided(1, 1, 1).inert
    assert "no integer tensor" in why(strided(2, 1, 1))
    assert "no integer tensor" in why(strided(1, 2, 1))
    assert "repeat elements" in why(strided(1, 1, 0))


def test_indices_that_nobody_can_read() -> None:
    """Without the data, or with data of another size, or above the budget: refused, not believed."""
    listing = ("GLOBAL", ("torch._utils", "_rebuild_sparse_tensor"), layout("torch.sparse_coo"), "MARK",
               tensor(INDICES, (2, 2), (2, 1)), VALUES, *numbers(3, 3), "TUPLE", "TUPLE2",
               "REDUCE")  # fmt: skip
    assert "not at hand" in why(run(*listing))
    pickle = assemble("PROTO", 2, "EMPTY_DICT", "BINUNICODE", "s", *listing, "SETITEM", "STOP")
    from safeload.formats.torch_zip import TorchZip, parse_torch_zip
    from safeload.formats.view import BytesView

    good = BytesView(torch_zip(pickle, {"0": struct.pack("<4q", 0, 1, 2, 2), "1": FLOATS}))
    assert isinstance(parse_torch_zip(good, DEFAULT_LIMITS), TorchZip)
    short = BytesView(torch_zip(pickle, {"0": struct.pack("<3q", 0, 1, 2), "1": FLOATS}))
    for view, limits in ((short, DEFAULT_LIMITS), (good, replace(DEFAULT_LIMITS, index_bytes=31))):
        trace = parse_torch_zip(view, limits)
        assert isinstance(trace, Trace)
        assert "not at hand" in why(trace)


def test_indices_are_read_a_few_times_only() -> None:
    """A thousand sparse tensors on one storage of indices: past a budget they are refused."""
    one = [
        "GLOBAL", ("torch._utils", "_rebuild_sparse_tensor"), layout("torch.sparse_coo"), "MARK",
        tensor(INDICES, (2, 2), (2, 1)), VALUES, *numbers(3, 3), "TUPLE", "TUPLE2", "REDUCE",
    ]  # fmt: skip
    data = {"0": struct.pack("<4q", 0, 1, 2, 2)}
    assert run("EMPTY_LIST", "MARK", *one * 4, "APPENDS", data=data).inert
    assert "again and again" in why(run("EMPTY_LIST", "MARK", *one * 5, "APPENDS", data=data))


# -- quantised ----------------------------------------------------------------------------------------

SCALES = tensor(storage("DoubleStorage", "8", 2), (2,), (1,))
ZEROS = tensor(storage("LongStorage", "9", 2), (2,), (1,))
PER_TENSOR = ("GLOBAL", ("torch", "per_tensor_affine"), "BINFLOAT", 0.1, "BININT1", 3, "TUPLE3")


def quantised(
    *quantizer: Operand, kind: str = "QUInt8Storage", shape=(2, 3), stride=(3, 1), hooks: bytes = HOOKS
) -> Trace:
    return run(
        "GLOBAL", ("torch._utils", "_rebuild_qtensor"), "MARK", storage(kind, "0", 6), "BININT1", 0,
        *numbers(*shape), *numbers(*stride), *quantizer, "NEWFALSE", hooks, "TUPLE", "REDUCE",
    )  # fmt: skip


def channels(scales: bytes = SCALES, zeros: bytes = ZEROS, axis: int = 0) -> tuple[Operand, ...]:
    return ("MARK", "GLOBAL", ("torch", "per_channel_affine"), scales, zeros, "BININT", axis, "TUPLE")


def test_quantised_tensors() -> None:
    """One scale for all, one per channel, as tensors or as lists."""
    assert quantised(*PER_TENSOR).inert
    assert quantised(*channels()).inert
    lists = assemble("EMPTY_LIST", "MARK", "BINFLOAT", 0.1, "BINFLOAT", 0.2, "APPENDS")
    assert quantised(*channels(lists, lists.replace(b"G", b"G"))).inert


@pytest.mark.parametrize(
    ("trace", "text"),
    [
        (lambda: quantised(*PER_TENSOR, kind="ByteStorage"), "no quantised storage"),
        (lambda: quantised(*PER_TENSOR, shape=(2, 4), stride=(3, 1)), "reaches element"),
        (lambda: quantised(*PER_TENSOR, stride=(1 << 20, 1)), "reaches element"),
        (lambda: quantised(*PER_TENSOR, stride=(-3, 1)), "no count"),
        (lambda: quantised(*PER_TENSOR, hooks=b"N"), "hooks"),
        (lambda: quantised("NONE"), "no tuple"),
        (lambda: quantised("EMPTY_TUPLE"), "no known scheme"),
        (lambda: quantised("NONE", "BINFLOAT", 0.1, "BININT1", 3, "TUPLE3"), "no known scheme"),
        (lambda: quantised(*PER_TENSOR[:2], "BININT1", 1, "BININT1", 3, "TUPLE3"), "no float and int32"),
        (
            lambda: quantised(*PER_TENSOR[:2], "BINFLOAT", 1.0, "LONG", 1 << 31, "TUPLE3"),
            "no float and int32",
        ),
        (lambda: quantised(*channels(axis=2)), "axis"),
        (lambda: quantised(*channels(axis=-1)), "axis"),
        (lambda: quantised(*channels(axis=1)), "one number per index"),
        (lambda: quantised(*channels(scales=b"N")), "one number per index"),
        (lambda: quantised(*channels(scales=b"]")), "one number per index"),
        (lambda: quantised(*channels(zeros=SCALES)), "one number per index"),
        (
            lambda: quantised(*channels(zeros=assemble("EMPTY_LIST", "MARK", "NONE", "NONE", "APPENDS"))),
            "one number",
        ),
    ],
)
def test_quantised_near_misses(trace, text: str) -> None:
    """For pytorch #184652: strides outside the storage, an axis out of range, scales of another length."""
    assert text in why(trace())


@pytest.mark.parametrize("kind", ["QUInt4x2Storage", "QUInt2x4Storage"])
def test_several_elements_per_byte_are_refused(kind: str) -> None:
    """Extent and bytes do not compare there."""
    assert quantised(*PER_TENSOR, kind=kind).status is StreamStatus.UNLISTED


def test_a_quantised_storage_is_no_plain_one() -> None:
    """The same bytes under a plain tensor, or under two types, would be two readings."""
    assert "no typed storage" in why(run(tensor(storage("QInt8Storage", "0", 6), (6,), (1,))))
    twice = storage("QInt8Storage", "0", 6) + b"0" + storage("CharStorage", "0", 6)
    assert "described twice" in why(run(twice))


# -- the rest -----------------------------------------------------------------------------------------

FLOATS6 = storage("FloatStorage", "0", 6)
COMPLEX = storage("ComplexFloatStorage", "0", 6)
CONJ = ("EMPTY_DICT", "BINUNICODE", "conj", "NEWTRUE", "SETITEM")


def test_lazy_bits_make_a_record() -> None:
    """The bytes of a conjugated tensor are another tensor's: it is none of those that load."""
    assert isinstance(run(tensor(COMPLEX, (6,), (1,), *CONJ)).value, InertRecord)
    assert isinstance(run(tensor(FLOATS6, (6,), (1,), "EMPTY_DICT")).value, TensorSpec)
    assert isinstance(run(tensor(FLOATS6, (6,), (1,), "NONE")).value, TensorSpec)
    assert "real numbers" in why(run(tensor(FLOATS6, (6,), (1,), *CONJ)))
    for more in (("EMPTY_LIST",), ("EMPTY_DICT", "BINUNICODE", "x", "NEWTRUE", "SETITEM"),
                 ("EMPTY_DICT", "BINUNICODE", "conj", "BININT1", 1, "SETITEM"),
                 ("EMPTY_DICT", "NONE", "NEWTRUE", "SETITEM")):  # fmt: skip
        assert "more than the bits" in why(run(tensor(FLOATS6, (6,), (1,), *more)))


def state(*fields: Operand) -> Trace:
    return run(
        "GLOBAL", ("torch._utils", "_rebuild_parameter_with_state"), "MARK", tensor(FLOATS6, (6,), (1,)),
        "NEWTRUE", HOOKS, *fields, "TUPLE", "REDUCE",
    )  # fmt: skip


def test_attributes_of_parameters() -> None:
    """Literals under names of their own; torch would `setattr` each."""
    assert isinstance(
        state("EMPTY_DICT", "BINUNICODE", "_is_hf_initialized", "NEWTRUE", "SETITEM").value, TensorSpec
    )
    assert state("NONE", "EMPTY_DICT", "BINUNICODE", "tag", "NONE", "SETITEM", "TUPLE2").inert
    for name in ("data", "grad", "requires_grad", "names", "__class__", "_backward_hooks"):
        assert "more than attributes" in why(state("EMPTY_DICT", "BINUNICODE", name, "NONE", "SETITEM"))
    assert "no dict of attributes" in why(state("EMPTY_LIST"))
    assert "literals" in why(state("EMPTY_DICT", "BINUNICODE", "t", tensor(FLOATS6, (6,), (1,)), "SETITEM"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (("torch._utils", "_rebuild_nested_tensor"), "nested"),
        (("torch._utils", "_rebuild_wrapper_subclass"), "subclass"),
        (("torch.distributed.tensor", "DTensor"), "distributed"),
        (("torch.distributed._tensor.api", "DTensor"), "distributed"),
        (("torch.nn.parameter", "UninitializedParameter"), "no data"),
    ],
)
def test_what_is_refused_says_why(name: tuple[str, str], text: str) -> None:
    """An uncontracted call with a reason, and no gadget: nothing dangerous is claimed."""
    trace = run("GLOBAL", name, "EMPTY_TUPLE", "REDUCE")
    assert text in why(trace)
    assert trace.rejected_calls[0].gadget is None


META = ("GLOBAL", ("torch._utils", "_rebuild_meta_tensor_no_storage"), "MARK")
DEVICE = ("GLOBAL", ("torch", "device"), "BINUNICODE", "cpu", "TUPLE1", "REDUCE")
GENERATOR = ("GLOBAL", ("torch._C", "Generator"), *DEVICE, "TUPLE1", "REDUCE")
BYTES = tensor(storage("ByteStorage", "0", 6), (6,), (1,))


@pytest.mark.parametrize(
    "listing",
    [
        (*META, "GLOBAL", ("torch", "float32"), *numbers(2), *numbers(1), "BININT1", 1, "TUPLE", "REDUCE"),
        (*META, "GLOBAL", ("torch", "float32"), *numbers(-2), *numbers(1), "NEWTRUE", "TUPLE", "REDUCE"),
        (*META, "GLOBAL", ("torch", "float32"), *numbers(2, 2), *numbers(1), "NEWTRUE", "TUPLE", "REDUCE"),
        (*META, "GLOBAL", ("torch", "uint4"), *numbers(2), *numbers(1), "NEWTRUE", "TUPLE", "REDUCE"),
        ("GLOBAL", ("torch._C", "Generator"), "BINUNICODE", "cpu", "TUPLE1", "REDUCE"),
        (*GENERATOR, "NONE", "NONE", "NONE", "TUPLE3", "BUILD"),
        (*GENERATOR, "NONE", "NONE", tensor(storage("FloatStorage", "0", 6), (6,), (1,)), "TUPLE3", "BUILD"),
        (*GENERATOR, "BINUNICODE", "x", "NONE", BYTES, "TUPLE3", "BUILD"),
        ("GLOBAL", ("torch._utils", "_rebuild_device_tensor_from_numpy"), "MARK", "NONE", "GLOBAL",
         ("torch", "float32"), "BINUNICODE", "xla:0", "NEWFALSE", "TUPLE", "REDUCE"),
        ("GLOBAL", ("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"), "MARK", BYTES, "GLOBAL",
         ("torch", "uint8"), "BINUNICODE", "../../x", "NEWFALSE", "TUPLE", "REDUCE"),
        ("GLOBAL", ("torch", "per_tensor_affine"), "EMPTY_TUPLE", "REDUCE"),
        ("GLOBAL", ("torch", "qint8"), "EMPTY_DICT", "BUILD"),
        ("GLOBAL", ("torch.serialization", "_get_layout"), "BINUNICODE", "torch.jagged", "TUPLE1", "REDUCE"),
    ],
)  # fmt: skip
def test_other_near_misses(listing: tuple[Operand, ...]) -> None:
    """Sizes, dtypes, devices and states of another kind."""
    assert why(run(*listing))


def test_their_honest_neighbours() -> None:
    """The same calls as torch writes them."""
    for listing in (
        (*META, "GLOBAL", ("torch", "float32"), *numbers(2), *numbers(1), "NEWTRUE", "TUPLE", "REDUCE"),
        (*GENERATOR, "NONE", "NONE", BYTES, "TUPLE3", "BUILD"),
        ("GLOBAL", ("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"), "MARK", BYTES, "GLOBAL",
         ("torch", "uint8"), "BINUNICODE", "xla:0", "NEWFALSE", "TUPLE", "REDUCE"),
    ):  # fmt: skip
        assert run(*listing).inert
