"""One table of config fields per model_type: what a config.json may say, and within which bounds."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.formats.config_fields import bert, distilbert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.formats.config_fields._field import ConfigTable

TABLES: Mapping[str, ConfigTable] = MappingProxyType(
    {module.TABLE.model_type: module.TABLE for module in (bert, distilbert)}
)
"""Every table by its model_type: written out, since parsers import nothing by name."""
