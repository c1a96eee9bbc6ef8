"""The fields of an electra config.json: bert's, embeddings of their own width, and a summary."""

from __future__ import annotations

from types import MappingProxyType

from safeload.formats.config_fields import _field as f
from safeload.formats.config_fields import bert

TABLE = f.ConfigTable(
    model_type="electra",
    fields=MappingProxyType(
        {
            **bert.FIELDS,
            "embedding_size": f.width(128),
            "hidden_size": f.width(256),
            "num_attention_heads": f.width(4),
            "intermediate_size": f.width(1024),
            "summary_type": f.Field(
                kind="choice",
                default="first",
                choices=frozenset({"first", "last", "mean", "cls_index", "attn"}),
            ),
            "summary_use_proj": f.flag(default=True),
            "summary_activation": f.Field(
                kind="choice", default="gelu", choices=f.ACTIVATIONS, nullable=True
            ),
            "summary_last_dropout": f.probability(0.1),
        }
    ),
    aliases=f.COMMON_ALIASES,
    inert=f.COMMON_INERT,
    multiples=bert.TABLE.multiples,
    below=bert.TABLE.below,
)
