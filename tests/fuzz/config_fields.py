"""Any document in the place of a model's config gives a record whose every field is within its table.

Or a FormatError.

Bytes that are no JSON choose fields and values, each pair of bytes one of them, so that the tables are
searched whatever the mutation was.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.config_fields import TABLES
from safeload.formats.json_strict import parse_json
from safeload.formats.model_config import ModelConfig, NotAConfig, check_field, interpret
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

if TYPE_CHECKING:
    from safeload.core import Json

LIMITS = replace(DEFAULT_LIMITS, json_bytes=1 << 16, json_items=20_000)
NAMES = tuple(TABLES)
VALUES: tuple[Json, ...] = (
    None, True, False, 0, 1, -1, 2, 12, 512, 770, 10**9, 10**40, 0.5, -0.5, 1e300, "", "gelu", "layer",
    "sdpa", [], [1], [0, 1], [3] * 7, [3] * 65, [512] * 7, [[1]], ["1"], {}, {"a": 1}, {"0": "x"}, [2**70],
    ["full_attention", "sliding_attention"], {"rope_type": "linear", "factor": 2}, {"long_factor": [1, 0.5]},
    {"type": [1]}, {"factor": -1}, {"truncate": None}, {"full_attention": {}},
)  # fmt: skip


def seeds() -> list[bytes]:
    """The defaults of each table, and bytes that choose a few fields."""
    written = [
        json.dumps({"model_type": name, **{key: field.default for key, field in table.fields.items()}})
        for name, table in TABLES.items()
    ]
    return [*(text.encode() for text in written), bytes(range(0, 200, 3)), b"\xff\x01\x05\x06"]


def read(data: bytes) -> object:
    """The record."""
    try:
        value = parse_json(data, LIMITS)
    except FormatError:
        value = _chosen(data[:40])
    try:
        return interpret(value)
    except FormatError as error:
        return error


def _chosen(data: bytes) -> Json:
    """A config put together of a table's fields and of values."""
    name = NAMES[(data[0] if data else 0) % len(NAMES)]
    fields = sorted(TABLES[name].fields)
    chosen = zip(data[1::2], data[2::2], strict=False)
    return {"model_type": name} | {
        fields[field % len(fields)]: VALUES[value % len(VALUES)] for field, value in chosen
    }


def check(_data: bytes, result: object) -> None:
    """Every known field has a value that its table allows, and lists that belong together one length."""
    if isinstance(result, FormatError):
        return
    assert isinstance(result, ModelConfig)
    table = TABLES.get(result.model_type)
    if table is None:
        assert not result.fields
        return
    assert result.fields.keys() == table.fields.keys()
    for name, value in result.fields.items():
        check_field(result.model_type, name, value)
    for names in table.alike:
        lists = [result.fields[name] for name in names]
        assert len({len(item) for item in lists if isinstance(item, list | tuple)}) == 1
    for whole, part in table.multiples:
        number, other = result.fields[whole], result.fields[part]
        assert isinstance(number, int)
        assert isinstance(other, int | None)
        assert other is None or number % other == 0


def deep(result: object) -> bool:
    """Whether a table was asked about its fields."""
    return not isinstance(result, NotAConfig) and (not isinstance(result, ModelConfig) or result.known)
