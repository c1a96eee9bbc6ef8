"""From sound to frames: the convolutions of wav2vec2 and its relatives, and their relative positions.

Baevski et al., https://arxiv.org/abs/2006.11477, section 2. A stack of convolutions makes a frame of
features every 20 ms (with the published strides), which are normed and projected to the encoder's width.
Positions are not numbered: a convolution over the frames, its weight normed, is added to them.

Shapes: B batch, S samples, T frames, C features of the convolutions, D width, K kernel, G groups.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.modules import LayerNorm, Linear, empty_parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from safeload.architectures.base.config import Config

_EPS = 1e-5
"""Of the norms between the convolutions, whatever the config says about the encoder's."""
_META = torch.device("meta")


class Conv1d(nn.Conv1d):
    """A convolution on the meta device, without an initialiser."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, padding=padding, bias=bias, device=_META)

    def reset_parameters(self) -> None:
        """Nothing: what a checkpoint does not bring is started by `fresh`."""

    def fresh(self, leaf: str, value: Tensor) -> Tensor:
        """Start values as the reference draws them: He's for the weight, uniform ones for the bias."""
        inputs = self.in_channels * self.kernel_size[0]
        if leaf == "weight":
            return value.normal_(0.0, math.sqrt(2 / inputs))
        return value.uniform_(-math.sqrt(1 / inputs), math.sqrt(1 / inputs))


class EvenLinear(Linear):
    """A linear layer with torch's own start values."""

    def fresh(self, leaf: str, value: Tensor) -> Tensor:  # noqa: ARG002 - weight and bias start alike
        """Uniform, the less wide the more inputs there are."""
        bound = 1 / math.sqrt(self.in_features)
        return value.uniform_(-bound, bound)


class GroupNorm(nn.GroupNorm):
    """Zero mean and unit variance of each feature over time, then scale and shift."""

    def __init__(self, features: int) -> None:
        super().__init__(features, features, eps=_EPS, device=_META)

    def reset_parameters(self) -> None:
        """Nothing: started by `fresh`."""

    def fresh(self, leaf: str, value: Tensor) -> Tensor:
        """One for the scale, zero for the shift."""
        return value.fill_(1.0 if leaf == "weight" else 0.0)


class ConvLayer(nn.Module):
    """One convolution, normed or not."""

    def __init__(self, config: Config, index: int) -> None:
        super().__init__()
        inputs = config.conv_dim[index - 1] if index else 1
        outputs = config.conv_dim[index]
        self.conv = Conv1d(
            inputs,
            outputs,
            config.conv_kernel[index],
            stride=config.conv_stride[index],
            bias=config.conv_bias,
        )
        self.activation = ACTIVATIONS[config.feat_extract_activation]
        self.layer_norm: nn.Module | None = None
        if config.feat_extract_norm == "layer":
            self.layer_norm = LayerNorm(outputs, eps=_EPS)
        elif index == 0:
            self.layer_norm = GroupNorm(outputs)

    def forward(self, x_BCS: Tensor) -> Tensor:
        """Fewer positions, and as many features as the layer has."""
        y_BCT: Tensor = self.conv(x_BCS)
        if isinstance(self.layer_norm, GroupNorm):
            y_BCT = self.layer_norm(y_BCT)
        elif self.layer_norm is not None:
            y_BCT = self.layer_norm(y_BCT.transpose(1, 2)).transpose(1, 2)
        return self.activation(y_BCT)


class FeatureEncoder(nn.Module):
    """The stack of convolutions."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.conv_layers = nn.ModuleList(ConvLayer(config, index) for index in range(len(config.conv_dim)))

    def forward(self, samples_BS: Tensor) -> Tensor:
        """Features of shape batch, frames, features."""
        x_BCT = samples_BS[:, None]
        for layer in self.conv_layers:
            x_BCT = layer(x_BCT)
        return x_BCT.transpose(1, 2)


class FeatureProjection(nn.Module):
    """The features in the encoder's width."""

    def __init__(self, config: Config, *, normed: bool = True) -> None:
        super().__init__()
        features = config.conv_dim[-1]
        self.layer_norm = LayerNorm(features, eps=config.layer_norm_eps) if normed else None
        self.projection = EvenLinear(features, config.hidden_size)
        self.dropout = nn.Dropout(config.feat_proj_dropout)

    def forward(self, x_BTC: Tensor) -> tuple[Tensor, Tensor]:
        """Frames in the encoder's width, and the normed features that they were made from."""
        if self.layer_norm is not None:
            x_BTC = self.layer_norm(x_BTC)
        return self.dropout(self.projection(x_BTC)), x_BTC


class _NormedWeight(nn.Module):
    """Length and direction of a weight, under the names that torch's parametrisation gives them."""

    def __init__(self, outputs: int, inputs: int, kernel: int) -> None:
        super().__init__()
        self.original0 = empty_parameter(1, 1, kernel)
        self.original1 = empty_parameter(outputs, inputs, kernel)
        self._spread = 2 * math.sqrt(1 / (kernel * outputs))

    def forward(self) -> Tensor:
        """The weight: each position of the kernel has the length that stands beside it."""
        return torch._weight_norm(self.original1, self.original0, 2)  # noqa: SLF001 - what weight_norm calls

    def fresh(self, leaf: str, value: Tensor) -> Tensor:
        """A normal direction, and the length that it has on average."""
        if leaf == "original1":
            return value.normal_(0.0, self._spread)
        outputs, inputs, _ = self.original1.shape
        return value.fill_(self._spread * math.sqrt(outputs * inputs))


class WeightNormConv1d(nn.Module):
    """A grouped convolution whose weight is stored as length and direction (weight norm).

    Salimans and Kingma, https://arxiv.org/abs/1602.07868. Files call the two `weight_g` and `weight_v`, or
    `parametrizations.weight.original0` and `.original1`; they stay apart here, so that a model that was
    trained and saved is the one that others train on.
    """

    def __init__(self, width: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.groups = groups
        self.padding = kernel // 2
        self.bias = empty_parameter(width)
        self.parametrizations = nn.ModuleDict({"weight": _NormedWeight(width, width // groups, kernel)})

    @property
    def weight(self) -> Tensor:
        """The weight that the convolution uses."""
        made: Tensor = self.parametrizations["weight"]()
        return made

    def forward(self, x_BDT: Tensor) -> Tensor:
        """Same features; a kernel of even size gives one position more."""
        return F.conv1d(x_BDT, self.weight, self.bias, padding=self.padding, groups=self.groups)


class PositionalConv(nn.Module):
    """Where a frame stands among its neighbours."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.conv = WeightNormConv1d(
            config.hidden_size, config.num_conv_pos_embeddings, config.num_conv_pos_embedding_groups
        )
        self.surplus = 1 - config.num_conv_pos_embeddings % 2
        self.activation = ACTIVATIONS[config.feat_extract_activation]

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Same shape as the input."""
        y_BDT = self.conv(x_BTD.transpose(1, 2))
        if self.surplus:
            y_BDT = y_BDT[:, :, : -self.surplus]
        return self.activation(y_BDT).transpose(1, 2)


def frames_of(samples: Tensor | int, kernels: Sequence[int], strides: Sequence[int]) -> Tensor:
    """How many frames the convolutions make of a number of samples, or of each."""
    length = torch.as_tensor(samples)
    for kernel, stride in zip(kernels, strides, strict=True):
        length = torch.div(length - kernel, stride, rounding_mode="floor") + 1
    return length


def frames_heard(lengths_B: Tensor, frames: int) -> Tensor:
    """True for the frames of shape batch, frames that belong to each sound; the others are padding.

    A sound that is too short for a single frame has all of them, as in the reference.
    """
    last_B = (lengths_B.long() - 1).unsqueeze(-1)
    if int(last_B.max()) >= frames:
        raise ValueError(f"the attention mask has {int(last_B.max()) + 1} frames, and the sound {frames}")
    return torch.arange(frames, device=lengths_B.device) <= last_B.remainder(frames)
