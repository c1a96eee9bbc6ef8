"""Takes typed fields out of JSON objects whose specification names every one of them.

Guarantees: what comes back is of the type that was asked for, or one of the errors here names the object
and the field. Base64 is taken in its one canonical form, since two spellings of the same bytes would be two
files with one meaning. https://www.rfc-editor.org/rfc/rfc4648#section-3.5
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from safeload.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Collection

    from safeload.core import Json

Object = dict[str, "Json"]
_LONGEST = 80


class NotAnObject(FormatError):
    """A value that should be an object and is something else."""


class FieldMissing(FormatError):
    """An object without a field that its specification requires."""


class FieldUnknown(FormatError):
    """A field that the specification does not have, in an object that has to be understood whole."""


class FieldTypeWrong(FormatError):
    """A field of another type, or an empty one where something has to stand."""


class FieldNotBase64(FormatError):
    """A string that should be base64 and is none, or not the canonical one of its bytes."""


def take_object(
    value: Json, place: str, needed: Collection[str] = (), optional: Collection[str] | None = None
) -> Object:
    """An object that has the needed fields.

    Args:
        value: what stands there.
        place: what messages call it.
        needed: fields that have to be there.
        optional: further fields that may be; None where any others may, and are left alone.

    Raises:
        NotAnObject: it is something else.
        FieldMissing: a field is not there.
        FieldUnknown: there is a field that is neither needed nor optional.
    """
    if type(value) is not dict:
        raise NotAnObject(f"{place} is no object")
    for name in needed:
        if name not in value:
            raise FieldMissing(f"{place} has no {name}")
    if optional is not None:
        unknown = sorted(value.keys() - {*needed, *optional})
        if unknown:
            raise FieldUnknown(f"{place} has a field {unknown[0][:_LONGEST]}, which nobody knows")
    return value


def take_text(holder: Object, name: str, place: str) -> str:
    """A string that is not empty.

    Raises:
        FieldTypeWrong: it is anything else.
    """
    value = holder.get(name)
    if type(value) is not str or not value:
        raise FieldTypeWrong(f"{name} of {place} is no text")
    return value


def take_list(holder: Object, name: str, place: str) -> list[Json]:
    """A list.

    Raises:
        FieldTypeWrong: it is anything else.
    """
    value = holder.get(name)
    if type(value) is not list:
        raise FieldTypeWrong(f"{name} of {place} is no list")
    return value


def take_bytes(holder: Object, name: str, place: str) -> bytes:
    """Bytes in canonical base64, at least one.

    Raises:
        FieldTypeWrong: no string, or an empty one.
        FieldNotBase64: the string is no canonical base64.
    """
    text = take_text(holder, name, place)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FieldNotBase64(f"{name} of {place} is no base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise FieldNotBase64(f"{name} of {place} is not the canonical base64 of its bytes")
    return data


def is_sha256(text: object) -> bool:
    """Whether this is a sha256 in lower-case hexadecimal."""
    return type(text) is str and len(text) == 64 and _HEX.issuperset(text)


_HEX = frozenset("0123456789abcdef")
