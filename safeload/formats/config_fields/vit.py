"""The fields of a vit config.json, which deit shares."""

from __future__ import annotations

from types import MappingProxyType

from safeload.formats.config_fields import _field as f

FIELDS = MappingProxyType(
    {
        **f.COMMON,
        "hidden_size": f.width(768),
        "num_hidden_layers": f.layers(12),
        "num_attention_heads": f.width(12),
        "intermediate_size": f.width(3072),
        "hidden_act": f.activation("gelu"),
        "hidden_dropout_prob": f.probability(0.0),
        "attention_probs_dropout_prob": f.probability(0.0),
        "initializer_range": f.small(0.02),
        "layer_norm_eps": f.small(1e-12),
        "image_size": f.image_edge(224),
        "patch_size": f.image_edge(16),
        "num_channels": f.Field(kind="integer", default=3, low=1, high=1_024),
        "qkv_bias": f.flag(default=True),
        "encoder_stride": f.Field(kind="integer", default=16, low=1, high=1_024),
        "pooler_output_size": f.Field(kind="integer", low=1, high=1 << 17, nullable=True),
        "pooler_act": f.activation("tanh"),
    }
)
"""What vit and its relatives have."""

TABLES = tuple(
    f.ConfigTable(
        model_type=model_type,
        fields=FIELDS,
        aliases=f.COMMON_ALIASES,
        inert=f.COMMON_INERT,
        multiples=(("hidden_size", "num_attention_heads"),),
    )
    for model_type in ("vit", "deit")
)
