"""A Python function as the JSON schema of a tool, from its type hints and its docstring in Google's style.

The function is the caller's own; it is looked at and not called. The schema is what transformers makes of the
same function: https://huggingface.co/docs/transformers/chat_extras#schema
"""

from __future__ import annotations

import inspect
import json
import re
import types
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BASIC: dict[Any, dict[str, Any]] = {
    int: {"type": "integer"}, float: {"type": "number"}, str: {"type": "string"}, bool: {"type": "boolean"},
    type(None): {"type": "null"}, list: {"type": "array"}, tuple: {"type": "array"}, dict: {"type": "object"},
    Any: {},
}  # fmt: skip
_SCALARS = {int: "integer", float: "number", str: "string", bool: "boolean", type(None): "null"}
_SECTION = re.compile(r"\s*(Args|Returns|Raises):")
_ARGUMENT = re.compile(r"(\s*)(\w+):\s*(.*)")
_CHOICES = re.compile(r"\(choices:\s*(.*?)\)\s*$", re.IGNORECASE)


def schema_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The schema of a function.

    Raises:
        ValueError: it has no docstring, a parameter without a hint or a description, or a hint that JSON
            cannot express.
    """
    name = getattr(function, "__name__", "operation")
    documentation = inspect.getdoc(function)
    if not documentation:
        raise ValueError(f"{name} has no docstring to make a schema from")
    said = _sections(documentation.strip())
    hints = get_type_hints(function)
    parameters = _parameters(function, name)
    properties = {}
    for parameter in hints:
        if parameter in parameters:
            properties[parameter] = _described(hints[parameter], parameter, said, name)
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    required = [
        parameter for parameter, found in parameters.items() if found.default is inspect.Parameter.empty
    ]
    if required:
        schema["required"] = required
    result: dict[str, Any] = {"name": name, "description": said.description, "parameters": schema}
    returned = _returned(hints, said)
    if returned is not None:
        result["return"] = returned
    return {"type": "function", "function": result}


class _Sections:
    """The parts of a docstring."""

    def __init__(self) -> None:
        self.description = ""
        self.arguments: dict[str, str] = {}
        self.returns: str | None = None


def _sections(text: str) -> _Sections:
    parts: dict[str, list[str]] = {"": []}
    current = ""
    for line in text.split("\n"):
        found = _SECTION.match(line)
        if found is not None and found[1] not in parts:
            current = found[1]
            parts[current] = [line[found.end() :]]
        else:
            parts[current].append(line)
    sections = _Sections()
    sections.description = "\n".join(parts[""]).strip()
    sections.arguments = _arguments([line for line in parts.get("Args", ()) if line.strip()])
    if "Returns" in parts:
        sections.returns = "\n".join(parts["Returns"]).strip()
    return sections


def _arguments(lines: Sequence[str]) -> dict[str, str]:
    """Name -> description; a line that is indented deeper goes on with the one before."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    depth = 0
    for line in lines:
        match = _ARGUMENT.match(line)
        if match is not None and (current is None or len(match[1]) <= depth):
            depth = len(match[1])
            current = found.setdefault(match[2], [])
            line = match[3]  # noqa: PLW2901 - the rest of it
        if current is not None:
            current.append(line.strip())
    return {name: " ".join(part for part in parts if part) for name, parts in found.items()}


def _parameters(function: Callable[..., Any], name: str) -> dict[str, inspect.Parameter]:
    parameters = dict(inspect.signature(function).parameters)
    first = next(iter(parameters), None)
    if first in {"self", "cls"} and parameters[first].annotation is inspect.Parameter.empty:
        del parameters[first]
    for parameter in parameters.values():
        if parameter.annotation is inspect.Parameter.empty:
            raise ValueError(f"the parameter {parameter.name} of {name} has no type hint")
    return parameters


def _described(hint: Any, parameter: str, said: _Sections, name: str) -> dict[str, Any]:  # noqa: ANN401 - a hint
    if parameter not in said.arguments:
        raise ValueError(f"the docstring of {name} does not describe {parameter}")
    schema = dict(_schema(hint))
    description = said.arguments[parameter]
    choices = _CHOICES.search(description)
    if choices is not None:
        schema["enum"] = [item.strip() if isinstance(item, str) else item for item in json.loads(choices[1])]
        description = description[: choices.start()].strip()
    schema["description"] = description
    return schema


def _returned(hints: dict[str, Any], said: _Sections) -> dict[str, Any] | None:
    """What the function gives back, where its hint can be expressed: templates rarely show it."""
    if "return" not in hints:
        return None
    try:
        schema = dict(_schema(hints["return"]))
    except ValueError:
        return None
    if said.returns is not None:
        schema["description"] = said.returns
    return schema


def _schema(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - a table of hints
    origin, args = get_origin(hint), get_args(hint)
    if origin is None:
        if isinstance(hint, type) and issubclass(hint, Enum):
            return _values([member.value for member in hint], hint)
        known = _media(hint) if hint not in _BASIC else _BASIC[hint]
        if known is None:
            raise ValueError(f"the type hint {hint!r} has no JSON schema")
        return dict(known)
    if origin is Union or origin is types.UnionType:
        return _union(args)
    if origin is Literal:
        return _values(list(args), hint)
    if origin is list:
        return {"type": "array", "items": _schema(args[0])} if args else {"type": "array"}
    if origin is tuple:
        if len(args) < 2 or ... in args:
            raise ValueError(f"the type hint {hint!r} has no fixed number of items: use list[...]")
        return {"type": "array", "prefixItems": [_schema(item) for item in args]}
    if origin is dict:
        values = {"additionalProperties": _schema(args[1])} if len(args) == 2 else {}
        return {"type": "object", **values}
    raise ValueError(f"the type hint {hint!r} has no JSON schema")


def _media(hint: Any) -> dict[str, str] | None:  # noqa: ANN401 - a hint
    """Images and tensors, told by name: neither library is imported for it."""
    if not isinstance(hint, type):
        return None
    place = f"{hint.__module__}.{hint.__qualname__}"
    return {"PIL.Image.Image": {"type": "image"}, "torch.Tensor": {"type": "audio"}}.get(place)


def _union(args: tuple[Any, ...]) -> dict[str, Any]:
    parts = [_schema(item) for item in args if item is not type(None)]
    if len(parts) == 1:
        result = dict(parts[0])
    elif all(part.keys() == {"type"} and isinstance(part["type"], str) for part in parts):
        names = sorted({part["type"] for part in parts})
        result = {"type": names[0] if len(names) == 1 else names}
    else:
        result = {"anyOf": parts}
    if type(None) in args:
        result["nullable"] = True
    return result


def _values(values: list[Any], hint: Any) -> dict[str, Any]:  # noqa: ANN401 - a hint
    if not values or any(type(value) not in _SCALARS for value in values):
        raise ValueError(f"the values of {hint!r} are not all texts, numbers, booleans or None")
    kinds = list(dict.fromkeys(_SCALARS[type(value)] for value in values))
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": values}
