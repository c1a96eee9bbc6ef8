"""Any JSON document gives settings of generation within bounds, or a FormatError.

Bytes that are no JSON choose settings and values, each pair of bytes one of them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.generation_config import (
    FIELDS,
    UNDONE,
    GenerationSettings,
    NotAGenerationConfig,
    check_setting,
    interpret,
)
from safeload.formats.json_strict import parse_json
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

if TYPE_CHECKING:
    from safeload.core import Json

LIMITS = replace(DEFAULT_LIMITS, json_bytes=1 << 16, json_items=20_000)
_NAMES = sorted({*FIELDS, *UNDONE, "transformers_version"})
_VALUES: tuple[Json, ...] = (
    None, True, False, 0, 1, -1, 20, 50_256, 10**12, 10**40, 0.5, -0.5, 1.0, 1e300, "", "20", [], [2], [2, 3],
    [2.0], [[2]], [2] * 1_025, {}, {"a": 1},
)  # fmt: skip


def seeds() -> list[bytes]:
    """What a large model states, each setting by itself, and bytes that choose some."""
    stated = {"do_sample": True, "eos_token_id": [2, 3], "max_length": 4096, "temperature": 0.6, "top_p": 0.9}
    single = [json.dumps({name: 1}).encode() for name in FIELDS]
    return [json.dumps(stated).encode(), *single, bytes(range(0, 200, 3)), b"\xff\x01\x05\x06"]


def read(data: bytes) -> object:
    """The record, or the error."""
    try:
        value = parse_json(data, LIMITS, finite=False)
    except FormatError:
        pairs = zip(data[0:40:2], data[1:40:2], strict=False)
        value = {_NAMES[name % len(_NAMES)]: _VALUES[item % len(_VALUES)] for name, item in pairs}
    try:
        return interpret(value)
    except FormatError as error:
        return error


def check(_data: bytes, result: object) -> None:
    """Every setting has a value that its table allows, and each name stands in one place."""
    if isinstance(result, FormatError):
        return
    assert isinstance(result, GenerationSettings)
    for name, value in result.fields.items():
        assert value is not None
        check_setting(name, value)
    assert set(result.undone) <= set(UNDONE)
    assert not {*result.fields, *result.undone} & set(result.unknown)


def deep(result: object) -> bool:
    """Whether the table was asked about a setting."""
    return not isinstance(result, NotAGenerationConfig)
