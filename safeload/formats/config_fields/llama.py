"""The fields of llama, mistral, qwen2 and qwen3: decoders with rotary positions and grouped heads.

Rotary positions stand in `rope_parameters`, or with writers before transformers 5 in `rope_theta` and
`rope_scaling`.
"""

from __future__ import annotations

from types import MappingProxyType

from safeload.formats.config_fields import _field as f

ATTENTION = frozenset({"full_attention", "sliding_attention"})
_WINDOW = f.Field(kind="integer", low=1, high=1 << 24, nullable=True)


_INERT = frozenset(
    {"quantization_config", "use_mrope", "max_sequence_length", "unsloth_version", "unsloth_fixed"}
)
"""What writers of these families add. Whoever builds the model looks at `quantization_config`."""


def _fields(**own: f.Field) -> MappingProxyType[str, f.Field]:
    return MappingProxyType(
        {
            **f.COMMON,
            "vocab_size": f.tokens(32_000),
            "hidden_size": f.width(4_096),
            "intermediate_size": f.width(11_008),
            "num_hidden_layers": f.layers(32),
            "num_attention_heads": f.width(32),
            "num_key_value_heads": f.Field(kind="integer", low=1, high=1 << 17, nullable=True),
            "head_dim": f.Field(kind="integer", low=1, high=1 << 12, nullable=True),
            "hidden_act": f.activation("silu"),
            "max_position_embeddings": f.tokens(2_048),
            "initializer_range": f.small(0.02),
            "rms_norm_eps": f.small(1e-6),
            "attention_dropout": f.probability(0.0),
            "rope_theta": f.Field(kind="number", low=1.0, high=1e12, nullable=True),
            "rope_scaling": f.Field(kind="rope", nullable=True),
            "rope_parameters": f.Field(kind="rope", nullable=True),
            "use_cache": f.flag(default=True),
            "tie_word_embeddings": f.flag(default=False),
            **own,
        }
    )


def _table(model_type: str, *inert: str, **own: f.Field) -> f.ConfigTable:
    return f.ConfigTable(
        model_type=model_type,
        fields=_fields(**own),
        aliases=f.COMMON_ALIASES,
        inert=(f.COMMON_INERT - {"use_cache"}) | _INERT | set(inert),
        multiples=(("num_attention_heads", "num_key_value_heads"),),
        below=(("pad_token_id", "vocab_size"),),
    )


_WINDOWED = {
    "use_sliding_window": f.flag(default=False),
    "sliding_window": _WINDOW,
    "max_window_layers": f.Field(kind="integer", default=28, low=0, high=1_024),
    "layer_types": f.Field(kind="words", choices=ATTENTION, most=1_024, nullable=True),
}

TABLES = (
    _table(
        "llama",
        "pretraining_tp",  # a way to compute, not what is computed
        "rope_interleaved",
        attention_bias=f.flag(default=False),
        mlp_bias=f.flag(default=False),
        bos_token_id=f.token_id(1),
        eos_token_id=f.token_ids(2),
    ),
    _table(
        "mistral",
        sliding_window=_WINDOW,
        intermediate_size=f.width(14_336),
        num_key_value_heads=f.Field(kind="integer", default=8, low=1, high=1 << 17, nullable=True),
        max_position_embeddings=f.tokens(131_072),
        bos_token_id=f.token_id(1),
        eos_token_id=f.token_ids(2),
    ),
    _table(
        "qwen2",
        **_WINDOWED,
        vocab_size=f.tokens(151_936),
        intermediate_size=f.width(22_016),
        max_position_embeddings=f.tokens(32_768),
    ),
    _table(
        "qwen3",
        **_WINDOWED,
        attention_bias=f.flag(default=False),
        head_dim=f.Field(kind="integer", default=128, low=1, high=1 << 12),
        vocab_size=f.tokens(151_936),
        intermediate_size=f.width(22_016),
        max_position_embeddings=f.tokens(32_768),
    ),
)
