"""What a chat template gets to see: plain values, whatever the caller's objects are."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

TAG = "CONTINUE_FINAL_MESSAGE_TAG "
"""Marks the end of a message that is to be continued, until the text is cut there."""
REASONING = ("reasoning_content", "thinking", "reasoning")
"""Names under which programs pass what a model thought; templates read the first."""


def plain_data(value: Any) -> Any:  # noqa: ANN401 - any object of the caller's
    """The value rebuilt from None, bool, int, float, str, list, tuple and dict.

    Objects of a template's data would bring their methods into the sandbox, which knows nothing of them. An
    image or an array becomes the name of its type: templates ask whether it is there, not what it is.

    Raises:
        ValueError: it nests too deeply, or holds itself.
    """
    try:
        return _plain(value)
    except RecursionError:
        raise ValueError("a conversation nests too deeply, or holds itself") from None


def _plain(value: Any) -> Any:  # noqa: ANN401 - a table of types
    if value is None or type(value) in {str, int, float, bool}:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return _plain(value.item())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if callable(getattr(value, "model_dump", None)):
        return _plain(value.model_dump())
    return f"<{type(value).__name__}>"


def tool_schemas(tools: Sequence[Any] | None) -> list[Any] | None:
    """Each tool as a JSON schema.

    Raises:
        ValueError: a tool is neither a schema nor a function that describes itself.
    """
    if tools is None:
        return None
    schemas = []
    for tool in tools:
        if isinstance(tool, dict):
            schemas.append(tool)
        elif inspect.isfunction(tool) or inspect.ismethod(tool):
            from safeload.preprocessing.tool_schema import schema_of

            schemas.append(schema_of(tool))
        else:
            raise ValueError("a tool is a JSON schema, or a function with type hints and a docstring")
    return schemas


def alias_reasoning(chat: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages whose reasoning stands under each name that templates read."""
    result = []
    for message in chat:
        reasoning = next((message[key] for key in REASONING if message.get(key) is not None), None)
        result.append(
            message
            if reasoning is None
            else {"thinking": reasoning, **message, "reasoning_content": reasoning}
        )
    return result


class Continued(NamedTuple):
    """What the final message said before it was tagged."""

    text: str


def continue_final(
    chat: list[dict[str, Any]],
    wanted: bool | str,  # noqa: FBT001 - as the caller says it
    template: str,
) -> Continued | None:
    """Tag the end of the last message, in place.

    Raises:
        ValueError: there is nothing to continue, or the template does not read it.
    """
    if not wanted:
        return None
    field = wanted if isinstance(wanted, str) else "content"
    if not chat or chat[-1].get(field) is None:
        raise ValueError(f"continue_final_message: the last message has no {field!r} to continue")
    message = chat[-1]
    said = message[field]
    fields = [field]
    if field in REASONING:
        fields = [name for name in REASONING if message.get(name) == said]
    if not any(name in template for name in fields):
        raise ValueError(f"continue_final_message: the chat template does not read {field!r}")
    if isinstance(said, list | tuple):
        for block in reversed(said):
            if isinstance(block, dict) and "text" in block:
                text = str(block["text"])
                block["text"] = text + TAG
                return Continued(text)
        raise ValueError("continue_final_message: the last message holds no text")
    for name in fields:
        message[name] = str(message[name]) + TAG
    return Continued(str(said))


def cut_continued(text: str, continued: Continued | None) -> str:
    """The text up to the end of the message that is to be continued.

    Raises:
        ValueError: the template has left the message out.
    """
    if continued is None:
        return text
    mark = TAG.strip()
    if continued.text.strip() not in text or mark not in text:
        raise ValueError("continue_final_message: the chat template leaves the last message out")
    place = text.rindex(mark)
    whole = text[place : place + len(TAG)] == TAG
    return text[:place] if whole else text[:place].rstrip()
