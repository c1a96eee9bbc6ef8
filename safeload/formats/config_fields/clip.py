"""The fields of a clip config.json: two encoders with a config each, and what joins them."""

from __future__ import annotations

from types import MappingProxyType

from safeload.formats.config_fields import _field as f

_BOTH = MappingProxyType(
    {
        **f.COMMON,
        "hidden_act": f.activation("quick_gelu"),
        "layer_norm_eps": f.small(1e-5),
        "attention_dropout": f.probability(0.0),
        "initializer_range": f.small(0.02),
        "initializer_factor": f.small(1.0),
        "projection_dim": f.width(512),
        "num_hidden_layers": f.layers(12),
    }
)
_INERT = f.COMMON_INERT | {"dropout"}
_HEADS = (("hidden_size", "num_attention_heads"),)

TEXT = f.ConfigTable(
    model_type="clip_text_model",
    fields=MappingProxyType(
        {
            **_BOTH,
            "vocab_size": f.tokens(49408),
            "hidden_size": f.width(512),
            "intermediate_size": f.width(2048),
            "num_attention_heads": f.width(8),
            "max_position_embeddings": f.tokens(77),
            "pad_token_id": f.token_id(1),
            "bos_token_id": f.token_id(49406),
            "eos_token_id": f.token_ids(49407),
        }
    ),
    aliases=f.COMMON_ALIASES,
    inert=_INERT,
    multiples=_HEADS,
)
VISION = f.ConfigTable(
    model_type="clip_vision_model",
    fields=MappingProxyType(
        {
            **_BOTH,
            "hidden_size": f.width(768),
            "intermediate_size": f.width(3072),
            "num_attention_heads": f.width(12),
            "num_channels": f.Field(kind="integer", default=3, low=1, high=1_024),
            "image_size": f.image_edge(224),
            "patch_size": f.image_edge(32),
        }
    ),
    aliases=f.COMMON_ALIASES,
    inert=_INERT,
    multiples=_HEADS,
)
TABLE = f.ConfigTable(
    model_type="clip",
    fields=MappingProxyType(
        {
            **f.COMMON,
            "projection_dim": f.width(512),
            "logit_scale_init_value": f.Field(kind="number", default=2.6592, low=-1e3, high=1e3),
            "initializer_factor": f.small(1.0),
        }
    ),
    aliases=f.COMMON_ALIASES,
    inert=f.COMMON_INERT,
    parts=MappingProxyType({"text_config": TEXT, "vision_config": VISION}),
)
