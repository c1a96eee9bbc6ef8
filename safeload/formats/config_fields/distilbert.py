"""The fields of a distilbert config.json."""

from __future__ import annotations

from types import MappingProxyType

from safeload.formats.config_fields import _field as f

TABLE = f.ConfigTable(
    model_type="distilbert",
    fields=MappingProxyType(
        {
            **f.COMMON,
            "vocab_size": f.tokens(30522),
            "max_position_embeddings": f.tokens(512),
            "sinusoidal_pos_embds": f.flag(default=False),
            "n_layers": f.layers(6),
            "n_heads": f.width(12),
            "dim": f.width(768),
            "hidden_dim": f.width(3072),
            "dropout": f.probability(0.1),
            "attention_dropout": f.probability(0.1),
            "activation": f.activation("gelu"),
            "initializer_range": f.small(0.02),
            "qa_dropout": f.probability(0.1),
            "seq_classif_dropout": f.probability(0.2),
            "pad_token_id": f.token_id(0),
        }
    ),
    aliases=MappingProxyType(
        {
            **f.COMMON_ALIASES,
            "hidden_size": "dim",
            "num_attention_heads": "n_heads",
            "num_hidden_layers": "n_layers",
        }
    ),
    inert=f.COMMON_INERT | {"tie_weights_"},
    multiples=(("dim", "n_heads"),),
    below=(("pad_token_id", "vocab_size"),),
)
