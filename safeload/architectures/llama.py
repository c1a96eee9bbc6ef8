"""llama: Llama 1 to 3, and the base of its relatives.

Touvron et al., https://arxiv.org/abs/2302.13971. Pre-norm blocks with RMS norms, rotary positions, heads
that share keys and values, and a gated inner layer. Parameter names are those of the published files.

Shapes: B batch, T positions, D width, H heads, G heads of keys and values, K width of a head.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from torch import nn

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.decoders import (
    CausalHead,
    Decoder,
    LastWordHead,
    WordLabelHead,
    refuse_decoder,
)
from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.decoder import RMSNorm, attend_causally
from safeload.architectures.layers.modules import Embedding, Linear
from safeload.architectures.layers.rope import angles, frequencies, refuse_rope, rotate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.outputs import ModelOutput
    from safeload.architectures.layers.decoder import KeyValueCache


def head_width(config: Config) -> int:
    """K, which a config states or leaves to be computed."""
    return int(config.head_dim or config.hidden_size // config.num_attention_heads)


class LlamaAttention(nn.Module):
    """Attention with rotary positions, and where the family has them, norms of queries and keys."""

    def __init__(self, config: Config, *, inputs: bool, output: bool, norms: bool) -> None:
        """`inputs` and `output`: whether the projections have biases."""
        super().__init__()
        self.width = head_width(config)
        self.dropout = config.attention_dropout or 0.0
        heads = config.num_attention_heads
        shared = config.num_key_value_heads or heads
        self.q_proj = Linear(config.hidden_size, heads * self.width, bias=inputs)
        self.k_proj = Linear(config.hidden_size, shared * self.width, bias=inputs)
        self.v_proj = Linear(config.hidden_size, shared * self.width, bias=inputs)
        self.o_proj = Linear(heads * self.width, config.hidden_size, bias=output)
        if norms:
            self.q_norm = RMSNorm(self.width, eps=config.rms_norm_eps)
            self.k_norm = RMSNorm(self.width, eps=config.rms_norm_eps)
        self.norms = norms

    def forward(
        self,
        x_BTD: Tensor,
        mask: Tensor | None,
        cache: KeyValueCache | None,
        layer: int,
        eager: bool,
        cosine: Tensor,
        sine: Tensor,
    ) -> tuple[Tensor, Tensor | None]:
        """The mixed values, and in eager mode the weights."""
        query, key, value = (
            project(x_BTD).unflatten(-1, (-1, self.width)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        if self.norms:
            query, key = self.q_norm(query), self.k_norm(key)
        query, key = rotate(query, cosine, sine), rotate(key, cosine, sine)
        if cache is not None:
            key, value = cache.update(layer, key, value)
        mixed, weights = attend_causally(
            query,
            key,
            value,
            mask,
            scale=self.width**-0.5,
            dropout=self.dropout if self.training else 0.0,
            eager=eager,
        )
        return self.o_proj(mixed), weights


class LlamaInner(nn.Module):
    """The gated inner layer, https://arxiv.org/abs/2002.05202."""

    def __init__(self, config: Config, *, bias: bool) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[config.hidden_act]
        self.gate_proj = Linear(config.hidden_size, config.intermediate_size, bias=bias)
        self.up_proj = Linear(config.hidden_size, config.intermediate_size, bias=bias)
        self.down_proj = Linear(config.intermediate_size, config.hidden_size, bias=bias)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """The same shape."""
        update_BTD: Tensor = self.down_proj(self.activation(self.gate_proj(x_BTD)) * self.up_proj(x_BTD))
        return update_BTD


class LlamaBlock(nn.Module):
    """One layer."""

    def __init__(self, config: Config, attention: LlamaAttention, inner: LlamaInner) -> None:
        super().__init__()
        self.self_attn = attention
        self.mlp = inner
        self.input_layernorm = RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, eps=config.rms_norm_eps)

    def forward(self, x_BTD: Tensor, *rest: Any) -> tuple[Tensor, Tensor | None]:  # noqa: ANN401 - the attention's
        """The block's output, and in eager mode the weights of its attention."""
        update_BTD, weights = self.self_attn(self.input_layernorm(x_BTD), *rest)
        x_BTD = x_BTD + update_BTD
        return x_BTD + self.mlp(self.post_attention_layernorm(x_BTD)), weights


class LlamaModel(Decoder):
    """The decoder."""

    base_model_prefix: ClassVar[str] = "model"
    norms: ClassVar[bool] = False
    """Whether queries and keys are normed."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.embed_tokens = Embedding(config.vocab_size, config.hidden_size, padding=config.pad_token_id)
        inputs, output, inner = self.biases(config)
        self.layers = nn.ModuleList(
            LlamaBlock(
                config,
                LlamaAttention(config, inputs=inputs, output=output, norms=self.norms),
                LlamaInner(config, bias=inner),
            )
            for _ in range(config.num_hidden_layers)
        )
        self.norm = RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        # no buffer: a model in half precision has its angles in full precision all the same
        self._turns, self._scale = frequencies(config, head_width(config))

    @staticmethod
    def biases(config: Config) -> tuple[bool, bool, bool]:
        """Whether there are biases in front of the attention, behind it, and in the inner layer."""
        return config.attention_bias, config.attention_bias, config.mlp_bias

    def get_input_embeddings(self) -> nn.Module:
        """The word embeddings."""
        return self.embed_tokens

    def _start(
        self,
        x_BTD: Tensor,
        position_ids: Tensor,
        token_type_ids: Tensor | None,  # noqa: ARG002 - a llama has none
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        self._turns = self._turns.to(x_BTD.device)
        return x_BTD, angles(self._turns, self._scale, position_ids, x_BTD.dtype)

    def _blocks(self) -> Sequence[nn.Module]:
        return list(self.layers)

    def _normed(self, x_BTD: Tensor) -> Tensor:
        normed_BTD: Tensor = self.norm(x_BTD)
        return normed_BTD

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: KeyValueCache | None = None,
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
            output_attentions, output_hidden_states, return_dict,
        )  # fmt: skip


class LlamaForCausalLM(CausalHead):
    """Which word follows."""

    base_model_prefix: ClassVar[str] = "model"
    backbone: ClassVar[type[Decoder]] = LlamaModel
    tied: ClassVar[Mapping[str, str]] = MappingProxyType({"lm_head.weight": "model.embed_tokens.weight"})


class LlamaForSequenceClassification(LastWordHead):
    """One decision per text, from its last word."""

    base_model_prefix: ClassVar[str] = "model"
    backbone: ClassVar[type[Decoder]] = LlamaModel


class LlamaForTokenClassification(WordLabelHead):
    """One decision per position."""

    base_model_prefix: ClassVar[str] = "model"
    backbone: ClassVar[type[Decoder]] = LlamaModel


def refuse(config: Config) -> str | None:
    """Why a decoder of this family cannot be built, or None."""
    if reason := refuse_decoder(config):
        return reason
    if config.head_dim is None and config.hidden_size % config.num_attention_heads:
        return f"hidden_size {config.hidden_size} is no multiple of {config.num_attention_heads} heads"
    return refuse_rope(config, head_width(config))


def architecture(
    model_type: str,
    model: type[Decoder],
    causal: type[CausalHead],
    text: type[LastWordHead],
    words: type[WordLabelHead],
    *,
    refuse: Callable[[Config], str | None] = refuse,
) -> Architecture:
    """The entry of this family's model_type."""
    return Architecture(
        model_type=model_type,
        classes=MappingProxyType(
            {
                "AutoModel": model,
                "AutoModelForCausalLM": causal,
                "AutoModelForSequenceClassification": text,
                "AutoModelForTokenClassification": words,
            }
        ),
        heads=("lm_head.", "score.", "qa_outputs."),
        ignorable=("rotary_emb.inv_freq",),
        refuse=refuse,
    )


ARCHITECTURE = architecture(
    "llama", LlamaModel, LlamaForCausalLM, LlamaForSequenceClassification, LlamaForTokenClassification
)
