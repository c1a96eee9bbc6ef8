"""preprocessor_config.json and processor_config.json as a record.

Guarantees: the file is a strict JSON object within the budget. What a setting means, and which values one
may have, is a matter of the class that the file names: the image processors and the feature extractors
that are built from such a record have a closed table of fields each.

Field names: https://huggingface.co/docs/transformers/main_classes/image_processor
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json


class NotAProcessorConfig(FormatError):
    """A JSON value that is no object."""


@record
class ProcessorConfig:
    """What such a file says, as it stands there."""

    values: Mapping[str, Json]

    def part(self, name: str) -> Mapping[str, Json] | None:
        """The settings of one part of a processor (`image_processor`, `feature_extractor`), if it has it."""
        value = self.values.get(name)
        return MappingProxyType(value) if isinstance(value, dict) else None


def interpret(value: Json) -> ProcessorConfig:
    """The record of a document that has been read already.

    Raises:
        NotAProcessorConfig: it is no object.
    """
    if not isinstance(value, dict):
        raise NotAProcessorConfig("is not a JSON object")
    return ProcessorConfig(values=MappingProxyType(value))
