"""Activation functions by the names that configs use: a closed table of our own functions."""

from __future__ import annotations

import functools
import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F  # noqa: N812 - torch's own convention

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

_gelu_tanh = functools.partial(F.gelu, approximate="tanh")
"""The tanh approximation of https://arxiv.org/abs/1606.08415, section 2."""


def _gelu_10(x: Tensor) -> Tensor:
    """GELU clipped to [-10, 10], https://arxiv.org/abs/2004.09602."""
    return F.gelu(x).clamp(-10.0, 10.0)


def _quick_gelu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.702 * x)


def _gelu_written_out(x: Tensor) -> Tensor:
    """The tanh approximation, in the elementary steps of its first implementation."""
    inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * x.pow(3))
    return 0.5 * x * (1.0 + inner.tanh())


def _relu2(x: Tensor) -> Tensor:
    return F.relu(x).square()


def _linear(x: Tensor) -> Tensor:
    return x


ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "gelu": F.gelu,
        "gelu_python": F.gelu,
        "gelu_10": _gelu_10,
        "gelu_new": _gelu_written_out,
        "gelu_fast": _gelu_written_out,
        "gelu_accurate": _gelu_written_out,
        "gelu_pytorch_tanh": _gelu_tanh,
        "gelu_python_tanh": _gelu_written_out,
        "quick_gelu": _quick_gelu,
        "relu": F.relu,
        "relu2": _relu2,
        "relu6": F.relu6,
        "leaky_relu": F.leaky_relu,
        "silu": F.silu,
        "swish": F.silu,
        "mish": F.mish,
        "hardswish": F.hardswish,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "linear": _linear,
    }
)
"""The names are those of `formats.config_fields`; a test holds that the two sets are equal."""
