"""generation_config.json as a typed record.

Guarantees: each known field has the type and lies within the bounds of its table, or a FormatError. A
field that would change the text and that `generate` does not do is named, with its value dropped unless
that is the one that does nothing; every other name is listed, and its value dropped.

Field names: https://huggingface.co/docs/transformers/main_classes/text_generation
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.config_fields import _field as f
from safeload.formats.field_values import check_value
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json

_NONE: Mapping[str, Json] = MappingProxyType({})
_LENGTH = 1 << 31
"""Longest text that a file may speak of. What `generate` writes on a file's word is bounded by the model."""


class NotAGenerationConfig(FormatError):
    """A JSON value that is no object."""


def _integer(low: int, high: int = _LENGTH) -> f.Field:
    return f.Field(kind="integer", low=low, high=high, nullable=True)


def _number(low: float, high: float) -> f.Field:
    return f.Field(kind="number", low=low, high=high, nullable=True)


_FLAG = f.Field(kind="flag", nullable=True)
FIELDS: Mapping[str, f.Field] = MappingProxyType(
    {
        "max_length": _integer(0),
        "max_new_tokens": _integer(0),
        "min_length": _integer(0),
        "min_new_tokens": _integer(0),
        "do_sample": _FLAG,
        "use_cache": _FLAG,
        "num_return_sequences": _integer(1, 1 << 16),
        "temperature": _number(0.0, 1e6),
        "top_k": _integer(-1),
        "top_p": _number(0.0, 1.0),
        "min_p": _number(0.0, 1.0),
        "repetition_penalty": _number(0.0, 1e6),
        "no_repeat_ngram_size": _integer(0),
        "suppress_tokens": f.token_ids(None),
        "bos_token_id": f.token_ids(None),
        "eos_token_id": f.token_ids(None),
        "pad_token_id": f.token_ids(None),
        "output_scores": _FLAG,
        "output_logits": _FLAG,
        "return_dict_in_generate": _FLAG,
    }
)
"""What `generate` does. Null is as good as absent."""

UNDONE: Mapping[str, tuple[Json, ...]] = MappingProxyType(
    {
        "num_beams": (1,),
        "num_beam_groups": (1,),
        "penalty_alpha": (0, 0.0),
        "dola_layers": (),
        "use_mtp": (False,),
        "typical_p": (1, 1.0),
        "top_h": (),
        "epsilon_cutoff": (0, 0.0),
        "eta_cutoff": (0, 0.0),
        "guidance_scale": (1, 1.0),
        "bad_words_ids": ([],),
        "force_words_ids": ([],),
        "constraints": ([],),
        "sequence_bias": ({}, []),
        "forced_bos_token_id": (),
        "forced_eos_token_id": (),
        "forced_decoder_ids": ([],),
        "begin_suppress_tokens": ([],),
        "exponential_decay_length_penalty": (),
        "renormalize_logits": (False,),
        "remove_invalid_values": (False,),
        "watermarking_config": ({},),
        "stop_strings": ("", []),
        "token_healing": (False,),
        "max_time": (),
        "custom_generate": ("",),
    }
)
"""Fields that change the text and that `generate` does not do, with the values that ask for nothing."""


@record
class GenerationSettings:
    """What such a file says."""

    fields: Mapping[str, Json] = _NONE
    """Every known field that the file gives a value."""
    undone: tuple[str, ...] = ()
    """Fields that ask for what `generate` does not do."""
    unknown: tuple[str, ...] = ()
    """All other names: nothing here reads them."""


def interpret(value: Json) -> GenerationSettings:
    """The record of a document that has been read already.

    Raises:
        FormatError: `NotAGenerationConfig`, or a class of `field_values`.
    """
    if not isinstance(value, dict):
        raise NotAGenerationConfig("is not a JSON object")
    fields: dict[str, Json] = {}
    undone, unknown = [], []
    for name, item in value.items():
        spec = FIELDS.get(name)
        if item is None:
            continue
        if spec is not None:
            check_value(name, spec, item)
            fields[name] = item
        elif name in UNDONE:
            if item not in UNDONE[name]:
                undone.append(name)
        else:
            unknown.append(name)
    return GenerationSettings(fields=MappingProxyType(fields), undone=tuple(undone), unknown=tuple(unknown))


def check_setting(name: str, value: Json) -> None:
    """Raise unless `value` is one that the known field `name` may have.

    Raises:
        FormatError: a class of `field_values`.
    """
    check_value(name, FIELDS[name], value)
