"""Layouts of torch 0.4 and 1.x that nobody writes any more, and that repositories are full of."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
import torch

from tests.forge.benign import refusals
from tests.forge.old_torch import old_parameter, old_stream, old_tensor, old_zip, state_dict, storage
from tests.forge.pickle_assembler import assemble

if TYPE_CHECKING:
    from pathlib import Path


def is_loaded_by_torch(data: bytes) -> bool:
    """The oracle: torch still reads what was assembled."""
    loaded = torch.load(io.BytesIO(data), weights_only=True)
    return bool((loaded["weight"] == torch.arange(6.0).view(2, 3)).all())


@pytest.mark.parametrize("make", [old_tensor, old_parameter])
@pytest.mark.parametrize("version", [b"1\n", b"2\n", b"3\n"])
@pytest.mark.parametrize("root", ["archive", "pytorch_model", "model.ckpt"])
def test_zip_without_later_members(tmp_path: Path, make, version: bytes, root: str) -> None:
    """No byteorder, no `.data`, an older version, a root named after the file."""
    data = old_zip(state_dict(make(storage(view=False))), version=version, root=root)
    assert is_loaded_by_torch(data)
    (tmp_path / "pytorch_model.bin").write_bytes(data)
    assert refusals(tmp_path) == []


@pytest.mark.parametrize("make", [old_tensor, old_parameter])
@pytest.mark.parametrize("python2", [False, True])
def test_stream_of_five_pickles(tmp_path: Path, make, *, python2: bool) -> None:
    """Persistent ids of six fields; texts as Python 2 wrote them."""
    where = storage(view=True, python2=python2)
    data = old_stream(state_dict(make(where), python2=python2))
    assert is_loaded_by_torch(data)
    (tmp_path / "pytorch_model.bin").write_bytes(data)
    assert refusals(tmp_path) == []


def test_storage_types_of_cuda(tmp_path: Path) -> None:
    """`torch.cuda.FloatStorage`, as the first releases named what lay on a GPU."""
    where = storage(view=True, kind=("torch.cuda", "FloatStorage"))
    (tmp_path / "pytorch_model.bin").write_bytes(old_stream(state_dict(old_tensor(where))))
    assert refusals(tmp_path) == []


def test_names_of_python_2(tmp_path: Path) -> None:
    """`__builtin__.set`, `copy_reg._reconstructor` and `__builtin__.object` beside the weights."""
    extra = assemble(
        "PROTO", 2, "EMPTY_DICT", "MARK",
        "BINUNICODE", "weight", old_tensor(storage(view=True)),
        "BINUNICODE", "names", "GLOBAL", ("__builtin__", "set"), "MARK", "BININT1", 1, "LIST", "TUPLE1",
        "REDUCE",
        "BINUNICODE", "args", "GLOBAL", ("copy_reg", "_reconstructor"), "GLOBAL", ("argparse", "Namespace"),
        "GLOBAL", ("__builtin__", "object"), "NONE", "TUPLE3", "REDUCE", "EMPTY_DICT", "BINUNICODE", "lr",
        "BINFLOAT", 0.1, "SETITEM", "BUILD",
        "SETITEMS", "STOP",
    )  # fmt: skip
    (tmp_path / "pytorch_model.bin").write_bytes(old_stream(extra))
    assert refusals(tmp_path) == []
