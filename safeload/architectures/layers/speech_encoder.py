"""The transformer of wav2vec2 and its relatives, with its norms behind the layers or in front of them.

    post-norm (base models)      a = norm(x + attention(x));  y = norm(a + feed(a))
    pre-norm (`do_stable_layer_norm`, large ones)  a = x + attention(norm(x));  y = a + feed(norm(a))

A norm in front of the stack belongs to the first kind, the same one behind it to the second. In training
whole layers are left out at random (LayerDrop, https://arxiv.org/abs/1909.11556).

Shapes: B batch, T frames, D width, I width of the inner layer, A width of an adapter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.encoder import attend, padding_mask, split_heads
from safeload.architectures.layers.modules import LayerNorm, Linear
from safeload.architectures.layers.speech import Conv1d, PositionalConv

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.base.config import Config


class SpeechAttention(nn.Module):
    """Attention of every frame to every frame."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.dropout = config.attention_dropout
        self.k_proj = Linear(width, width)
        self.v_proj = Linear(width, width)
        self.q_proj = Linear(width, width)
        self.out_proj = Linear(width, width)

    def forward(self, x_BTD: Tensor, mask: Tensor | None, *, eager: bool) -> tuple[Tensor, Tensor | None]:
        """The mixed frames, and the attention probabilities in eager mode."""
        mixed_BTD, weights = attend(
            split_heads(self.q_proj(x_BTD), self.heads),
            split_heads(self.k_proj(x_BTD), self.heads),
            split_heads(self.v_proj(x_BTD), self.heads),
            mask,
            dropout=self.dropout if self.training else 0.0,
            eager=eager,
        )
        return self.out_proj(mixed_BTD), weights


class FeedForward(nn.Module):
    """Two layers with an activation between them."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.intermediate_dropout = nn.Dropout(config.activation_dropout)
        self.intermediate_dense = Linear(config.hidden_size, config.intermediate_size)
        self.activation = ACTIVATIONS[config.hidden_act]
        self.output_dense = Linear(config.intermediate_size, config.hidden_size)
        self.output_dropout = nn.Dropout(config.hidden_dropout)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Same shape as the input."""
        h_BTI = self.intermediate_dropout(self.activation(self.intermediate_dense(x_BTD)))
        fed_BTD: Tensor = self.output_dropout(self.output_dense(h_BTI))
        return fed_BTD


class AttentionAdapter(nn.Module):
    """A small layer behind each block that was trained for one language (MMS, arXiv:2305.13516)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.norm = LayerNorm(config.hidden_size, eps=1e-5)
        self.linear_1 = Linear(config.hidden_size, config.adapter_attn_dim)
        self.linear_2 = Linear(config.adapter_attn_dim, config.hidden_size)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Same shape as the input."""
        adapted_BTD: Tensor = self.linear_2(F.relu(self.linear_1(self.norm(x_BTD))))
        return adapted_BTD


class SpeechBlock(nn.Module):
    """One layer of the encoder, of either kind."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.before = bool(config.do_stable_layer_norm)
        self.attention = SpeechAttention(config)
        self.dropout = nn.Dropout(config.hidden_dropout)
        self.layer_norm = LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.feed_forward = FeedForward(config)
        self.final_layer_norm = LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.adapter_layer: nn.Module | None = None
        if self.before and getattr(config, "adapter_attn_dim", None) is not None:
            self.adapter_layer = AttentionAdapter(config)

    def forward(self, x_BTD: Tensor, mask: Tensor | None, eager: bool) -> tuple[Tensor, Tensor | None]:
        """The block's output, and the attention probabilities in eager mode."""
        heard_BTD = self.layer_norm(x_BTD) if self.before else x_BTD
        update_BTD, weights = self.attention(heard_BTD, mask, eager=eager)
        a_BTD = x_BTD + self.dropout(update_BTD)
        if not self.before:
            a_BTD = self.layer_norm(a_BTD)
            return self.final_layer_norm(a_BTD + self.feed_forward(a_BTD)), weights
        y_BTD = a_BTD + self.feed_forward(self.final_layer_norm(a_BTD))
        if self.adapter_layer is not None:
            y_BTD = y_BTD + self.adapter_layer(y_BTD)
        return y_BTD, weights


class SpeechEncoder(nn.Module):
    """Positions, then the layers `layers.0`, `layers.1` and so on."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.before = bool(config.do_stable_layer_norm)
        self.layerdrop = float(config.layerdrop)
        self.pos_conv_embed = PositionalConv(config)
        self.layer_norm = LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout)
        self.layers = nn.ModuleList(SpeechBlock(config) for _ in range(config.num_hidden_layers))

    def forward(
        self, x_BTD: Tensor, heard_BT: Tensor | None, *, eager: bool, hidden: bool, attentions: bool
    ) -> dict[str, Any]:
        """Last hidden state, and where asked for those of all layers and the attention probabilities.

        The hidden states are those between the layers: in a pre-norm encoder the last of them is not yet
        normed.
        """
        if heard_BT is not None:
            x_BTD = x_BTD.masked_fill(~heard_BT[..., None], 0.0)
        mask = padding_mask(heard_BT, x_BTD)
        x_BTD = x_BTD + self.pos_conv_embed(x_BTD)
        if not self.before:
            x_BTD = self.layer_norm(x_BTD)
        x_BTD = self.dropout(x_BTD)
        states = [x_BTD]
        weights = []
        for block in self.layers:
            if self.training and self.layerdrop and float(torch.rand([])) < self.layerdrop:
                continue
            x_BTD, attention = block(x_BTD, mask, eager)
            if hidden:
                states.append(x_BTD)
            if attentions:
                weights.append(attention)
        return {
            "last_hidden_state": self.layer_norm(x_BTD) if self.before else x_BTD,
            "hidden_states": tuple(states) if hidden else None,
            "attentions": tuple(weights) if attentions else None,
        }


class ConvAdapter(nn.Module):
    """Convolutions that shorten the encoder's output, for a decoder behind it (`add_adapter`)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.output_hidden_size or config.hidden_size
        self.proj: nn.Module | None = None
        self.proj_layer_norm: nn.Module | None = None
        if width != config.hidden_size:
            self.proj = Linear(config.hidden_size, width)
            self.proj_layer_norm = LayerNorm(width, eps=1e-5)
        self.layers = nn.ModuleList(
            ConvAdapterLayer(width, config.adapter_kernel_size, config.adapter_stride)
            for _ in range(config.num_adapter_layers)
        )
        self.layerdrop = float(config.layerdrop)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Fewer frames, of the adapter's width."""
        if self.proj is not None and self.proj_layer_norm is not None:
            x_BTD = self.proj_layer_norm(self.proj(x_BTD))
        x_BDT = x_BTD.transpose(1, 2)
        for layer in self.layers:
            if self.training and self.layerdrop and float(torch.rand([])) < self.layerdrop:
                continue
            x_BDT = layer(x_BDT)
        return x_BDT.transpose(1, 2)


class ConvAdapterLayer(nn.Module):
    """A convolution of which one half gates the other."""

    def __init__(self, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = Conv1d(width, 2 * width, kernel, stride=stride, padding=1)

    def forward(self, x_BDT: Tensor) -> Tensor:
        """Fewer frames, same features."""
        return F.glu(self.conv(x_BDT), 1)
