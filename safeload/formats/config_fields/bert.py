"""The fields of a bert config.json.

The last inert ones describe the pooler of the original TensorFlow release; every published bert
file has the same values, and no reader looks at them.
"""

from __future__ import annotations

from types import MappingProxyType

from safeload.formats.config_fields import _field as f

FIELDS = MappingProxyType(
    {
        **f.COMMON,
        "vocab_size": f.tokens(30522),
        "hidden_size": f.width(768),
        "num_hidden_layers": f.layers(12),
        "num_attention_heads": f.width(12),
        "intermediate_size": f.width(3072),
        "hidden_act": f.activation("gelu"),
        "hidden_dropout_prob": f.probability(0.1),
        "attention_probs_dropout_prob": f.probability(0.1),
        "max_position_embeddings": f.tokens(512),
        "type_vocab_size": f.tokens(2),
        "initializer_range": f.small(0.02),
        "layer_norm_eps": f.small(1e-12),
        "pad_token_id": f.token_id(0),
        "classifier_dropout": f.probability(None, nullable=True),
        "position_embedding_type": f.Field(
            kind="choice",
            default="absolute",
            choices=frozenset({"absolute", "relative_key", "relative_key_query"}),
        ),
    }
)
"""What bert and its relatives have."""

TABLE = f.ConfigTable(
    model_type="bert",
    fields=FIELDS,
    aliases=f.COMMON_ALIASES,
    inert=f.COMMON_INERT
    | {
        "directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
        "pooler_size_per_head", "pooler_type",
    },
    multiples=(("hidden_size", "num_attention_heads"),),
    below=(("pad_token_id", "vocab_size"),),
)  # fmt: skip
