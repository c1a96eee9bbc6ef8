"""Children of `isolation = "all"` under an attacker's control: programs for the server of children."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from safeload.isolation import rooms

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

_SERVER = """
import sys;n=int(sys.argv[1]);sys.path+=sys.argv[2:2+n]
import json, os, signal, time
from safeload.isolation import fork_server, frames
from safeload.pipeline import apart_child
TARGET = {target!r}

def answer(extra=b"", **changes):
    body = dict(file=[None, "scanned", ""], members=[], facts=[], streams=[], record=None)
    body.update(changes)
    raw(json.dumps(body).encode(), extra)

def raw(text, extra=b""):
    fork_server.send(dict(room=["rlimits"], result={{"body-bytes": len(text)}}), text + extra)

def fact(kind="code.python", members=(), offset=None, key=None, data=None):
    return [kind, [list(members), offset, key], data or {{}}]

def hostile(order, data):
{attack}

def work(held):
    order, data = fork_server.receive(1 << 40)
    if order["path"] == TARGET:
        hostile(order, data)
        return
    result, payload = apart_child._examined(order, data)
    fork_server.send(dict(room=held, result=result), payload)

fork_server.serve_real = fork_server.serve
fork_server.serve = lambda _work: fork_server.serve_real(work)
raise SystemExit(apart_child.main())
"""


@contextlib.contextmanager
def taken_over(monkeypatch: pytest.MonkeyPatch, target: str, attack: str) -> Iterator[None]:
    """Every child that reads the file `target` runs `attack` in place of the scanner."""
    program = _SERVER.format(target=target, attack="\n".join(f"    {line}" for line in attack.splitlines()))
    with monkeypatch.context() as patch:
        patch.setattr(rooms, "BOOTSTRAP", program)
        yield
