"""One table of config fields per model_type: what a config.json may say, and within which bounds."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.formats.config_fields import (
    bert,
    clip,
    distilbert,
    electra,
    gpt2,
    hubert,
    llama,
    mpnet,
    roberta,
    vit,
    wav2vec2,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.formats.config_fields._field import ConfigTable

_ALL = (
    bert.TABLE,
    distilbert.TABLE,
    electra.TABLE,
    gpt2.TABLE,
    hubert.TABLE,
    *llama.TABLES,
    mpnet.TABLE,
    *roberta.TABLES,
    *vit.TABLES,
    clip.TABLE,
    clip.TEXT,
    clip.VISION,
    wav2vec2.TABLE,
)

TABLES: Mapping[str, ConfigTable] = MappingProxyType({table.model_type: table for table in _ALL})
"""Every table by its model_type: written out, since parsers import nothing by name."""
