"""Any JSON object gives settings of an image processor within bounds, or a FormatError.

What comes out is read again as it is, and asks for no more pixels than the budget.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.image_settings import KINDS, NAMES, settings_of
from safeload.formats.json_strict import parse_json
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

if TYPE_CHECKING:
    from safeload.core import Json

LIMITS = replace(DEFAULT_LIMITS, json_bytes=1 << 14, json_depth=16)
_VALUES: tuple[Json, ...] = (
    None, True, False, 0, 1, 2, 224, -1, 1 << 40, 0.5, 1e300, "channels_first", "224", [], [0.5, 0.4, 0.3],
    [224, 300], {"height": 224, "width": 224}, {"shortest_edge": 3, "longest_edge": 9},
    {"max_height": 16_384, "max_width": 16_384}, {"height": 16_384, "width": 16_384}, {"height": 1},
)  # fmt: skip
_KEYS = sorted(NAMES)


def seeds() -> list[bytes]:
    """What each class writes, and one document for each value."""
    written = [json.dumps(dict(kind.defaults)).encode() for kind in KINDS.values()]
    return [*written, *(json.dumps(dict.fromkeys(_KEYS[:4], value)).encode() for value in _VALUES)]


def read(data: bytes) -> object:
    """The settings for each class, or the errors. Bytes that are no JSON choose settings, each byte one."""
    try:
        value = parse_json(data, LIMITS)
    except FormatError:
        value = dict(_chosen(byte) for byte in data[-4:])
    found: list[object] = []
    for kind in KINDS.values() if isinstance(value, dict) else ():
        try:
            found.append((kind, settings_of(kind, value)))
        except FormatError as error:
            found.append(error)
    return found


def _chosen(byte: int) -> tuple[str, Json]:
    """A setting with a value that its class gives it, or with any one."""
    key = _KEYS[byte % len(_KEYS)]
    return key, _VALUES[byte * 7 % len(_VALUES)] if byte % 5 == 0 else KINDS[
        "DeiTImageProcessor"
    ].defaults.get(key)


def check(_data: bytes, result: object) -> None:
    """Every setting is there, sizes have edges within the budget, and all of it is read again as it is."""
    assert isinstance(result, list)
    for item in result:
        if not isinstance(item, tuple):
            continue
        kind, settings = item
        assert settings.keys() == kind.names
        assert settings_of(kind, settings) == settings
        for name in ("size", "crop_size", "pad_size"):
            edges = settings[name] or {}
            assert all(type(edge) is int and 0 < edge <= 1 << 14 for edge in edges.values())
            assert edges.get("height", 0) * edges.get("width", 0) <= DEFAULT_LIMITS.processed_pixels


def deep(result: object) -> bool:
    """Whether some class took the settings."""
    return isinstance(result, list) and any(isinstance(item, tuple) for item in result)
