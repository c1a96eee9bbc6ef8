"""ResNeXt-101 32x8d with a feature pyramid, of which the finest level is read.

Xie et al., https://arxiv.org/abs/1611.05431, and Lin et al., https://arxiv.org/abs/1612.03144, with the
constants of detectron2's `build_resnet_fpn_backbone`. Norms are frozen: their weights and statistics are
buffers. Names are those that files have below `visual.backbone`:

    bottom_up.stem.conv1                    7x7, stride 2, then a 3x3 maximum with stride 2
    bottom_up.res{2,3,4,5}.{i}.conv{1,2,3}  1x1, 3x3 in 32 groups with the stride of its stage, 1x1
    bottom_up.res{2,3,4,5}.0.shortcut       1x1, with the stride
    <each of them>.norm                     weight, bias, running_mean, running_var
    fpn_lateral{2,3,4,5}, fpn_output{2,3,4,5}   1x1 and 3x3, with bias

Shapes: B batch, C channels, H height, W width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

GROUPS = 32
STAGES = ((2, 3, 256, 1), (3, 4, 512, 2), (4, 23, 1024, 2), (5, 3, 2048, 2))
"""Number, blocks, channels and stride of each stage. In a bottleneck there are as many channels as behind
it, 32 groups of 8, 16, 32 and 64."""
PYRAMID = 256
"""Channels of every level of the pyramid."""
_STEM = 64
_EPS = 1e-5
_META = torch.device("meta")


class FrozenNorm(nn.Module):
    """Batch norm of fixed statistics. Nothing of it is trained, so all of it are buffers."""

    starts: ClassVar[Mapping[str, float]] = {
        "weight": 1.0,
        "bias": 0.0,
        "running_mean": 0.0,
        "running_var": 1.0 - _EPS,
    }

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name in self.starts:
            self.register_buffer(name, torch.empty(channels, device=_META))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Same shape as the input."""
        parts = self._buffers
        mean, variance = parts["running_mean"], parts["running_var"]
        assert mean is not None  # noqa: S101 - registered above, as is the other
        assert variance is not None  # noqa: S101
        return F.batch_norm(x_BCHW, mean, variance, parts["weight"], parts["bias"], eps=_EPS)


class Conv(nn.Conv2d):
    """A square window on the meta device, with the padding that keeps its centre, and a norm if asked for."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        window: int,
        *,
        stride: int = 1,
        groups: int = 1,
        norm: bool = True,
        frozen: bool = False,
    ) -> None:
        super().__init__(
            inputs, outputs, window, stride, window // 2, groups=groups, bias=not norm, device=_META
        )
        self.norm = FrozenNorm(outputs) if norm else None
        self.weight.requires_grad_(not frozen)

    def reset_parameters(self) -> None:
        """Nothing: see `layers.modules`."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The windows' sums, normed."""
        summed = super().forward(x_BCHW)
        if self.norm is None:
            return summed
        normed: Tensor = self.norm(summed)
        return normed


class Bottleneck(nn.Module):
    """relu(shortcut(x) + conv3(relu(conv2(relu(conv1(x))))))."""

    def __init__(self, inputs: int, outputs: int, stride: int, *, frozen: bool) -> None:
        super().__init__()
        first = inputs != outputs
        self.shortcut = Conv(inputs, outputs, 1, stride=stride, frozen=frozen) if first else None
        self.conv1 = Conv(inputs, outputs, 1, frozen=frozen)
        self.conv2 = Conv(outputs, outputs, 3, stride=stride, groups=GROUPS, frozen=frozen)
        self.conv3 = Conv(outputs, outputs, 1, frozen=frozen)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The block's output."""
        inner = self.conv3(F.relu(self.conv2(F.relu(self.conv1(x_BCHW)))))
        return F.relu(inner + (x_BCHW if self.shortcut is None else self.shortcut(x_BCHW)))


class Stem(nn.Module):
    """What is in front of the stages."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Conv(3, _STEM, 7, stride=2, frozen=True)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """A quarter of the height and of the width."""
        return F.max_pool2d(F.relu(self.conv1(x_BCHW)), 3, 2, 1)


class BottomUp(nn.Module):
    """The stages. detectron2 does not train the stem and the first of them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem()
        channels = _STEM
        for number, count, outputs, stride in STAGES:
            blocks = nn.Sequential()
            for index in range(count):
                blocks.append(
                    Bottleneck(channels, outputs, stride if index == 0 else 1, frozen=number == STAGES[0][0])
                )
                channels = outputs
            self.add_module(f"res{number}", blocks)

    def forward(self, x_BCHW: Tensor) -> list[Tensor]:
        """The output of each stage."""
        x_BCHW = self.stem(x_BCHW)
        levels = []
        for number, *_ in STAGES:
            x_BCHW = self.get_submodule(f"res{number}")(x_BCHW)
            levels.append(x_BCHW)
        return levels


class Pyramid(nn.Module):
    """The feature pyramid. Files hold the outputs of all levels; only the finest one is computed."""

    def __init__(self) -> None:
        super().__init__()
        self.bottom_up = BottomUp()
        for number, _, channels, _ in STAGES:
            self.add_module(f"fpn_lateral{number}", Conv(channels, PYRAMID, 1, norm=False))
            self.add_module(f"fpn_output{number}", Conv(PYRAMID, PYRAMID, 3, norm=False))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The finest level: a quarter of the height and of the width.

        Raises:
            ValueError: an image whose edges are no multiples of 32, so that levels do not meet.
        """
        if x_BCHW.shape[2] % 32 or x_BCHW.shape[3] % 32:
            raise ValueError(f"an image of {list(x_BCHW.shape[2:])}: height and width are multiples of 32")
        summed: Tensor | None = None
        for level, (number, *_) in reversed(list(zip(self.bottom_up(x_BCHW), STAGES, strict=True))):
            lateral = self.get_submodule(f"fpn_lateral{number}")(level)
            summed = lateral if summed is None else lateral + F.interpolate(summed, scale_factor=2.0)
        finest: Tensor = self.get_submodule(f"fpn_output{STAGES[0][0]}")(summed)
        return finest


def norm_names() -> Iterator[str]:
    """The name of every norm, from `bottom_up` on."""
    yield "bottom_up.stem.conv1.norm"
    for number, count, *_ in STAGES:
        for index in range(count):
            parts = ("conv1", "conv2", "conv3") if index else ("conv1", "conv2", "conv3", "shortcut")
            yield from (f"bottom_up.res{number}.{index}.{part}.norm" for part in parts)
