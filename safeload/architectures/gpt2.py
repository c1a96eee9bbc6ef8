"""gpt2: GPT-2 and DistilGPT2.

Radford et al., "Language Models are Unsupervised Multitask Learners", 2019. Pre-norm blocks with learned
positions. Parameter names are those of the published files, some of which leave `transformer.` out, and
weights stand in them as they were in TensorFlow: inputs by outputs.

Shapes: B batch, T positions, D width, H heads, K width of a head, I width of the inner layer.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.decoders import (
    CausalHead,
    Decoder,
    LastWordHead,
    WordLabelHead,
    refuse_decoder,
)
from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.decoder import attend_causally
from safeload.architectures.layers.modules import Embedding, LayerNorm, empty_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.outputs import ModelOutput
    from safeload.architectures.layers.decoder import KeyValueCache


class Conv1D(nn.Module):
    """y = x W + b. With a weight of inputs by outputs, which is what the files have."""

    def __init__(self, inputs: int, outputs: int, *, spread: float | None = None) -> None:
        """`spread`: standard deviation of a new weight, where it is not the config's."""
        super().__init__()
        self.weight = empty_parameter(inputs, outputs)
        self.bias = empty_parameter(outputs)
        if spread is not None:
            self.spread = spread

    def forward(self, x: Tensor) -> Tensor:
        """The last dimension has `outputs` features."""
        flat = torch.addmm(self.bias, x.reshape(-1, x.shape[-1]), self.weight)
        return flat.view(*x.shape[:-1], -1)


def _residual_spread(config: Config) -> float:
    """New weights that end in the sum of all layers are smaller, the more layers there are."""
    return float(config.initializer_range) / math.sqrt(2 * max(config.n_layer, 1))


class GPT2Attention(nn.Module):
    """Attention over the positions before."""

    def __init__(self, config: Config, layer: int) -> None:
        super().__init__()
        width = config.n_embd
        self.heads = config.n_head
        self.scale = (width // self.heads) ** -0.5 if config.scale_attn_weights else 1.0
        if config.scale_attn_by_inverse_layer_idx:
            self.scale /= layer + 1
        self.c_attn = Conv1D(width, 3 * width)
        self.c_proj = Conv1D(width, width, spread=_residual_spread(config))
        self.attention_dropout = config.attn_pdrop
        self.dropout = config.resid_pdrop

    def forward(
        self, x_BTD: Tensor, mask: Tensor | None, cache: KeyValueCache | None, layer: int, eager: bool
    ) -> tuple[Tensor, Tensor | None]:
        """The mixed values, and in eager mode the weights."""
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.c_attn(x_BTD).chunk(3, -1)
        )
        if cache is not None:
            key, value = cache.update(layer, key, value)
        mixed, weights = attend_causally(
            query,
            key,
            value,
            mask,
            scale=self.scale,
            dropout=self.attention_dropout if self.training else 0.0,
            eager=eager,
        )
        return F.dropout(self.c_proj(mixed), self.dropout, self.training), weights


class GPT2Inner(nn.Module):
    """The inner layer."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        inner = config.n_inner or 4 * config.n_embd
        self.activation = ACTIVATIONS[config.activation_function]
        self.c_fc = Conv1D(config.n_embd, inner)
        self.c_proj = Conv1D(inner, config.n_embd, spread=_residual_spread(config))
        self.dropout = config.resid_pdrop

    def forward(self, x_BTD: Tensor) -> Tensor:
        """The same shape."""
        update_BTD = self.c_proj(self.activation(self.c_fc(x_BTD)))
        return F.dropout(update_BTD, self.dropout, self.training)


class GPT2Block(nn.Module):
    """One layer."""

    def __init__(self, config: Config, layer: int) -> None:
        super().__init__()
        self.ln_1 = LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.attn = GPT2Attention(config, layer)
        self.ln_2 = LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.mlp = GPT2Inner(config)

    def forward(self, x_BTD: Tensor, *rest: Any) -> tuple[Tensor, Tensor | None]:  # noqa: ANN401 - the attention's
        """The block's output, and in eager mode the weights of its attention."""
        update_BTD, weights = self.attn(self.ln_1(x_BTD), *rest)
        x_BTD = update_BTD + x_BTD
        return x_BTD + self.mlp(self.ln_2(x_BTD)), weights


class GPT2Model(Decoder):
    """The decoder."""

    base_model_prefix: ClassVar[str] = "transformer"

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.wte = Embedding(config.vocab_size, config.n_embd)
        self.wpe = Embedding(config.n_positions, config.n_embd)
        self.h = nn.ModuleList(GPT2Block(config, layer) for layer in range(config.n_layer))
        self.ln_f = LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)

    def get_input_embeddings(self) -> nn.Module:
        """The word embeddings."""
        return self.wte

    def _start(
        self, x_BTD: Tensor, position_ids: Tensor, token_type_ids: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        last, most = int(position_ids.max()) if position_ids.numel() else 0, self.wpe.num_embeddings
        if last >= most:
            raise ValueError(f"position {last}, and the model has {most}")
        x_BTD = x_BTD + self.wpe(position_ids)
        if token_type_ids is not None:
            x_BTD = x_BTD + self.wte(token_type_ids)
        return F.dropout(x_BTD, self.config.embd_pdrop, self.training), ()

    def _blocks(self) -> Sequence[nn.Module]:
        return list(self.h)

    def _normed(self, x_BTD: Tensor) -> Tensor:
        normed_BTD: Tensor = self.ln_f(x_BTD)
        return normed_BTD

    def forward(
        self,
        input_ids: Tensor | None = None,
        past_key_values: KeyValueCache | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        *,
        use_cache: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Hidden states of the new positions, and the cache for the next ones."""
        return self._decode(
            input_ids, attention_mask, position_ids, past_key_values, inputs_embeds, use_cache,
            output_attentions, output_hidden_states, return_dict, token_type_ids,
        )  # fmt: skip


class GPT2LMHeadModel(CausalHead):
    """Which word follows."""

    base_model_prefix: ClassVar[str] = "transformer"
    backbone: ClassVar[type[Decoder]] = GPT2Model
    tied: ClassVar[Mapping[str, str]] = MappingProxyType({"lm_head.weight": "transformer.wte.weight"})


class GPT2ForSequenceClassification(LastWordHead):
    """One decision per text, from its last word."""

    base_model_prefix: ClassVar[str] = "transformer"
    backbone: ClassVar[type[Decoder]] = GPT2Model


class GPT2ForTokenClassification(WordLabelHead):
    """One decision per position."""

    base_model_prefix: ClassVar[str] = "transformer"
    backbone: ClassVar[type[Decoder]] = GPT2Model
    named: ClassVar[str] = "classifier"


ARCHITECTURE = Architecture(
    model_type="gpt2",
    classes=MappingProxyType(
        {
            "AutoModel": GPT2Model,
            "AutoModelForCausalLM": GPT2LMHeadModel,
            "AutoModelForSequenceClassification": GPT2ForSequenceClassification,
            "AutoModelForTokenClassification": GPT2ForTokenClassification,
        }
    ),
    heads=("lm_head.", "score.", "classifier.", "qa_outputs.", "multiple_choice_head."),
    # the causal mask, which older files store in each layer
    ignorable=("attn.bias", "attn.masked_bias"),
    refuse=refuse_decoder,
)
