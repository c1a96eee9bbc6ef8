"""The process that rendering children are forked from: it has Jinja in memory and renders nothing itself.

One child renders one request. Nothing that it does to its memory, to Jinja's caches or to the tracker is
there for the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.isolation import fork_server

if TYPE_CHECKING:
    from safeload.core import Json

MOST_REQUEST = 1 << 30
"""The parent bounds what it sends; this bounds what a child allocates for it."""


def main() -> int:
    """Import everything, then fork on demand."""
    from safeload.isolation import render_task

    render_task.rehearse()
    return fork_server.serve(_work, dies_with_thread=False)


def _work(held: list[str]) -> None:
    """One child: take the request, render, answer."""
    from safeload.isolation import render_task

    order, data = fork_server.receive(MOST_REQUEST)
    task = render_task.literals if order.get("task") == "literals" else render_task.render
    try:
        result, payload = task(data)
        answer: dict[str, Json] = {"room": held, "result": result}
    except Exception as error:  # noqa: BLE001 - it ends as an answer that is none
        answer, payload = {"room": held, "error": type(error).__name__}, b""
    fork_server.send(answer, payload)
