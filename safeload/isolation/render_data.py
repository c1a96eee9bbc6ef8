"""Values of a conversation on their way to the child that renders: JSON, and what JSON lacks.

Tuples and mappings whose keys are no text are marked; everything else is what JSON has, with NaN and the
infinities. Only plain values come out, whatever the bytes are: a child needs to trust nobody.
"""

from __future__ import annotations

import json
from typing import Any

_TUPLE, _PAIRS = "\0tuple", "\0pairs"


def encode(value: Any) -> bytes:  # noqa: ANN401 - plain values
    """Bytes of a plain value: None, bool, int, float, str, list, tuple and dict of them.

    Raises:
        RecursionError: it is nested too deeply.
        TypeError: something else is in it.
    """
    return json.dumps(_marked(value), ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _marked(value: Any) -> Any:  # noqa: ANN401 - same
    if isinstance(value, list):
        return [_marked(item) for item in value]
    if isinstance(value, tuple):
        return {_TUPLE: [_marked(item) for item in value]}
    if isinstance(value, dict):
        if all(type(key) is str and not key.startswith("\0") for key in value):
            return {key: _marked(item) for key, item in value.items()}
        return {_PAIRS: [[_marked(key), _marked(item)] for key, item in value.items()]}
    return value


def decode(data: bytes) -> Any:  # noqa: ANN401 - same
    """The value that was encoded.

    Raises:
        ValueError: the bytes are no JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(data, object_hook=_unmarked)


def _unmarked(value: dict[str, Any]) -> Any:  # noqa: ANN401 - same
    if _TUPLE in value:
        return tuple(value[_TUPLE])
    if _PAIRS in value:
        return dict(value[_PAIRS])
    return value
