"""Any JSON object gives a config record within the bounds of its table, or a FormatError.

What a record states is read again as the same record, those of its parts included.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.config_fields import TABLES
from safeload.formats.json_strict import parse_json
from safeload.formats.model_config import ModelConfig, interpret
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.formats.config_fields._field import ConfigTable

LIMITS = replace(DEFAULT_LIMITS, json_bytes=1 << 14, json_depth=16)
_VALUES: tuple[Json, ...] = (
    None, True, 0, 1, 12, -1, 10**9, 0.1, 1e-12, "gelu", "eval", [1, 2], [8, 8], {}, {"hidden_size": 64},
    "float32", [3] * 7, [0] * 7, [3] * 65, [2**70], [[1]], ["full_attention", "sliding_attention"],
    {"rope_type": "linear", "factor": 2}, {"long_factor": [1, 0.5]}, {"type": [1]}, {"factor": -1},
    {"truncate": None}, {"full_attention": {}},
)  # fmt: skip


def seeds() -> list[bytes]:
    """The defaults of each table, and parts with a config of their own."""
    whole = [
        {"model_type": name, **{key: field.default for key, field in table.fields.items()}}
        for name, table in TABLES.items()
    ]
    part = {
        "model_type": "clip_vision_model",
        "image_size": [32, 24],
        "patch_size": 8,
        "id2label": {"0": "A"},
    }
    joined = {
        "model_type": "clip",
        "text_config_dict": {"hidden_size": 64},
        "vision_config": part,
        "num_labels": 3,
    }
    return [json.dumps(value).encode() for value in (*whole, joined)]


def read(data: bytes) -> object:
    """The record, or the error. Bytes that are no JSON choose a table, then fields and values of it."""
    try:
        return interpret(_document(data))
    except FormatError as error:
        return error


def _document(data: bytes) -> Json:
    try:
        return parse_json(data, LIMITS)
    except FormatError:
        if not data:
            raise
    name = tuple(TABLES)[data[-1] % len(TABLES)]
    keys = [*TABLES[name].fields, *TABLES[name].parts, "id2label", "num_labels"]
    chosen = dict(_chosen(TABLES[name], keys[byte % len(keys)], byte) for byte in data[-5:-1])
    return {"model_type": name, **chosen}


def _chosen(table: ConfigTable, key: str, byte: int) -> tuple[str, Json]:
    """A field with its default, or with any value."""
    plain = key in table.fields and byte % 5
    return key, table.fields[key].default if plain else _VALUES[byte * 5 % len(_VALUES)]


def _stated(config: ModelConfig) -> dict[str, Json]:
    parts = {name: _stated(part) for name, part in config.parts.items()}
    labels: dict[str, Json] = {
        "id2label": {str(index): label for index, label in config.id2label.items()},
        "label2id": dict(config.label2id),
    }
    return {"model_type": config.model_type, **config.inert, **config.fields, **labels, **parts}


def check(_data: bytes, result: object) -> None:
    """Numbers lie within the table, and the record is read again as it is."""
    if not isinstance(result, ModelConfig) or not result.known:
        return
    for names in TABLES[result.model_type].alike:
        lists = [result.fields[name] for name in names]
        assert len({len(item) for item in lists if isinstance(item, list | tuple)}) == 1
    for name, field in TABLES[result.model_type].fields.items():
        value = result.fields[name]
        if field.kind in ("integer", "number") and isinstance(value, int | float):
            assert field.low <= value <= field.high
    again = interpret(_stated(result))
    assert (again.fields, again.inert, again.id2label) == (result.fields, result.inert, result.id2label)
    assert again.parts.keys() == result.parts.keys()
    for name, part in result.parts.items():
        check(b"", part)
        assert again.parts[name].fields == part.fields


def deep(result: object) -> bool:
    """Whether a table took it."""
    return isinstance(result, ModelConfig) and result.known
