"""Linear, Embedding, LayerNorm and Conv2d on the meta device, without initialisers.

An initialiser costs time that the weights overwrite, and on the meta device it pulls in torch's
compiler, which takes longer to import than torch itself. What a checkpoint does not bring is
initialised on real memory by `initialise`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

_META = torch.device("meta")


class Linear(nn.Linear):
    """y = x W^T + b."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True) -> None:
        super().__init__(inputs, outputs, bias=bias, device=_META)

    def reset_parameters(self) -> None:
        """Nothing: see the module's docstring."""


class Embedding(nn.Embedding):
    """Rows by number."""

    def __init__(self, rows: int, width: int, *, padding: int | None = None) -> None:
        # -1 is how some writers say that there is no padding token
        index = None if padding is None or padding < 0 else padding
        super().__init__(rows, width, padding_idx=index, device=_META)

    def reset_parameters(self) -> None:
        """Nothing: see the module's docstring."""


class LayerNorm(nn.LayerNorm):
    """Zero mean and unit variance over the last dimension, then scale and shift."""

    def __init__(self, width: int, *, eps: float) -> None:
        super().__init__(width, eps=eps, device=_META)

    def reset_parameters(self) -> None:
        """Nothing: see the module's docstring."""


class Conv2d(nn.Conv2d):
    """Windows of an image, each through the same weights."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        window: tuple[int, int] = (1, 1),
        stride: tuple[int, int] = (1, 1),
        bias: bool = True,
    ) -> None:
        super().__init__(inputs, outputs, kernel_size=window, stride=stride, bias=bias, device=_META)

    def reset_parameters(self) -> None:
        """Nothing: see the module's docstring."""


def empty_parameter(*shape: int) -> nn.Parameter:
    """A parameter without memory."""
    return nn.Parameter(torch.empty(shape, device=_META))


@torch.no_grad()
def initialise(module: nn.Module, leaf: str, value: Tensor, spread: float) -> Tensor:
    """Fill `value`, which has memory, as the start of parameter `leaf` of `module`.

    A module says in `starts` which constants it wants and in `spread` how far the rest spreads, or fills a
    parameter in with a method `fresh`. Otherwise biases are zero, norms one, and everything else is normal
    with standard deviation `spread`.
    """
    starts = getattr(module, "starts", {})
    if leaf in starts:
        return value.fill_(starts[leaf])
    fresh = getattr(module, "fresh", None)
    own: Tensor | None = None if fresh is None else fresh(leaf, value)
    if own is not None:
        return own
    if leaf == "bias":
        return value.zero_()
    if isinstance(module, nn.LayerNorm):
        return value.fill_(1.0)
    value.normal_(0.0, getattr(module, "spread", spread))
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        value[module.padding_idx].zero_()
    return value
