"""Any bytes give a value or a FormatError.

The invariant holds within the limits and under the seal.
A value is what the standard library reads from the same bytes, and its canonical form reads back as
itself.
"""

from __future__ import annotations

import json

from safeload.errors import FormatError
from safeload.formats.json_strict import dump_canonical, parse_json
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

LIMITS = replace(DEFAULT_LIMITS, json_bytes=1 << 14, json_depth=16)


def seeds() -> list[bytes]:
    """Small documents with every kind of value."""
    return [
        b'{"model_type":"bert","hidden_size":16,"layer_norm_eps":1e-12,"id2label":{"0":"A"},"a":[true,null]}',
        b'["\\u0041\\ud83d\\ude00","\xc3\xa9",-0.0,1E400, 12345678901234567890,"\\"\\\\\\/\\b\\f\\n\\r\\t"]',
        b"[" * 20 + b"]" * 20,
        b'{"a":1,"a":2}',
        b"[NaN,-Infinity]",
        b'"\\ud800"',
        b" \t\r\n{}",
    ]


def read(data: bytes) -> object:
    """The value, or the error that is allowed."""
    try:
        return (parse_json(data, LIMITS),)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a value."""
    if isinstance(result, tuple):
        (value,) = result
        canonical = dump_canonical(value)
        assert json.loads(data) == value
        assert dump_canonical(parse_json(canonical, LIMITS)) == canonical


def deep(result: object) -> bool:
    """Whether the reader came past the first byte: JSON has no header."""
    return not isinstance(result, FormatError) or result.offset is None or result.offset > 1
