"""msgpack of any program: values that hold nothing but numbers, texts and bytes, walked to the last byte.

Implements https://github.com/msgpack/msgpack/blob/master/spec.md without extension types, which mean what
the reader likes. Guarantees that the file is exactly one value, and says where the longer ranges of bytes
in it lie: some programs keep whole files there, or pickles (numpy's objects, as `msgpack_numpy` writes them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

SHORTEST = 6
"""Bytes that may hold something: no pickle that calls is shorter."""
_WINDOW = 1 << 16
_HEAD = 9
_FIXED = {0xC0: 1, 0xC2: 1, 0xC3: 1, 0xCA: 5, 0xCB: 9, 0xCC: 2, 0xCD: 3, 0xCE: 5, 0xCF: 9, 0xD0: 2, 0xD1: 3,
          0xD2: 5, 0xD3: 9}  # fmt: skip
_BYTES = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_ITEMS = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}


class NotPlain(FormatError):
    """Bytes that are not one value of msgpack without extensions."""


class TooManyValues(LimitExceeded):
    """More values than the budget."""


class TooManyRanges(LimitExceeded):
    """More ranges of bytes than the budget."""


def walk_plain(view: View, limits: Limits) -> tuple[tuple[int, int], ...]:
    """Ranges of bytes that may hold something, by offset and length. Texts are texts.

    Raises:
        NotPlain: the file is not one such value.
        LimitExceeded: a budget does not hold.
    """
    size = view.size
    ranges: list[tuple[int, int]] = []
    at, base, window = 0, 0, b""
    pending = [1]  # values that are left on each level
    values = 0
    while pending:
        if not pending[-1]:
            pending.pop()
            continue
        pending[-1] -= 1
        values += 1
        if values > limits.msgpack_values:
            raise TooManyValues(f"more than {limits.msgpack_values} values", offset=at)
        if not base <= at <= base + len(window) - _HEAD:
            base, window = at, view.read(at, min(_WINDOW, size - at)) if at < size else b""
        step, length, items = _value(window, at - base, at)
        if length >= SHORTEST and 0xC4 <= window[at - base] <= 0xC6:
            ranges.append((at + step, length))
            if len(ranges) > limits.msgpack_ranges:
                raise TooManyRanges(f"more than {limits.msgpack_ranges} ranges of bytes", offset=at)
        at += step + length
        if at > size or items > size - at:
            raise NotPlain("a value ends behind the file", offset=at)
        if items:
            pending.append(items)
            if len(pending) > limits.msgpack_depth:
                raise NotPlain(f"values nest more than {limits.msgpack_depth} deep", offset=at)
    if at != size:
        raise NotPlain(f"{size - at} bytes behind the value", offset=at)
    return tuple(ranges)


def _value(window: bytes, index: int, at: int) -> tuple[int, int, int]:
    """Bytes of a head, bytes that follow as they are, and values that follow."""
    if index >= len(window):
        raise NotPlain("the file ends before a value", offset=at)
    code = window[index]
    if code < 0x80 or code >= 0xE0:
        return 1, 0, 0
    if code < 0x90:
        return 1, 0, 2 * (code & 15)
    if code < 0xA0:
        return 1, 0, code & 15
    if code < 0xC0:
        return 1, code & 31, 0
    if code in _FIXED:
        return _FIXED[code], 0, 0
    if code in _BYTES:
        width = _BYTES[code]
        return 1 + width, int.from_bytes(window[index + 1 : index + 1 + width], "big"), 0
    if code in _ITEMS:
        width, each = _ITEMS[code]
        return 1 + width, 0, each * int.from_bytes(window[index + 1 : index + 1 + width], "big")
    raise NotPlain("an extension, or a byte that starts no value", offset=at)
