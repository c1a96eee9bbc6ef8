"""The post-norm transformer encoder of bert and its relatives.

    a = norm(x + drop(out(attention(query(x), key(x), value(x)))))
    y = norm(a + drop(outer(activation(inner(a)))))

One implementation serves every model_type of the family: what differs is how the checkpoint names
the eight modules of a block, and that is a table.

Shapes: B batch, T positions, D width, H heads, K width of a head, I width of the inner layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.modules import LayerNorm, Linear

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockNames:
    """What the checkpoint calls the modules of one block, with dots."""

    query: str
    key: str
    value: str
    out: str
    attention_norm: str
    inner: str
    outer: str
    output_norm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockShape:
    """Sizes and constants of one block."""

    width: int
    heads: int
    inner: int
    activation: str
    eps: float
    dropout: float
    """Behind the inner layer."""
    attention_dropout: float
    """On the attention probabilities."""
    output_dropout: float
    """Behind the attention's output projection."""


class PostNormBlock(nn.Module):
    """One layer of the encoder."""

    def __init__(self, shape: BlockShape, names: BlockNames) -> None:
        super().__init__()
        self.shape = shape
        self.activation = ACTIVATIONS[shape.activation]
        # the modules are looked up by name at each call, so that a program may replace one
        self._modules_of = attrgetter(
            names.out, names.attention_norm, names.inner, names.outer, names.output_norm
        )
        self._add_projections(shape, names)
        graft(self, names.out, Linear(shape.width, shape.width))
        graft(self, names.inner, Linear(shape.width, shape.inner))
        graft(self, names.outer, Linear(shape.inner, shape.width))
        for name in (names.attention_norm, names.output_norm):
            graft(self, name, LayerNorm(shape.width, eps=shape.eps))

    def forward(
        self,
        x_BTD: Tensor,
        mask: Tensor | None = None,
        eager: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The block's output, and the attention probabilities in eager mode."""
        shape, training = self.shape, self.training
        out, attention_norm, inner, outer, output_norm = self._modules_of(self)
        query_BTD, key_BTD, value_BTD = self._projected(x_BTD)
        mixed_BTD, attention_BHTT = attend(
            split_heads(query_BTD, shape.heads),
            split_heads(key_BTD, shape.heads),
            split_heads(value_BTD, shape.heads),
            mask,
            dropout=shape.attention_dropout if training else 0.0,
            eager=eager,
        )
        update_BTD = F.dropout(out(mixed_BTD), shape.output_dropout, training)
        a_BTD = attention_norm(update_BTD + x_BTD)
        h_BTI = self.activation(inner(a_BTD))
        update_BTD = F.dropout(outer(h_BTI), shape.dropout, training)
        return output_norm(update_BTD + a_BTD), attention_BHTT

    def _add_projections(self, shape: BlockShape, names: BlockNames) -> None:
        """The modules that make query, key and value."""
        self._projections_of = attrgetter(names.query, names.key, names.value)
        for name in (names.query, names.key, names.value):
            graft(self, name, Linear(shape.width, shape.width))

    def _projected(self, x_BTD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value, each of the input's shape."""
        query, key, value = self._projections_of(self)
        return query(x_BTD), key(x_BTD), value(x_BTD)


class PostNormStack(nn.Module):
    """The layers in order, named `layer.0`, `layer.1` and so on."""

    def __init__(
        self, count: int, shape: BlockShape, names: BlockNames, kind: type[PostNormBlock] = PostNormBlock
    ) -> None:
        super().__init__()
        self.layer = nn.ModuleList(kind(shape, names) for _ in range(count))

    def forward(
        self,
        x_BTD: Tensor,
        mask: Tensor | None,
        *,
        eager: bool,
        hidden: bool,
        attentions: bool,
    ) -> dict[str, Any]:
        """Last hidden state, and where asked for all hidden states and attention probabilities."""
        states = [x_BTD]
        weights = []
        for block in self.layer:
            x_BTD, attention = block(x_BTD, mask, eager)
            if hidden:
                states.append(x_BTD)
            if attentions:
                weights.append(attention)
        return {
            "last_hidden_state": x_BTD,
            "hidden_states": tuple(states) if hidden else None,
            "attentions": tuple(weights) if attentions else None,
        }


def attend(
    query_BHTK: Tensor,
    key_BHTK: Tensor,
    value_BHTK: Tensor,
    mask: Tensor | None,
    *,
    dropout: float,
    eager: bool,
) -> tuple[Tensor, Tensor | None]:
    """Scaled dot-product attention: the mixed values with heads joined, and in eager mode the weights."""
    weights = None
    if eager:
        scores = query_BHTK @ key_BHTK.transpose(2, 3) * query_BHTK.shape[-1] ** -0.5
        if mask is not None:
            if mask.dtype is torch.bool:
                scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
            else:
                scores = scores + mask
        weights = F.dropout(scores.softmax(-1), dropout, training=True) if dropout else scores.softmax(-1)
        mixed = weights @ value_BHTK
    else:
        mixed = F.scaled_dot_product_attention(
            query_BHTK, key_BHTK, value_BHTK, attn_mask=mask, dropout_p=dropout
        )
    return mixed.transpose(1, 2).flatten(2), weights


def padding_mask(attention_mask: Tensor | None, like_BTD: Tensor) -> Tensor | None:
    """True where attention may look, or None where no position is padding.

    Attention without a mask is another, faster kernel. A mask of four dimensions is taken as it is.
    """
    if attention_mask is None:
        return None
    mask = attention_mask.to(like_BTD.device)
    if mask.dim() == 4:  # batch, head, to, from
        return mask
    keep = mask.to(torch.bool)
    if bool(keep.all()):
        return None
    batch, length = like_BTD.shape[:2]
    return keep[:, None, None, :].expand(batch, 1, length, keep.shape[-1])


def split_heads(x_BTD: Tensor, heads: int) -> Tensor:
    """Batch, head, position, width of a head."""
    batch, length, width = x_BTD.shape
    return x_BTD.view(batch, length, heads, width // heads).transpose(1, 2)


def graft(root: nn.Module, name: str, module: nn.Module) -> None:
    """Put `module` under a dotted name, with plain modules on the way."""
    *path, leaf = name.split(".")
    for part in path:
        if not hasattr(root, part):
            root.add_module(part, nn.Module())
        root = root.get_submodule(part)
    root.add_module(leaf, module)
