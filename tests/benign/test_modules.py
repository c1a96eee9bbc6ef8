"""A whole module of torch.nn, pickled as an object, is allowed with the pack `nn-modules` switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from tests.forge.benign import refusals

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")

MODULES = {
    "vision": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout2d(), nn.Flatten(),
        nn.AdaptiveAvgPool2d(1), nn.Upsample(scale_factor=2), nn.ConvTranspose2d(4, 3, 2), nn.GroupNorm(1, 3),
    ),
    "text": lambda: nn.ModuleDict(
        {"e": nn.Embedding(5, 4), "lstm": nn.LSTM(4, 4, bidirectional=True), "a": nn.MultiheadAttention(4, 2)}
    ),
    "transformer": lambda: nn.Transformer(4, 2, 1, 1, 8, activation="gelu"),
    "lists": lambda: nn.ModuleList([nn.Identity(), nn.ParameterList([nn.Parameter(torch.ones(2))])]),
    "losses": lambda: nn.ModuleList([nn.CrossEntropyLoss(torch.ones(3)), nn.BCELoss(), nn.MSELoss()]),
}  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("name", MODULES)
def test_whole_modules(tmp_path: Path, *, name: str, zipped: bool, protocol: int) -> None:
    """Parameters, buffers, submodules and empty hooks; without the pack the classes are unlisted."""
    path = tmp_path / "model.pt"
    torch.save(MODULES[name](), path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    assert refusals(tmp_path, "nn-modules") == []
    assert any(text.startswith("pickle.unlisted-global") for text in refusals(tmp_path))


def test_a_module_with_a_hook_is_refused(tmp_path: Path) -> None:
    """What stands in hooks is called: `set` is listed, and still no hook."""
    module = nn.Linear(2, 2)
    module.register_forward_hook(set)
    torch.save(module, tmp_path / "model.pt")
    assert any("brings hooks" in text for text in refusals(tmp_path, "nn-modules"))


def test_quantised_modules_are_refused(tmp_path: Path) -> None:
    """Their `__setstate__` packs weights through native operators."""
    quantised = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(2, 2)), {nn.Linear})
    torch.save(quantised, tmp_path / "model.pt")
    assert any("torch.ao" in text for text in refusals(tmp_path, "nn-modules"))
