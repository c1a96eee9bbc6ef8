"""The fields of a gpt2 config.json."""

from __future__ import annotations

from types import MappingProxyType

from safeload.formats.config_fields import _field as f

TABLE = f.ConfigTable(
    model_type="gpt2",
    fields=MappingProxyType(
        {
            **f.COMMON,
            "vocab_size": f.tokens(50_257),
            "n_positions": f.tokens(1_024),
            "n_embd": f.width(768),
            "n_layer": f.layers(12),
            "n_head": f.width(12),
            "n_inner": f.Field(kind="integer", low=1, high=1 << 17, nullable=True),
            "activation_function": f.activation("gelu_new"),
            "resid_pdrop": f.probability(0.1),
            "embd_pdrop": f.probability(0.1),
            "attn_pdrop": f.probability(0.1),
            "layer_norm_epsilon": f.small(1e-5),
            "initializer_range": f.small(0.02),
            "scale_attn_weights": f.flag(default=True),
            "scale_attn_by_inverse_layer_idx": f.flag(default=False),
            "reorder_and_upcast_attn": f.flag(default=False),
            "use_cache": f.flag(default=True),
            "bos_token_id": f.token_id(50_256),
            "eos_token_id": f.token_ids(50_256),
        }
    ),
    aliases=MappingProxyType(
        {
            **f.COMMON_ALIASES,
            "hidden_size": "n_embd",
            "max_position_embeddings": "n_positions",
            "num_attention_heads": "n_head",
            "num_hidden_layers": "n_layer",
        }
    ),
    inert=(f.COMMON_INERT - {"use_cache"})
    | {
        # of the head with two choices, which nothing here has
        "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type",
        "summary_use_proj",
        "predict_special_tokens",
        "quantization_config",  # whoever builds the model looks at it
        "n_ctx",  # what n_positions was called once
    },
    multiples=(("n_embd", "n_head"),),
    below=(("pad_token_id", "vocab_size"),),
)  # fmt: skip
