"""formats.torch_zip: the members that torch.save writes, and nothing else."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest
import torch

from safeload.errors import FormatError
from safeload.formats.torch_zip import TorchZip, is_torch_zip, is_torchscript, parse_torch_zip
from safeload.formats.view import BytesView
from safeload.formats.zip import parse_zip
from safeload.limits import DEFAULT_LIMITS, Limits
from tests.forge.archives import ONE_TENSOR, PAYLOAD, TWO_FLOATS, Part, build, torch_parts, torch_zip

if TYPE_CHECKING:
    from collections.abc import Callable

    from safeload.formats.tensors import TensorEntry


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> TorchZip:
    record = parse_torch_zip(BytesView(data), limits)
    assert isinstance(record, TorchZip)
    return record


def saved(value: object, **options: object) -> bytes:
    sink = io.BytesIO()
    torch.save(value, sink, **options)  # type: ignore[arg-type]
    return sink.getvalue()


def rebuilt(data: bytes, entry: TensorEntry) -> torch.Tensor:
    """The tensor that an entry describes, read from nothing but the file's bytes."""
    dtype = getattr(torch, entry.dtype)
    flat = torch.frombuffer(bytearray(data), dtype=torch.uint8)[entry.offset :]
    item = torch.empty((), dtype=dtype).element_size()
    whole = flat[: len(flat) // item * item].clone().view(dtype)
    stride = entry.stride or torch.empty(entry.shape, device="meta").stride()
    return torch.as_strided(whole, entry.shape, stride)


BASE = torch.arange(24.0).reshape(4, 6)
STATES: dict[str, Callable[[], object]] = {
    "shared and strided": lambda: {"a": BASE, "t": BASE.t(), "row": BASE[1], "part": BASE[1:3, ::2]},
    "dtypes": lambda: {
        str(dtype): torch.ones(3).to(dtype)
        for dtype in (torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.bool, torch.uint8)
    },
    "scalars and empty": lambda: {"s": torch.tensor(5), "e": torch.empty(0, 3), "one": torch.ones(1, 1)},
    "parameters": lambda: torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).state_dict(),
    "parameter objects": lambda: {"p": torch.nn.Parameter(torch.ones(2))},
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", STATES)
def test_reads_what_torch_load_reads(name: str, protocol: int) -> None:
    """Names, dtypes, shapes and values are those of torch.load(weights_only=True) and zipfile."""
    data = saved(STATES[name](), pickle_protocol=protocol)
    try:
        oracle = torch.load(io.BytesIO(data), weights_only=True)
    except Exception:  # noqa: BLE001 - torch's weights_only reads protocol 2 alone; we read the rest too
        oracle = torch.load(io.BytesIO(data), weights_only=False)
    record = parse(data)
    assert list(record.tensors) == list(oracle)
    for key, entry in record.tensors.items():
        assert torch.equal(rebuilt(data, entry), oracle[key].detach())
        assert (entry.stride is None) == oracle[key].is_contiguous()
    with zipfile.ZipFile(io.BytesIO(data)) as peer:
        assert peer.testzip() is None
        assert [member.name for member in record.members] == peer.namelist()


def test_older_writers() -> None:
    """Torch 1.6 wrote neither the dotted members nor byteorder."""
    data = torch_zip(ONE_TENSOR, {"0": TWO_FLOATS}, dotted=False)
    assert torch.equal(rebuilt(data, parse(data).tensors["a"]), torch.tensor([1.0, 2.0]))
    assert torch.equal(torch.load(io.BytesIO(data), weights_only=True)["a"], torch.tensor([1.0, 2.0]))


def test_other_top_levels() -> None:
    """What is not a tensor under a top-level name is named, and is no reason to refuse."""
    record = parse(saved({"epoch": 3, "state": {"w": torch.ones(1)}, "w": torch.ones(2)}))
    assert (list(record.tensors), record.extra) == (["w"], ("epoch", "state"))
    record = parse(saved([torch.ones(1)]))
    assert (dict(record.tensors), record.extra) == ({}, ())


def test_not_inert_gives_the_trace() -> None:
    """A pickle that would run something never becomes a record."""
    found = parse_torch_zip(BytesView(torch_zip(PAYLOAD, {})), DEFAULT_LIMITS)
    assert not isinstance(found, TorchZip)
    assert not found.inert


def parts(**extra: bytes) -> list[Part]:
    more = [Part(b"archive/" + name.replace("__", "/").encode(), data) for name, data in extra.items()]
    return torch_parts(ONE_TENSOR, {"0": TWO_FLOATS}) + more


def without(name: str) -> list[Part]:
    return [part for part in parts() if part.name != f"archive/{name}".encode()]


def changed(name: str, data: bytes) -> list[Part]:
    return [*without(name), Part(f"archive/{name}".encode(), data)]


@pytest.mark.parametrize(
    ("code", "members"),
    [
        ("NoRootFolder", [*parts(), Part(b"other/data/1", b"x")]),
        ("NoRootFolder", [Part(part.name.removeprefix(b"archive/"), part.data) for part in parts()]),
        ("UnlistedMember", parts(evil=b"x")),
        ("UnlistedMember", parts(data__00=b"x")),
        ("UnlistedMember", parts(data__x=b"x")),
        ("UnlistedMember", [*without("data.pkl"), Part(b"archive/DATA.PKL", ONE_TENSOR)]),
        ("UnlistedMember", [*parts(), Part(b"archive/data/", b"", flags=0x0800)]),
        ("MemberMissing", without("data.pkl")),
        ("MemberMissing", without("version")),
        ("CompressedMember", [*without("data/0"), Part(b"archive/data/0", TWO_FLOATS, method=8)]),
        ("SmallMemberInvalid", changed("version", PAYLOAD)),
        ("SmallMemberInvalid", changed("version", b"11\n")),
        ("SmallMemberInvalid", changed("version", b"3\n" + b" " * 80)),
        ("SmallMemberInvalid", changed("byteorder", b"Little")),
        ("SmallMemberInvalid", changed(".data/serialization_id", PAYLOAD)),
        ("BigEndian", changed("byteorder", b"big")),
        ("StorageMissing", without("data/0")),
        ("StorageSizeDiffers", changed("data/0", TWO_FLOATS + b"\0")),
        ("StorageSizeDiffers", changed("data/0", TWO_FLOATS[:-1])),
        ("UnreferencedData", parts(data__1=b"x")),
    ],
)
def test_fault_is_named(code: str, members: list[Part]) -> None:
    """Each way in which torch.save would not have written it raises its own error."""
    with pytest.raises(FormatError) as caught:
        parse_torch_zip(BytesView(build(members)), DEFAULT_LIMITS)
    assert caught.value.code == code


def test_pickle_budget() -> None:
    """data.pkl is read whole, so its size has a budget."""
    with pytest.raises(FormatError) as caught:
        parse(build(parts()), Limits(pickle_bytes=10))
    assert caught.value.code == "PickleTooLarge"


def test_kinds_are_told_whatever_the_case() -> None:
    """Torch finds its members without regard to case, so we do too when we choose the grammar."""

    def archive(*names: str) -> object:
        return parse_zip(BytesView(build([Part(name.encode(), b"x") for name in names])), DEFAULT_LIMITS)

    assert is_torch_zip(archive("m/DATA.pkl"))  # type: ignore[arg-type]
    assert is_torch_zip(archive("data.pkl"))  # type: ignore[arg-type]
    assert not is_torch_zip(archive("a.npy", "deep/er/data.pkl"))  # type: ignore[arg-type]
    assert is_torchscript(archive("m/data.pkl", "m/Constants.pkl"))  # type: ignore[arg-type]
    assert not is_torch_zip(archive("train_data.pkl"))  # type: ignore[arg-type]
    assert is_torchscript(archive("m/data.pkl", "m/code/x.py"))  # type: ignore[arg-type]
    assert is_torchscript(archive("m/Model.json", "m/tensors/0"))  # type: ignore[arg-type]
    assert not is_torchscript(archive("tfjs/model.json", "tfjs/group1-shard1of1.bin"))  # type: ignore[arg-type]
    assert is_torchscript(archive("m/attributes.pkl"))  # type: ignore[arg-type]
    assert not is_torchscript(archive("m/data.pkl", "m/data/0"))  # type: ignore[arg-type]
