"""The pre-norm transformer encoder of vision transformers and CLIP.

    a = x + drop(out(attention(query(n), key(n), value(n))))      n = norm(x)
    y = a + drop(outer(activation(inner(norm(a)))))

As in `encoder`, what differs between model_types is a table of names. Dosovitskiy et al.,
https://arxiv.org/abs/2010.11929, appendix A.

Shapes: B batch, T positions, D width, H heads, K width of a head, I width of the inner layer.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.encoder import attend, graft, split_heads
from safeload.architectures.layers.modules import LayerNorm, Linear

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.layers.encoder import BlockNames, BlockShape


class PreNormBlock(nn.Module):
    """One layer of the encoder. `attention_norm` and `output_norm` stand in front of what they name."""

    def __init__(self, shape: BlockShape, names: BlockNames, *, bias: bool = True) -> None:
        """`bias`: of query, key and value."""
        super().__init__()
        self.shape = shape
        self.activation = ACTIVATIONS[shape.activation]
        # the modules are looked up by name at each call, so that a program may replace one
        self._modules_of = attrgetter(
            names.query, names.key, names.value, names.out, names.attention_norm,
            names.inner, names.outer, names.output_norm,
        )  # fmt: skip
        for name in (names.query, names.key, names.value):
            graft(self, name, Linear(shape.width, shape.width, bias=bias))
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
        query, key, value, out, attention_norm, inner, outer, output_norm = self._modules_of(self)
        normed_BTD = attention_norm(x_BTD)
        mixed_BTD, attention_BHTT = attend(
            split_heads(query(normed_BTD), shape.heads),
            split_heads(key(normed_BTD), shape.heads),
            split_heads(value(normed_BTD), shape.heads),
            mask,
            dropout=shape.attention_dropout if training else 0.0,
            eager=eager,
        )
        a_BTD = F.dropout(out(mixed_BTD), shape.output_dropout, training) + x_BTD
        h_BTI = self.activation(inner(output_norm(a_BTD)))
        return F.dropout(outer(h_BTI), shape.dropout, training) + a_BTD, attention_BHTT


class PreNormStack(nn.Module):
    """The layers in order, named `layer.0`, `layer.1` and so on, or as `name` says."""

    def __init__(
        self, count: int, shape: BlockShape, names: BlockNames, *, bias: bool = True, name: str = "layer"
    ) -> None:
        super().__init__()
        self._name = name
        self.add_module(name, nn.ModuleList(PreNormBlock(shape, names, bias=bias) for _ in range(count)))

    def forward(
        self,
        x_BTD: Tensor,
        mask: Tensor | None,
        *,
        eager: bool,
        hidden: bool,
        attentions: bool,
    ) -> dict[str, Any]:
        """Last hidden state without a norm behind it, and where asked for all states and probabilities."""
        states = [x_BTD]
        weights = []
        for block in getattr(self, self._name):
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
