"""Chat templates rendered in child processes: the parent's side.

A template is a program of the repository, and Jinja's sandbox bounds what it reaches, not what it costs. So
each rendering has a child of its own, which has so much memory and CPU time, no file, no network, and may
answer with so many characters. The child is forked from a process that has Jinja in memory and is kept until
this one ends: see docs/adr/0014-chat-templates-render-in-a-child.md.
"""

from __future__ import annotations

import atexit
import os
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from safeload.errors import FormatError, LimitExceeded, UsageError
from safeload.isolation.render_data import encode
from safeload.isolation.rooms import Rooms
from safeload.isolation.runner import ChildFailure
from safeload.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safeload.core import Json
    from safeload.limits import Limits

BOOTSTRAP = (
    "import sys;n=int(sys.argv[1]);sys.path+=sys.argv[2:2+n];"
    "from safeload.isolation.render_server import main;raise SystemExit(main())"
)
LIBRARIES = ("jinja2", "markupsafe")
CHATS = 64
"""Conversations that one child renders at most."""
_SHARE = 8
"""How many times longer than its conversations a text may be, before it is cut off for its length."""
_BYTES_PER_CHARACTER = 4


class TemplateFailed(FormatError):
    """A chat template that is none, or that raises: with its own words where it has some."""


class TemplateOverBudget(LimitExceeded):
    """A chat template that asks for more time, memory, depth or text than a rendering has."""


class Rendered(NamedTuple):
    """One conversation as text."""

    text: str
    spans: tuple[tuple[int, int], ...]
    """Characters that the model has said, as the template marks them; empty unless asked for."""


class _Server:
    """The process that renderings of this process are forked from."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.lock = threading.Lock()
        self.rooms = Rooms(bootstrap=BOOTSTRAP, libraries=LIBRARIES)
        atexit.register(self.close)

    def close(self) -> None:
        """End it; in a fork of the process that started it, let go of it."""
        if self.pid == os.getpid():
            self.rooms.close()
        else:
            self.rooms.forget()


_servers: list[_Server] = []
"""None before the first rendering, else one."""


def _server() -> _Server:
    """The server of this very process."""
    if _servers and _servers[0].pid != os.getpid():
        _servers.pop().rooms.forget()
    if not _servers:
        _servers.append(_Server())
    return _servers[0]


def render(
    template: str,
    chats: Sequence[Any],
    *,
    tools: Any,  # noqa: ANN401 - plain values
    documents: Any,  # noqa: ANN401 - same
    prompt: bool,
    variables: Mapping[str, Any],
    track: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Rendered]:
    """Each conversation as text. A batch takes as many children as it needs, each with the whole budget.

    Args:
        template: the text of the template.
        chats: conversations, of plain values only.
        tools: what it sees under that name.
        documents: what it sees under that name.
        prompt: whether it opens the answer.
        variables: everything else that it sees.
        track: whether to say which characters the model has said.
        limits: the budgets.

    Raises:
        TemplateFailed: it is no template, or it raises.
        TemplateOverBudget: it needs more than it may.
        UsageError: the values are too long, or no child can be started.
    """
    rest = {
        "template": template, "tools": tools, "documents": documents, "prompt": prompt,
        "variables": dict(variables), "track": track, "most": limits.render_characters,
        "now": datetime.now().isoformat(),  # noqa: DTZ005 - local time, as templates show it
    }  # fmt: skip
    head = _encoded(rest)[:-1] + b',"chats":['
    rendered: list[Rendered] = []
    for part in _parts([_encoded(chat) for chat in chats], limits.render_characters // _SHARE):
        result, payload = _ask("render", head + b",".join(part) + b"]}", limits)
        error = result.get("error")
        if isinstance(error, str):
            if result.get("exceeded") is True:
                raise TemplateOverBudget(f"the chat template is too much to render: {error}")
            raise TemplateFailed(f"the chat template cannot be rendered: {error}")
        rendered += _checked(result, payload, len(part))
    return rendered


def _parts(chats: Sequence[bytes], most: int) -> Iterator[list[bytes]]:
    """The conversations for each child: so many, and so long, unless one alone is longer."""
    part: list[bytes] = []
    size = 0
    for chat in chats:
        if part and (len(part) == CHATS or size + len(chat) > most):
            yield part
            part, size = [], 0
        part.append(chat)
        size += len(chat)
    if part:
        yield part


def literal_text(template: str, *, limits: Limits = DEFAULT_LIMITS) -> str:
    """The texts that a template holds itself, between NUL characters.

    Raises:
        TemplateFailed: it is no template.
        TemplateOverBudget: it needs more than it may.
        UsageError: no child can be started.
    """
    _, payload = _ask("literals", _encoded({"template": template}), limits)
    return _text(payload)


def _encoded(value: Any) -> bytes:  # noqa: ANN401 - plain values
    try:
        return encode(value)
    except RecursionError:
        raise UsageError("the conversation is nested too deeply to be rendered") from None


def _ask(task: str, data: bytes, limits: Limits) -> tuple[dict[str, Json], bytes]:
    if len(data) > limits.render_request_bytes:
        raise UsageError(
            f"{len(data)} bytes of template and conversation, more than {limits.render_request_bytes}"
        )
    server = _server()
    with server.lock:
        try:
            answer = server.rooms.converse(
                ({"task": task}, data),
                _no_errand,
                file=None,
                memory=limits.render_memory_bytes,
                seconds=limits.render_seconds,
                most=_BYTES_PER_CHARACTER * limits.render_characters,
            )
        except BaseException:  # interrupted: what is still in the pipes must not answer the next call
            server.rooms.close()
            raise
    if isinstance(answer, ChildFailure):
        if answer.kind in {"time", "memory"}:
            raise TemplateOverBudget(f"the chat template is too much to render: {answer.detail}")
        if answer.kind == "start":
            raise UsageError(f"chat templates are rendered in a child process, and {answer.detail}")
        raise TemplateFailed(f"the chat template cannot be rendered: the child process {answer.detail}")
    message, payload = answer
    result = message.get("result")
    if not isinstance(result, dict):
        raise TemplateFailed("the chat template cannot be rendered: the child process fails on it")
    return result, payload


def _no_errand(_message: dict[str, Json], _payload: bytes) -> tuple[dict[str, Json], bytes]:
    return {}, b""


def _checked(result: Mapping[str, Json], payload: bytes, count: int) -> list[Rendered]:
    """The texts of an answer, which a child that was taken over may have written."""
    sizes, spans = result.get("sizes"), result.get("spans")
    if not isinstance(sizes, list) or not isinstance(spans, list) or {len(sizes), len(spans)} != {count}:
        raise TemplateFailed("the child process that renders gave no answer")
    rendered = []
    start = 0
    for size, found in zip(sizes, spans, strict=True):
        if type(size) is not int or size < 0 or not isinstance(found, list):
            raise TemplateFailed("the child process that renders gave no answer")
        text = _text(payload[start : start + size])
        start += size
        rendered.append(Rendered(text, tuple(_span(span, len(text)) for span in found)))
    if start != len(payload):
        raise TemplateFailed("the child process that renders gave no answer")
    return rendered


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise TemplateFailed("the child process that renders gave no text") from None


def _span(value: Json, length: int) -> tuple[int, int]:
    if isinstance(value, list) and len(value) == 2:
        start, end = value
        if type(start) is int and type(end) is int and 0 <= start <= end <= length:
            return start, end
    raise TemplateFailed("the child process that renders gave no places")
