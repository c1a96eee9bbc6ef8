"""The fields of a hubert config.json: what wav2vec2 has without its quantizer, adapters and x-vectors."""

from __future__ import annotations

from types import MappingProxyType

from safeload.formats.config_fields import _field as f
from safeload.formats.config_fields import wav2vec2

TABLE = f.ConfigTable(
    model_type="hubert",
    fields=MappingProxyType(
        {
            **wav2vec2.SHARED,
            "feat_proj_layer_norm": f.flag(default=True),
            "conv_pos_batch_norm": f.flag(default=False),
        }
    ),
    aliases=f.COMMON_ALIASES,
    inert=wav2vec2.INERT
    | {
        # hubert has no quantizer, adapters and x-vectors, but some files were written from wav2vec2's
        *(wav2vec2.TABLE.fields.keys() - wav2vec2.SHARED.keys()),
        "tokenizer_class",
    },
    multiples=wav2vec2.MULTIPLES,
    alike=(wav2vec2.CONVOLUTIONS,),
)
