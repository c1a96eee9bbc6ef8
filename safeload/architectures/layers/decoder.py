"""What decoders share: causal attention over what was said before, and the memory of it.

Vaswani et al., https://arxiv.org/abs/1706.03762; heads that share keys and values after Ainslie et al.,
https://arxiv.org/abs/2305.13245; windows after Beltagy et al., https://arxiv.org/abs/2004.05150.

Shapes: B batch, H heads, G heads of keys and values, T new positions, S all positions, K width of a head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.layers.modules import empty_parameter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor


class KeyValueCache:
    """Keys and values of all layers, for positions that were seen: of shape B, G, S, K."""

    def __init__(self) -> None:
        self._layers: list[tuple[Tensor, Tensor]] = []

    def get_seq_length(self) -> int:
        """Number of positions that were seen."""
        return self._layers[0][0].shape[2] if self._layers else 0

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return iter(self._layers)

    def update(self, layer: int, key_BGTK: Tensor, value_BGTK: Tensor) -> tuple[Tensor, Tensor]:
        """Add the new positions of one layer, and return all of them."""
        if layer == len(self._layers):
            # a view would keep what it is a view of
            self._layers.append((key_BGTK.contiguous(), value_BGTK.contiguous()))
        else:
            key, value = self._layers[layer]
            self._layers[layer] = (torch.cat((key, key_BGTK), 2), torch.cat((value, value_BGTK), 2))
        return self._layers[layer]


class RMSNorm(nn.Module):
    """Scale to unit mean square over the last dimension, in float32. https://arxiv.org/abs/1910.07467."""

    starts: Mapping[str, float] = {"weight": 1.0}

    def __init__(self, width: int, *, eps: float) -> None:
        super().__init__()
        self.weight = empty_parameter(width)
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """The same shape and type."""
        wide = x.float()
        normed = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return self.weight * normed.to(x.dtype)


def causal_mask(
    attention_mask: Tensor | None,
    batch: int,
    new: int,
    past: int,
    device: torch.device,
    window: int | None = None,
) -> Tensor | None:
    """True where a position may look: of shape B or 1, 1, T, S. None where each looks at all before it.

    Args:
        attention_mask: of shape B, S; zero where there is padding. One of four dimensions is taken as it is.
        batch: B.
        new: T.
        past: positions seen before.
        device: of the mask.
        window: how many positions back a position may look, itself included; None: to the start.
    """
    whole = past + new
    keep = None
    if attention_mask is not None:
        if attention_mask.dim() == 4:  # batch, head, to, from
            return attention_mask.to(device)
        if attention_mask.shape != (batch, whole):
            raise ValueError(
                f"attention_mask is {list(attention_mask.shape)}, and there are {[batch, whole]} positions, "
                "those that were seen before included"
            )
        keep = attention_mask.to(device=device, dtype=torch.bool)
        keep = None if bool(keep.all()) else keep
    narrow = window is not None and window < whole
    if keep is None and not narrow and (new == 1 or not past):
        return None
    rows = torch.arange(past, whole, device=device)[:, None]
    columns = torch.arange(whole, device=device)[None]
    allowed = columns <= rows
    if window is not None and narrow:
        allowed = allowed & (columns > rows - window)
    mask = allowed[None, None]
    if keep is not None:
        # a row of padding looks at itself: attention to nothing is no number
        mask = (mask & keep[:, None, None, :]) | (columns == rows)[None, None]
    return mask


def attend_causally(
    query_BHTK: Tensor,
    key_BGSK: Tensor,
    value_BGSK: Tensor,
    mask: Tensor | None,
    *,
    scale: float,
    dropout: float,
    eager: bool,
) -> tuple[Tensor, Tensor | None]:
    """Mixed values of shape B, T, H*K, and in eager mode the weights. No mask: all that came before."""
    batch, heads, new, width = query_BHTK.shape
    groups = heads // key_BGSK.shape[1]
    if eager:
        return _step_by_step(
            query_BHTK, _spread(key_BGSK, groups), _spread(value_BGSK, groups), mask, scale, dropout
        )
    if groups > 1 and new == 1 and (mask is None or mask.shape[1] == 1):
        # heads that share keys become positions that look at them: nothing has to be copied
        query = query_BHTK.reshape(batch, -1, groups, width)
        mixed = F.scaled_dot_product_attention(
            query, key_BGSK, value_BGSK, attn_mask=mask, dropout_p=dropout, scale=scale
        )
        return mixed.reshape(batch, 1, heads * width), None
    mixed = F.scaled_dot_product_attention(
        query_BHTK,
        _spread(key_BGSK, groups),
        _spread(value_BGSK, groups),
        attn_mask=mask,
        dropout_p=dropout,
        is_causal=mask is None and new > 1,
        scale=scale,
    )
    return mixed.transpose(1, 2).flatten(2), None


def _spread(x_BGSK: Tensor, groups: int) -> Tensor:
    """One head of keys or values for each head of queries."""
    if groups == 1:
        return x_BGSK
    batch, shared, length, width = x_BGSK.shape
    spread = x_BGSK[:, :, None].expand(batch, shared, groups, length, width)
    return spread.reshape(batch, shared * groups, length, width)


def _step_by_step(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float, dropout: float
) -> tuple[Tensor, Tensor]:
    new, whole = query.shape[2], key.shape[2]
    scores = query @ key.transpose(2, 3) * scale
    if mask is None and new > 1:
        mask = torch.ones(new, whole, dtype=torch.bool, device=scores.device).tril(whole - new)
    if mask is not None and mask.dtype is torch.bool:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    elif mask is not None:
        scores = scores + mask
    weights = scores.softmax(-1, dtype=torch.float32).to(query.dtype)
    weights = F.dropout(weights, dropout, training=True) if dropout else weights
    return (weights @ value).transpose(1, 2).flatten(2), weights
