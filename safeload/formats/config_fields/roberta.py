"""The fields of roberta, xlm-roberta and camembert: bert's, with other defaults."""

from __future__ import annotations

from types import MappingProxyType

from safeload.formats.config_fields import _field as f
from safeload.formats.config_fields import bert

_FIELDS = MappingProxyType(
    {
        **bert.FIELDS,
        "vocab_size": f.tokens(50265),
        "pad_token_id": f.token_id(1),
        "bos_token_id": f.token_id(0),
        "eos_token_id": f.token_ids(2),
    }
)

TABLES = tuple(
    f.ConfigTable(
        model_type=model_type,
        fields=fields,
        aliases=f.COMMON_ALIASES,
        inert=f.COMMON_INERT,
        multiples=bert.TABLE.multiples,
        below=bert.TABLE.below,
    )
    for model_type, fields in (
        ("roberta", _FIELDS),
        ("xlm-roberta", MappingProxyType({**_FIELDS, "vocab_size": f.tokens(30522)})),
        ("camembert", MappingProxyType({**_FIELDS, "vocab_size": f.tokens(30522)})),
    )
)
