"""State dicts that torch itself writes are allowed: both formats, every protocol, every dtype, every view."""

from __future__ import annotations

import collections
import json
from typing import TYPE_CHECKING

import pytest
import torch

from safeload.cli import main
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.torch_zip import TorchZip, parse_torch_zip
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from tests.forge.benign import refusals

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
PROTOCOLS = pytest.mark.parametrize("protocol", [2, 3, 4, 5])


def save(value: object, folder: Path, *, zipped: bool = True, protocol: int = 2) -> Path:
    path = folder / "pytorch_model.bin"
    torch.save(value, path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    return path


def module_state() -> dict[str, torch.Tensor]:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.LSTM(4, 2))
    return module.state_dict()


@FORMATS
@PROTOCOLS
def test_state_dict_of_a_module(tmp_path: Path, *, protocol: int, zipped: bool) -> None:
    """With `_metadata`, the way every model is saved."""
    save(module_state(), tmp_path, zipped=zipped, protocol=protocol)
    assert refusals(tmp_path) == []


def test_the_command_line_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`safeload audit` says so, too."""
    save(module_state(), tmp_path)
    assert main(["audit", str(tmp_path)]) == 0
    assert "ALLOW" in capsys.readouterr().out


DTYPES = [name for name in ITEM_BITS if hasattr(torch, name)]


@FORMATS
@pytest.mark.filterwarnings("ignore:ComplexHalf")
def test_every_dtype(tmp_path: Path, *, zipped: bool) -> None:
    """Whatever torch has an element for: the five fp8 types, bf16, unsigned, complex, bool."""
    state = {}
    for name in DTYPES:
        dtype = getattr(torch, name)
        state[name] = (
            torch.zeros(8, dtype=torch.uint8).view(dtype)
            if "float4" in name
            else torch.zeros(2, 3, dtype=dtype)
        )
    assert len(state) >= 20
    path = save(state, tmp_path, zipped=zipped)
    assert refusals(tmp_path) == []
    if zipped:
        record = parse_torch_zip(BytesView(path.read_bytes()), DEFAULT_LIMITS)
        assert isinstance(record, TorchZip)
        assert {name: entry.dtype for name, entry in record.tensors.items()} == {name: name for name in state}


@FORMATS
@PROTOCOLS
def test_shared_storages_and_views(tmp_path: Path, *, protocol: int, zipped: bool) -> None:
    """Tied weights, transposes, slices, overlapping and expanded strides, empty and zero-dimensional ones."""
    base = torch.arange(24.0).view(4, 6)
    state = {
        "base": base, "tied": base, "transposed": base.t(), "row": base[2], "column": base[:, 3],
        "every-other": base[::2, 1::2], "windows": base.flatten().unfold(0, 4, 1),
        "expanded": torch.ones(1).expand(5), "empty": torch.zeros(0, 3), "end": base.flatten()[24:],
        "scalar": torch.tensor(1.0),
        "channels-last": torch.zeros(2, 3, 4, 4).to(memory_format=torch.channels_last),
        "parameter": torch.nn.Parameter(base), "frozen": torch.nn.Parameter(base, requires_grad=False),
        "rank8": torch.zeros([1] * 8),
    }  # fmt: skip
    save(state, tmp_path, zipped=zipped, protocol=protocol)
    assert refusals(tmp_path) == []


@FORMATS
@PROTOCOLS
def test_checkpoints_of_training_loops(tmp_path: Path, *, protocol: int, zipped: bool) -> None:
    """Nested dicts, optimizer and scheduler states, counters, metadata under other keys."""
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=5)
    model(torch.ones(3)).sum().backward()
    optimizer.step()
    scheduler.step()
    state = {
        "epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(), "history": collections.defaultdict(list, {"loss": [1.0, 0.5]}),
        "recent": collections.deque([0.1, 0.2], maxlen=5), "scaler": torch.amp.GradScaler("cpu").state_dict(),
        "rng": torch.get_rng_state(), "generator": torch.Generator(), "version": torch.__version__,
        "size": torch.Size([1, 2]), "device": torch.device("cuda", 1), "dtype": torch.bfloat16,
        "scheme": torch.per_tensor_affine,
    }  # fmt: skip
    save(state, tmp_path, zipped=zipped, protocol=protocol)
    assert refusals(tmp_path) == []


def test_attributes_of_tensors_and_parameters(tmp_path: Path) -> None:
    """Libraries mark tensors: the marks are literals, and nothing that torch itself looks at."""
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter._is_hf_initialized = True
    tensor = torch.ones(2)
    tensor.tag = "x"
    save({"p": parameter, "t": tensor, "b": torch.nn.Buffer(torch.ones(2))}, tmp_path)
    assert refusals(tmp_path) == []


@FORMATS
@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.parametrize("layout", ["coo", "hybrid", "uncoalesced", "empty", "csr", "csc", "bsr", "bsc"])
def test_sparse_tensors(tmp_path: Path, layout: str, *, zipped: bool) -> None:
    """Their indices are read and lie inside the shape, also where they stand behind the pickle."""
    dense = torch.diag(torch.arange(1.0, 5.0))
    torch.sparse.check_sparse_tensor_invariants.enable()
    made = {
        "coo": dense.to_sparse,
        "hybrid": lambda: torch.rand(3, 4, 5).to_sparse(2),
        "uncoalesced": lambda: torch.sparse_coo_tensor([[0, 0], [1, 1]], [1.0, 2.0], (2, 2)),
        "empty": lambda: torch.zeros(3, 3).to_sparse(),
        "csr": dense.to_sparse_csr,
        "csc": dense.to_sparse_csc,
        "bsr": lambda: dense.to_sparse_bsr((2, 2)),
        "bsc": lambda: dense.to_sparse_bsc((2, 2)),
    }[layout]()
    torch.sparse.check_sparse_tensor_invariants.disable()
    save({"sparse": made, "dense": dense}, tmp_path, zipped=zipped)
    assert refusals(tmp_path) == []


@FORMATS
@pytest.mark.parametrize("index", [-1, 3, 1 << 62])
def test_near_miss_sparse_tensors_with_an_index_outside(tmp_path: Path, index: int, *, zipped: bool) -> None:
    """Torch would write there; the file is refused, wherever the format keeps the index."""
    torch.sparse.check_sparse_tensor_invariants.disable()
    made = torch.eye(3).to_sparse()
    made.indices()[1, 2] = index
    save({"sparse": made}, tmp_path, zipped=zipped)
    assert any("lies outside its dimension of 3" in text for text in refusals(tmp_path))


@FORMATS
@pytest.mark.filterwarnings("ignore")
def test_quantised_tensors(tmp_path: Path, *, zipped: bool) -> None:
    """Per tensor and per channel: extent, axis, scales and zero points fit."""
    state = {
        "tensor": torch.quantize_per_tensor(torch.ones(2, 3), 0.1, 3, torch.quint8),
        "wide": torch.quantize_per_tensor(torch.ones(2, 3), 0.1, 0, torch.qint32),
        "channel": torch.quantize_per_channel(
            torch.ones(2, 3), torch.tensor([0.1, 0.2]), torch.tensor([0, 1]), 0, torch.qint8
        ),
    }
    save(state, tmp_path, zipped=zipped)
    assert refusals(tmp_path) == []


def test_lazy_bits_meta_and_others(tmp_path: Path) -> None:
    """Conjugate and negative bits, tensors without data: records that no loader takes for plain tensors."""
    lazy = torch.ones(2, dtype=torch.complex64).conj()
    other = torch.ones(2, dtype=torch.complex64).conj()
    path = save(
        {"conj": lazy, "neg": other.imag, "meta": torch.ones(2, device="meta"), "w": torch.ones(2)}, tmp_path
    )
    assert refusals(tmp_path) == []
    record = parse_torch_zip(BytesView(path.read_bytes()), DEFAULT_LIMITS)
    assert isinstance(record, TorchZip)
    assert list(record.tensors) == ["w"]


@pytest.mark.filterwarnings("ignore")
def test_nested_tensors_are_refused_with_the_reason(tmp_path: Path) -> None:
    """Their offsets stand in their data."""
    save({"n": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])}, tmp_path)
    assert any("builds a nested tensor" in text for text in refusals(tmp_path))


def test_shards(tmp_path: Path) -> None:
    """Two files and their index, as save_pretrained wrote them before safetensors."""
    state = module_state()
    names = list(state)
    half = len(names) // 2
    shards = ("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")
    for file, part in zip(shards, (names[:half], names[half:]), strict=True):
        torch.save({name: state[name].clone() for name in part}, tmp_path / file)
    where = {name: shards[at >= half] for at, name in enumerate(names)}
    size = sum(tensor.nbytes for tensor in state.values())
    index = {"metadata": {"total_size": size}, "weight_map": where}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    assert refusals(tmp_path) == []
