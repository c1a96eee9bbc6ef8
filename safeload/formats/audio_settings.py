"""The settings of feature extractors for sound, and which classes of them and of processors there are.

Guarantees: a setting that leaves here has its type and lies within bounds. A name from a file is looked up
in a closed table and nowhere else. Names that the table does not know change nothing in these classes, and
are dropped.

Names and defaults: https://huggingface.co/docs/transformers/model_doc/wav2vec2
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json


class SettingTypeWrong(FormatError):
    """A setting whose value has another type."""


class SettingOutOfBounds(FormatError):
    """A setting whose value is too small or too large."""


@record
class AudioKind:
    """One class of feature extractors: what it does where its file says nothing."""

    name: str
    defaults: Mapping[str, Json]


WAV2VEC2 = AudioKind(
    name="Wav2Vec2FeatureExtractor",
    defaults=MappingProxyType(
        {
            "do_normalize": True,
            "feature_size": 1,
            "padding_side": "right",
            "padding_value": 0.0,
            "return_attention_mask": False,
            "sampling_rate": 16_000,
        }
    ),
)
KINDS: Mapping[str, AudioKind] = MappingProxyType({WAV2VEC2.name: WAV2VEC2})
"""The closed table of feature extractors."""
NAMES = frozenset(WAV2VEC2.defaults)
"""Every setting."""
_MODEL_TYPES = (
    "wav2vec2 data2vec-audio hubert moonshine sew sew-d unispeech unispeech-sat wav2vec2-bert "
    "wav2vec2-conformer wavlm"
)
MODEL_TYPES: Mapping[str, str] = MappingProxyType(dict.fromkeys(_MODEL_TYPES.split(), WAV2VEC2.name))
"""The class of a model_type, for files that name none."""
_FASTEST = 10_000_000
"""Samples in a second: a thousand times those of speech."""
_LARGEST = 1e9


def settings_of(kind: AudioKind, values: Mapping[str, Json]) -> dict[str, Json]:
    """The settings of a class with what a file or a caller says; null asks for the default.

    Raises:
        FormatError: a class of this module.
    """
    given = {name: value for name, value in values.items() if name in NAMES and value is not None}
    return {name: checked(name, value) for name, value in {**kind.defaults, **given}.items()}


def checked(name: str, value: Json) -> Json:
    """The value of one setting.

    Raises:
        FormatError: a class of this module.
    """
    if name in {"do_normalize", "return_attention_mask"}:
        if not isinstance(value, bool):
            raise SettingTypeWrong(f"{name} is true or false")
    elif name == "padding_side":
        if value not in ("left", "right"):
            raise SettingTypeWrong(f"{name} is left or right")
    elif name == "padding_value":
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise SettingTypeWrong(f"{name} is no number")
        if math.isnan(value) or not -_LARGEST <= value <= _LARGEST:
            raise SettingOutOfBounds(f"{name} is outside -1e9 to 1e9")
    else:
        if not isinstance(value, int) or isinstance(value, bool):
            raise SettingTypeWrong(f"{name} is no whole number")
        most = 1 if name == "feature_size" else _FASTEST
        if not 1 <= value <= most:
            raise SettingOutOfBounds(f"{name} is {value}, outside 1 to {most}")
    return value
