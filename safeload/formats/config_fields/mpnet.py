"""The fields of an mpnet config.json: bert's without segments, and buckets of relative positions."""

from __future__ import annotations

from types import MappingProxyType

from safeload.formats.config_fields import _field as f
from safeload.formats.config_fields import bert

TABLE = f.ConfigTable(
    model_type="mpnet",
    fields=MappingProxyType(
        {
            **{name: field for name, field in bert.FIELDS.items() if name != "type_vocab_size"},
            "vocab_size": f.tokens(30527),
            "relative_attention_num_buckets": f.width(32),
            "pad_token_id": f.token_id(1),
            "bos_token_id": f.token_id(0),
            "eos_token_id": f.token_ids(2),
        }
    ),
    aliases=f.COMMON_ALIASES,
    inert=f.COMMON_INERT,
    multiples=bert.TABLE.multiples,
    below=bert.TABLE.below,
)
