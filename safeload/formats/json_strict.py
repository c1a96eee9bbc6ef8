"""JSON as RFC 8259 has it, minus everything that two readers may understand differently.

Guarantees: a value of plain dict, list, str, int, float, bool and None, in which no object had the
same key twice, every string is valid Unicode and every number is finite; or a FormatError. Budgets
hold before the tree is built. What the value means is left to the caller.

The tree is built by the standard library's scanner, which is written in C. What it leaves open is
closed around it: the document without its strings (the skeleton) shows depth, item count and number
length beforehand, and a hook sees every object's pairs. https://www.rfc-editor.org/rfc/rfc8259
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn, cast

from safeload.errors import FormatError, LimitExceeded

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.limits import Limits

_SPACE = " \t\n\r"
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_BRACKETS = b"[]{}"
_OPEN, _CLOSE = b"["[0], b"]"[0]
_ONE_BRACKET = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in _BRACKETS)
_NUMBERS = bytes(
    0x30 if chr(byte) in "0123456789" else 0x65 if chr(byte) in "eE" else byte if byte == 0x2B else 0x20
    for byte in range(256)
)
"""Every digit as 0, every exponent mark as e, plus as itself, all else as a space."""
_MINUS_ZERO = re.compile(rb"-0(?![0-9.eE])")
_EXPONENTS = (b"0e000", b"0e+000")
"""Three digits of exponent, as `_NUMBERS` writes them: less cannot overflow a float."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonNotUtf8(FormatError):
    """Bytes that are not UTF-8."""


class JsonByteOrderMark(FormatError):
    """A byte order mark: RFC 8259 forbids writing it, and readers differ in what they do with it."""


class JsonSyntaxError(FormatError):
    """Text that is not a JSON value."""


class JsonTrailingData(FormatError):
    """More text behind the value."""


class JsonDuplicateKey(FormatError):
    """An object with the same key twice: one reader takes the first, another the last."""


class JsonNotFinite(FormatError):
    """NaN, Infinity, or a number that overflows to infinity."""


class JsonMinusZero(FormatError):
    """The integer `-0`: some readers see the integer 0, others a float."""


class JsonLoneSurrogate(FormatError):
    r"""Half of a surrogate pair (`\ud800`): not Unicode, and no writer can write it back."""


class JsonNotPlain(FormatError):
    """A value to be written that JSON has no form for."""


class JsonTooLarge(LimitExceeded):
    """More bytes than `json_bytes`."""


class JsonTooDeep(LimitExceeded):
    """Nested deeper than `json_depth`."""


class JsonTooManyItems(LimitExceeded):
    """More items than `json_items`, or more arrays and objects than a document of this length has."""


class JsonNumberTooLong(LimitExceeded):
    """A number with more digits in a row than `json_number_digits`."""


def parse_json(data: bytes, limits: Limits, *, finite: bool = True, surrogates: bool = False) -> Json:
    """The value that `data` spells.

    Args:
        data: the document.
        limits: budgets.
        finite: False takes NaN and the infinities, as Python's own writer spells them: for documents
            that are searched and handed to nobody. Training logs are full of them.
        surrogates: True takes halves of surrogate pairs, as Python's own writer spells names of files that
            are not UTF-8: for reports of ours.

    Raises:
        FormatError: a class of this module, for whatever is wrong with `data`.
    """
    if len(data) > limits.json_bytes:
        raise JsonTooLarge(f"{len(data)} bytes of JSON, more than {limits.json_bytes}")
    if data.startswith(_BOMS):
        raise JsonByteOrderMark("starts with a byte order mark", offset=0)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonNotUtf8("is not UTF-8", offset=error.start) from None
    overflows = _check_skeleton(data, limits)
    start = len(text) - len(text.lstrip(_SPACE))
    try:
        value, end = (_DECODER if finite else _LENIENT).raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise JsonSyntaxError(_reason(error), offset=_byte_offset(text, error.pos)) from None
    except RecursionError:
        raise JsonTooDeep("nested deeper than the reader can follow") from None
    if rest := text[end:].strip(_SPACE):
        raise JsonTrailingData("more text behind the value", offset=len(data) - _tail(rest, text))
    _check_value_depth(value, limits.json_depth)
    if overflows and finite:
        _check_finite(value)
    if not surrogates and (b"\\ud" in data or b"\\uD" in data):
        if finite:
            dump_canonical(value)  # the writer is in C, and refuses them
        else:
            _check_surrogates(value)
    return cast("Json", value)


def dump_canonical(value: Json) -> bytes:
    """`value` as UTF-8 without spaces or escapes that need not be, keys in their order.

    This is what a library gets to read instead of a file: the judged record, and nothing else.

    Raises:
        FormatError: NaN, infinities, lone surrogates, nesting beyond what can be written.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_as_dict)
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise JsonLoneSurrogate("half of a surrogate pair in a string") from None
    except ValueError:
        raise JsonNotFinite("a number that is not finite, or a value that contains itself") from None
    except TypeError as error:
        raise JsonNotPlain(f"no JSON form: {error}") from None
    except RecursionError:
        raise JsonTooDeep("nested deeper than the writer can follow") from None


def _as_dict(value: object) -> dict[object, object]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


def _check_skeleton(data: bytes, limits: Limits) -> bool:
    """Check the budgets on what stands outside the strings; True where a float might overflow.

    The split at quotes is right for every valid document; in an invalid one it may put text on the
    wrong side, which then costs the name of the error and nothing else.
    """
    numbers = _plainly_within(data, limits)
    if numbers is not None:
        return any(exponent in numbers for exponent in _EXPONENTS)
    if b"\\" in data:
        # left to right, so that in `\\"` the pair goes first and the quote stays
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    quotes = data.count(b'"')
    if quotes > 4 * limits.json_items:
        raise JsonTooManyItems(f"{quotes // 2} strings, more than {2 * limits.json_items}")
    skeleton = b"".join(data.split(b'"')[::2]) if quotes else data
    containers = skeleton.count(b"[") + skeleton.count(b"{")
    if containers > limits.json_short_containers + max(0, len(data) - _SHORT_BYTES) // 5:
        raise JsonTooManyItems(f"{containers} arrays and objects in a document of {len(data)} bytes")
    items = skeleton.count(b",") + containers
    if items > limits.json_items:
        raise JsonTooManyItems(f"{items} items, more than {limits.json_items}")
    _check_depth(skeleton, limits.json_depth)
    numbers = skeleton.translate(_NUMBERS)
    if b"0" * (limits.json_number_digits + 1) in numbers:
        raise JsonNumberTooLong(f"a number with more than {limits.json_number_digits} digits in a row")
    if b"-0" in skeleton and _MINUS_ZERO.search(skeleton):
        raise JsonMinusZero("the integer -0, which readers understand differently")
    return any(exponent in numbers for exponent in _EXPONENTS)


_SHORT_BYTES = 4_000_000
_FEW_OPENINGS = 2_000
"""Brackets that the scanner may follow on its stack whatever the interpreter's recursion limit is."""


def _plainly_within(data: bytes, limits: Limits) -> bytes | None:
    """The document's numbers, where the budgets hold even if text in strings counted; else None.

    Then nobody has to tell strings and structure apart. Depth is bounded here, and checked on the value.
    """
    numbers = data.translate(_NUMBERS)
    openings = data.count(b"[") + data.count(b"{")
    if (
        openings > _FEW_OPENINGS
        or data.count(b",") + openings > limits.json_items
        or data.count(b'"') > 4 * limits.json_items
        or b"0" * (limits.json_number_digits + 1) in numbers
        or _MINUS_ZERO.search(data)
    ):
        return None
    return numbers


def _check_value_depth(value: object, most: int) -> None:
    """Raise if containers nest deeper than `most`."""
    level = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > most:
            raise JsonTooDeep(f"nested deeper than {most}")
        level = [
            child
            for item in level
            for child in (item.values() if type(item) is dict else item)
            if type(child) is dict or type(child) is list
        ]


def _check_depth(skeleton: bytes, most: int) -> None:
    """Peel the innermost pairs `most` times: what is left then is deeper, or does not match."""
    brackets = skeleton.translate(_ONE_BRACKET, _NOT_BRACKETS)
    for _ in range(most):
        if not brackets:
            return
        peeled = brackets.replace(b"[]", b"")
        if len(peeled) == len(brackets):
            break
        brackets = peeled
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket == _OPEN else -1
        if depth > most:
            raise JsonTooDeep(f"nested deeper than {most}")
        if depth < 0:  # the scanner will say where
            return
    if b"[]" in brackets:
        raise JsonTooDeep(f"nested deeper than {most}")


def _check_finite(value: object) -> None:
    """Raise if a float in `value` is infinite (`1e999`)."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, float) and item in _INFINITIES:
            raise JsonNotFinite("a number that overflows to infinity")


def _check_surrogates(value: object) -> None:
    """Raise if a string in `value`, key or not, holds half of a surrogate pair."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, str) and _SURROGATE.search(item):
            raise JsonLoneSurrogate("half of a surrogate pair in a string")


_INFINITIES = (float("inf"), float("-inf"))


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise JsonDuplicateKey(f"an object has the key {key[:100]!r} twice")
        seen.add(key)
    return value


def _constant(name: str) -> NoReturn:
    raise JsonNotFinite(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant)
_LENIENT = json.JSONDecoder(object_pairs_hook=_pairs)


def _reason(error: json.JSONDecodeError) -> str:
    return f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"


def _byte_offset(text: str, index: int) -> int:
    return len(text[:index].encode("utf-8"))


def _tail(rest: str, text: str) -> int:
    """Bytes from the first character of `rest` to the end of `text`, which ends with it and space."""
    space = len(text) - len(text.rstrip(_SPACE))
    return len(rest.encode("utf-8")) + space
