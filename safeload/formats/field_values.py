"""The values that a field of a config may have: type, bounds, closed sets.

Guarantees: `check_value` raises a FormatError for every value outside of a field's description, whatever
JSON holds, and looks at no more entries of a list than the description allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.config_fields import _field as f

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.formats.config_fields._field import Field


class FieldTypeWrong(FormatError):
    """A known field whose value has another type."""


class FieldOutOfBounds(FormatError):
    """A known field whose value is too small or too large."""


class ValueNotListed(FormatError):
    """A known field whose value is outside the closed set."""


def check_value(name: str, spec: Field, value: Json) -> None:
    """Raise unless `value` is one that a field of this description may have.

    Raises:
        FormatError: a class of this module.
    """
    if value is None and spec.nullable:
        return
    match spec.kind:
        case "flag":
            fits = isinstance(value, bool)
        case "integer":
            fits = isinstance(value, int) and not isinstance(value, bool)
        case "number":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        case "choice" | "text":
            fits = isinstance(value, str)
        case "ids":
            _check_ids(name, spec, value)
            return
        case "integers":
            _check_integers(name, spec, value)
            return
        case "words":
            _check_words(name, spec, value)
            return
        case "rope":
            _check_rope(name, value)
            return
        case "size":
            pair = value if isinstance(value, list) else [value, value]
            if len(pair) != 2 or not all(
                isinstance(item, int) and not isinstance(item, bool) for item in pair
            ):
                raise FieldTypeWrong(f"{name} is no number of pixels, and no pair of them")
            for item in pair:
                _check_bounds(name, spec, item)
            return
    if not fits:
        raise FieldTypeWrong(f"{name} is {type_name(value)} where the table has {spec.kind}")
    if spec.kind == "choice" and value not in spec.choices:
        raise ValueNotListed(f"{name} is {str(value)[:100]!r}, which is none of {sorted(spec.choices)}")
    if spec.kind in ("integer", "number"):
        _check_bounds(name, spec, value)


def _check_ids(name: str, spec: Field, value: Json) -> None:
    ids = value if isinstance(value, list) else [value]
    if len(ids) > spec.most:
        raise FieldOutOfBounds(f"{name} has {len(ids)} entries, more than {spec.most}")
    for item in ids:
        if not isinstance(item, int) or isinstance(item, bool):
            raise FieldTypeWrong(f"{name} is not a token id or a list of them")
        _check_bounds(name, spec, item)


def _check_integers(name: str, spec: Field, value: Json) -> None:
    if not isinstance(value, list | tuple):
        raise FieldTypeWrong(f"{name} is {type_name(value)} where the table has a list of integers")
    if not 1 <= len(value) <= spec.most:
        raise FieldOutOfBounds(f"{name} has {len(value)} entries, outside 1 to {spec.most}")
    for item in value:
        if not isinstance(item, int) or isinstance(item, bool):
            raise FieldTypeWrong(f"{name} has an entry that is {type_name(item)}, not an integer")
        _check_bounds(name, spec, item)


def _check_words(name: str, spec: Field, value: Json) -> None:
    if not isinstance(value, list | tuple):
        raise FieldTypeWrong(f"{name} is {type_name(value)} where the table has a list of words")
    if not 1 <= len(value) <= spec.most:
        raise FieldOutOfBounds(f"{name} has {len(value)} entries, outside 1 to {spec.most}")
    for item in value:
        if not isinstance(item, str) or item not in spec.choices:
            raise ValueNotListed(f"{name} holds {str(item)[:100]!r}, which is none of {sorted(spec.choices)}")


def _check_rope(name: str, value: Json) -> None:
    """Rotary positions: a type from a closed set, and numbers within bounds under known names."""
    if not isinstance(value, dict):
        raise FieldTypeWrong(f"{name} is {type_name(value)} where the table has an object")
    for key, item in value.items():
        if key in {"rope_type", "type"}:
            if not isinstance(item, str) or item not in f.ROPE_TYPES:
                raise ValueNotListed(f"{name}.{key} is {str(item)[:100]!r}, none of {sorted(f.ROPE_TYPES)}")
        elif key in f.ROPE_FLAGS:
            if not isinstance(item, bool):
                raise FieldTypeWrong(f"{name}.{key} is {type_name(item)} where the table has a flag")
        elif key in f.ROPE_LISTS:
            if not isinstance(item, list) or len(item) > f.ROPE_ENTRIES:
                raise FieldTypeWrong(f"{name}.{key} is no list of up to {f.ROPE_ENTRIES} numbers")
            for number in item:
                _check_rope_number(f"{name}.{key}", number)
        elif key not in f.ROPE_NUMBERS:
            raise ValueNotListed(f"{name} has {str(key)[:100]!r}, which is none of its fields")
        elif item is not None:
            _check_rope_number(f"{name}.{key}", item)


def _check_rope_number(name: str, value: Json) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise FieldTypeWrong(f"{name} is {type_name(value)} where the table has a number")
    if not 1e-6 <= value <= 1e12:
        raise FieldOutOfBounds(f"{name} is {value}, outside 1e-06 to 1e+12")


def _check_bounds(name: str, spec: Field, value: object) -> None:
    if not isinstance(value, int | float) or not spec.low <= value <= spec.high:
        raise FieldOutOfBounds(f"{name} is {value}, outside {spec.low} to {spec.high}")


def type_name(value: object) -> str:
    """What messages call the type of a JSON value."""
    names = {
        bool: "a flag",
        int: "an integer",
        float: "a number",
        str: "text",
        list: "an array",
        tuple: "an array",
    }
    return "null" if value is None else names.get(type(value), "an object")
