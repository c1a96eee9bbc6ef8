"""A stand-in for detectron2, which transformers needs to build LayoutLMv2: its backbone from the description.

Nothing of it is ours: the list of names and shapes is written out from detectron2's documentation of
`build_resnet_fpn_backbone`, and the numbers come from plain functions of torch over a dict of tensors. A
norm is arithmetic, enlarging is repetition, and a convolution in groups is one convolution per group.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTHS = {"res2": 3, "res3": 4, "res4": 23, "res5": 3}
OUTPUTS = {"res2": 256, "res3": 512, "res4": 1024, "res5": 2048}


def shapes() -> dict[str, tuple[int, ...]]:
    """Every name below `visual.backbone`, with its shape."""
    found: dict[str, tuple[int, ...]] = {}

    def conv(name: str, out: int, into: int, window: int) -> None:
        found[f"{name}.weight"] = (out, into, window, window)
        for part in ("weight", "bias", "running_mean", "running_var"):
            found[f"{name}.norm.{part}"] = (out,)

    conv("bottom_up.stem.conv1", 64, 3, 7)
    before = 64
    for stage, depth in DEPTHS.items():
        width = OUTPUTS[stage]
        for block in range(depth):
            at = f"bottom_up.{stage}.{block}"
            if block == 0:
                conv(f"{at}.shortcut", width, before, 1)
            conv(f"{at}.conv1", width, before, 1)
            conv(f"{at}.conv2", width, width // 32, 3)
            conv(f"{at}.conv3", width, width, 1)
            before = width
    for level, width in zip("2345", OUTPUTS.values(), strict=True):
        found[f"fpn_lateral{level}.weight"] = (256, width, 1, 1)
        found[f"fpn_output{level}.weight"] = (256, 256, 3, 3)
        for part in ("lateral", "output"):
            found[f"fpn_{part}{level}.bias"] = (256,)
    return found


def finest(t: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Level p2 of a picture, from the tensors by name."""

    def normed(x: torch.Tensor, name: str) -> torch.Tensor:
        weight, bias, mean, var = (
            t[f"{name}.norm.{part}"][None, :, None, None]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / torch.sqrt(var + 1e-5) * weight + bias

    def grouped(x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
        parts = zip(x.chunk(32, 1), weight.chunk(32, 0), strict=True)
        return torch.cat([F.conv2d(part, kernel, stride=stride, padding=1) for part, kernel in parts], 1)

    x = F.relu(
        normed(F.conv2d(x, t["bottom_up.stem.conv1.weight"], stride=2, padding=3), "bottom_up.stem.conv1")
    )
    x = F.pad(x, (1, 1, 1, 1), value=-torch.inf).unfold(2, 3, 2).unfold(3, 3, 2).amax((-1, -2))
    levels = []
    for stage, depth in DEPTHS.items():
        for block in range(depth):
            at, stride = f"bottom_up.{stage}.{block}", 2 if block == 0 and stage != "res2" else 1
            kept = x
            if block == 0:
                kept = normed(F.conv2d(x, t[f"{at}.shortcut.weight"], stride=stride), f"{at}.shortcut")
            x = F.relu(normed(F.conv2d(x, t[f"{at}.conv1.weight"]), f"{at}.conv1"))
            x = F.relu(normed(grouped(x, t[f"{at}.conv2.weight"], stride), f"{at}.conv2"))
            x = F.relu(normed(F.conv2d(x, t[f"{at}.conv3.weight"]), f"{at}.conv3") + kept)
        levels.append(x)
    top = None
    for level, x in zip("5432", reversed(levels), strict=True):
        lateral = F.conv2d(x, t[f"fpn_lateral{level}.weight"], t[f"fpn_lateral{level}.bias"])
        if top is not None:
            lateral = lateral + top.repeat_interleave(2, 2).repeat_interleave(2, 3)
        top = lateral
    return F.conv2d(top, t["fpn_output2.weight"], t["fpn_output2.bias"], padding=1)


class FrozenBatchNorm2d(nn.Module):
    """By this class transformers knows a norm. Ours holds buffers and computes nothing."""

    eps = 1e-5


class FPN(nn.Module):
    """The backbone: the names above, filled so that numbers neither vanish nor grow through 101 layers."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        for name, shape in shapes().items():
            *path, leaf = name.split(".")
            module: nn.Module = self
            for part in path:
                if not hasattr(module, part):
                    module.add_module(part, FrozenBatchNorm2d() if part == "norm" else nn.Module())
                module = module.get_submodule(part)
            if len(shape) == 4:
                scale = (2 / (shape[1] * shape[2] * shape[3])) ** 0.5
                value = torch.randn(shape, generator=generator) * scale
            elif leaf == "running_var":
                value = torch.rand(shape, generator=generator) + 0.5
            elif name.endswith("norm.weight"):
                value = torch.rand(shape, generator=generator) * (0.3 if "conv3" in name else 1.0) + 0.1
            else:
                value = torch.randn(shape, generator=generator) * 0.1
            if "norm" in path:
                module.register_buffer(leaf, value)
            else:
                module.register_parameter(leaf, nn.Parameter(value))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """The finest level, by its name."""
        return {"p2": finest({**dict(self.named_parameters()), **dict(self.named_buffers())}, x)}

    def output_shape(self) -> dict[str, Any]:
        """What transformers asks about it."""
        return {"p2": SimpleNamespace(channels=256, stride=4)}


class _Settings(dict[str, Any]):
    """Nested settings as attributes."""

    def __getattr__(self, name: str) -> Any:
        return self.setdefault(name, _Settings())

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def _get_cfg() -> _Settings:
    settings = _Settings()
    settings.MODEL.META_ARCHITECTURE = "GeneralizedRCNN"
    settings.MODEL.PIXEL_MEAN = [103.53, 116.28, 123.675]
    return settings


@contextmanager
def stand_in(backbone: FPN) -> Iterator[None]:
    """Within it, transformers finds detectron2, and builds every model upon this one backbone."""

    def module(name: str, **values: Any) -> ModuleType:
        made = ModuleType(name)
        vars(made).update(values)
        return made

    class Registry:
        @staticmethod
        def get(_: str) -> Any:
            return lambda _cfg: SimpleNamespace(backbone=backbone)

    norms = module("detectron2.layers.batch_norm", FrozenBatchNorm2d=FrozenBatchNorm2d)
    parts = {
        "detectron2": module("detectron2"),
        "detectron2.config": module("detectron2.config", get_cfg=_get_cfg),
        "detectron2.layers": module(
            "detectron2.layers", FrozenBatchNorm2d=FrozenBatchNorm2d, batch_norm=norms
        ),
        "detectron2.layers.batch_norm": norms,
        "detectron2.modeling": module(
            "detectron2.modeling",
            META_ARCH_REGISTRY=Registry,
            backbone=module("detectron2.modeling.backbone", FPN=FPN),
        ),
    }
    for name in ("config", "layers", "modeling"):
        setattr(parts["detectron2"], name, parts[f"detectron2.{name}"])
    sys.modules.update(parts)
    # whichever test has imported them before, without detectron2
    users = [
        importlib.import_module(f"transformers.models.layoutlmv2.{name}_layoutlmv2")
        for name in ("configuration", "modeling")
    ]
    for user in users:
        vars(user)["detectron2"] = parts["detectron2"]
    vars(users[1])["META_ARCH_REGISTRY"] = Registry
    available = importlib.import_module("transformers.utils.import_utils").is_detectron2_available
    available.cache_clear()
    try:
        yield
    finally:
        for name in parts:
            del sys.modules[name]
        available.cache_clear()
