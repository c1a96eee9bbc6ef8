"""One table of config fields per model_type: what a config.json may say, and within which bounds."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.formats.config_fields import (
    bert,
    distilbert,
    electra,
    hubert,
    mpnet,
    roberta,
    wav2vec2,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.formats.config_fields._field import ConfigTable

TABLES: Mapping[str, ConfigTable] = MappingProxyType(
    {
        table.model_type: table
        for table in (
            bert.TABLE,
            distilbert.TABLE,
            electra.TABLE,
            hubert.TABLE,
            mpnet.TABLE,
            *roberta.TABLES,
            wav2vec2.TABLE,
        )
    }
)
"""Every table by its model_type: written out, since parsers import nothing by name."""
