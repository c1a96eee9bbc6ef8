"""formats.torch_legacy: five pickles and a table that ends with the file, and nothing else."""

from __future__ import annotations

import io
import random
import struct
from typing import TYPE_CHECKING, Any

import pytest
import torch

from safeload.errors import FormatError, LimitExceeded
from safeload.formats import torch_legacy
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.torch_legacy import LegacyPickles, TorchLegacy, parse_torch_legacy
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from tests.forge.archives import PAYLOAD
from tests.forge.legacy import MAGIC, SYSTEM, TWO_FLOATS, legacy, state, storage, table
from tests.forge.pickle_assembler import assemble
from tests.formats.test_torch_zip import STATES, rebuilt
from tests.fuzz.mutate import mutated

if TYPE_CHECKING:
    from collections.abc import Callable


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> TorchLegacy:
    record = parse_torch_legacy(BytesView(data), limits)
    assert isinstance(record, TorchLegacy)
    return record


def saved(value: object, **options: Any) -> bytes:
    sink = io.BytesIO()
    torch.save(value, sink, _use_new_zipfile_serialization=False, **options)
    return sink.getvalue()


MORE: dict[str, Callable[[], object]] = {
    **STATES,
    "complex": lambda: {
        "c": torch.ones(3, dtype=torch.complex64),
        "d": torch.zeros(1, dtype=torch.complex128),
    },
    "many dimensions": lambda: {"m": torch.arange(64.0).reshape(2, 2, 2, 2, 2, 2).permute(5, 0, 3, 1, 4, 2)},
    "nested": lambda: {"w": torch.ones(2), "state": {"w": torch.zeros(2)}, "epoch": 3},
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", MORE)
def test_reads_what_torch_load_reads(name: str, protocol: int) -> None:
    """Names, dtypes, shapes, strides and values are those of torch.load."""
    data = saved(MORE[name](), pickle_protocol=protocol)
    # torch's weights_only reads protocol 2 alone
    oracle = torch.load(io.BytesIO(data), weights_only=protocol == 2)
    record = parse(data)
    tensors = {key: value for key, value in oracle.items() if isinstance(value, torch.Tensor)}
    assert list(record.tensors) == list(tensors)
    assert record.extra == tuple(key for key in oracle if key not in tensors)
    for key, entry in record.tensors.items():
        assert entry.dtype == str(tensors[key].dtype).removeprefix("torch.")
        assert torch.equal(rebuilt(data, entry), tensors[key].detach())
        assert (entry.stride is None) == tensors[key].is_contiguous()


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2"])
def test_untyped_storages(dtype: str) -> None:
    """Torch writes these and cannot read them back; we give the values that were written."""
    value = torch.arange(6.0).to(getattr(torch, dtype))
    data = saved({"a": value, "b": value[2:]})
    entries = parse(data).tensors
    assert rebuilt(data, entries["a"]).tolist() == value.tolist()
    assert rebuilt(data, entries["b"]).tolist() == value[2:].tolist()


def test_shared_storage_is_in_the_file_once() -> None:
    """Two names of one memory are two ranges of the same bytes."""
    base = torch.arange(6.0)
    record = parse(saved({"a": base, "b": base[2:], "c": torch.ones(6)}))
    assert record.tensors["b"].offset == record.tensors["a"].offset + 8
    assert len(record.storages) == 2


def test_forged_file_is_honest() -> None:
    """What the cases below change is accepted unchanged, by torch too."""
    data = legacy()
    assert rebuilt(data, parse(data).tensors["a"]).tolist() == [1.0, 2.0]
    assert torch.load(io.BytesIO(data), weights_only=True)["a"].tolist() == [1.0, 2.0]


MUCH = assemble(
    "PROTO", 2, "GLOBAL", ("collections", "OrderedDict"), "EMPTY_TUPLE", "REDUCE", "POP", "BININT", 1001
)


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("MagicDiffers", {"magic": MAGIC + 1}),
        ("MagicDiffers", {"magic": float(MAGIC)}),
        ("MagicDiffers", {"version": 1000}),
        ("MagicDiffers", {"version": 1001.0}),
        ("NotLiteral", {"version": MUCH + b"."}),
        ("SystemInvalid", {"system": {}}),
        ("SystemInvalid", {"system": None}),
        ("SystemInvalid", {"system": {**SYSTEM, "little_endian": 1}}),
        ("SystemInvalid", {"system": {**SYSTEM, "type_sizes": {"short": "2"}}}),
        ("SystemInvalid", {"system": {**SYSTEM, "protocol_version": 7}}),
        ("SystemInvalid", {"system": {**SYSTEM, "more": 1}}),
        ("BigEndian", {"system": {**SYSTEM, "little_endian": False}}),
        ("KeysInvalid", {"keys": {"7": 1}}),
        ("KeysInvalid", {"keys": (7,)}),
        ("KeysInvalid", {"keys": ("7", "7"), "rows": table((2, TWO_FLOATS), (2, TWO_FLOATS))}),
        ("UnreferencedStorage", {"keys": ("7", "8"), "rows": table((2, TWO_FLOATS), (0, b""))}),
        ("StorageMissing", {"keys": (), "rows": b""}),
        ("StorageSizeDiffers", {"rows": table((3, TWO_FLOATS))}),
        ("StorageSizeDiffers", {"rows": table((-2, TWO_FLOATS))}),
        ("StorageSizeDiffers", {"rows": struct.pack(">q", 2) + TWO_FLOATS}),
        ("TableTruncated", {"rows": b""}),
        ("TableTruncated", {"rows": table((2, TWO_FLOATS))[:7]}),
        ("TableTruncated", {"rows": table((2, TWO_FLOATS[:-1]))}),
        (
            "TableTruncated",
            {"state": state(storage(numel=2**31 - 1)), "rows": table((2**31 - 1, TWO_FLOATS))},
        ),
        ("BytesBehindTable", {"rows": table((2, TWO_FLOATS)) + b"\0"}),
        ("BytesBehindTable", {"rows": table((2, TWO_FLOATS)) + PAYLOAD}),
    ],
)
def test_fault_is_named(code: str, parts: dict[str, Any]) -> None:
    """Each way in which torch.save would not have written it raises its own error."""
    with pytest.raises(FormatError) as caught:
        parse(legacy(**parts))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("why", "where"),
    [
        ("a persistent id is no tuple of six", storage(more=())),
        ("a persistent id is no tuple of six", storage(more=("NONE", "NONE"))),
        ("a persistent id is no tuple of six", assemble("BINUNICODE", "storage", "BINPERSID")),
        (
            "a storage is a view of another one",
            storage(more=("BINUNICODE", "8", "BININT1", 0, "BININT1", 2, "TUPLE3")),
        ),
        ("a storage is a view of another one", storage(more=("NEWFALSE",))),
        ("a storage's number of elements is no count", storage(numel=-1)),
        ("a storage key is not made of digits", storage(key="../7")),
    ],
)
def test_persistent_ids(why: str, where: bytes) -> None:
    """Exactly the six fields that torch writes; a view of another storage is refused as such."""
    found = parse_torch_legacy(BytesView(legacy(state=state(where))), DEFAULT_LIMITS)
    assert isinstance(found, LegacyPickles)
    assert why in [call.why for call in found.traces[3].rejected_calls]


def test_extent() -> None:
    """A tensor that reaches past its storage is refused before the table is looked at."""
    found = parse_torch_legacy(BytesView(legacy(state=state(offset=1))), DEFAULT_LIMITS)
    assert isinstance(found, LegacyPickles)
    assert not found.inert


@pytest.mark.parametrize("part", ["magic", "version", "system", "keys"])
def test_storages_belong_to_the_object(part: str) -> None:
    """A persistent id in one of the other four has nothing to refer to."""
    found = parse_torch_legacy(BytesView(legacy(**{part: state()})), DEFAULT_LIMITS)
    assert isinstance(found, LegacyPickles)
    assert not found.inert


def test_each_pickle_has_its_own_memo() -> None:
    """As in torch, which makes an unpickler for each: a value of an earlier one cannot be fetched."""
    found = parse_torch_legacy(
        BytesView(legacy(keys=assemble("PROTO", 2, "BINGET", 0, "STOP"))), DEFAULT_LIMITS
    )
    assert isinstance(found, LegacyPickles)
    assert found.error is not None
    assert found.error.code == "MemoMissing"


def test_pickles_longer_than_the_first_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The object may end far into the file; up to the budget it is found, past it that is said."""
    monkeypatch.setattr(torch_legacy, "_FIRST_READ", 16)
    for protocol in (2, 4):
        data = saved({"a": torch.ones(2), "text": "x" * 5_000}, pickle_protocol=protocol)
        assert list(parse(data).tensors) == ["a"]
        with pytest.raises(LimitExceeded, match="the pickles go on past 1000 bytes"):
            parse(data, Limits(pickle_bytes=1_000))


def test_every_prefix_is_refused() -> None:
    """No file that was cut anywhere becomes a record, and nothing but a FormatError is raised."""
    data = legacy()
    for length in range(len(data)):
        try:
            found = parse_torch_legacy(BytesView(data[:length]), DEFAULT_LIMITS)
        except FormatError:
            continue
        assert isinstance(found, LegacyPickles)


def test_mutations_are_read_as_torch_reads_them() -> None:
    """A thousand mutations of honest files: what torch.load reads, too, is read alike."""
    rng = random.Random(3)
    large = {"a": torch.arange(3_000.0), "b": torch.ones(40, 50).t()}
    seeds = [legacy(), saved(MORE["shared and strided"]()), saved(MORE["nested"]()), saved(large)]
    read = 0
    for _ in range(1_000):
        data = mutated(seeds, rng)
        try:
            found = parse_torch_legacy(BytesView(data), DEFAULT_LIMITS)
        except FormatError:
            continue
        if not isinstance(found, TorchLegacy):
            continue
        try:
            oracle = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
        except Exception:  # noqa: BLE001 - a file that torch refuses is not misread
            continue
        read += 1
        for key, entry in found.tensors.items():
            assert torch.equal(rebuilt(data, entry).nan_to_num(7), oracle[key].nan_to_num(7))
    assert read > 50


def test_one_step_per_tensor_equals_opcode_by_opcode() -> None:
    """The step for the usual sequence changes nothing about the trace, whatever was done to the stream."""
    value = {f"layer.{n}.weight": torch.zeros([2] * (n % 7) + [n % 300 + 1]) for n in range(300)}
    value |= {f"twin.{n}": value[f"layer.{n}.weight"] for n in range(60)}
    data = saved(value)
    pickles = torch_legacy.run_pickles(BytesView(data), DEFAULT_LIMITS)
    stream = data[pickles.starts[3] : pickles.traces[3].end]
    rng = random.Random(5)
    small = stream[:400] + b"u."
    for case in (stream, stream[:-200], *(mutated([small], rng) for _ in range(500))):
        fast = run_pickle(case, DEFAULT_LIMITS, persistent="torch-legacy")
        slow = run_pickle(case, DEFAULT_LIMITS, persistent="torch-legacy", fast=False)
        assert (fast.status, fast.opcodes, fast.calls, fast.end) == (
            slow.status,
            slow.opcodes,
            slow.calls,
            slow.end,
        )
        assert dict(fast.storages) == dict(slow.storages)
        if case is stream:
            assert fast.inert
            assert fast.value == slow.value
