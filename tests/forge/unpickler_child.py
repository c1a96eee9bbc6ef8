"""CPython's own unpickler as an oracle, in a process of its own: what does it import and call?

Run as a program: one hexadecimal stream per line on stdin, one JSON line each on stdout. `find_class` is
replaced, so nothing that a stream names is ever imported: it gets a class that records.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any


class Thing:
    """An instance of a recorded class: everything works on it."""

    def __call__(self, *args: object) -> Thing:
        """Not recorded: it is no global."""
        return Thing()

    def __setstate__(self, state: object) -> None: ...

    def __setitem__(self, key: object, value: object) -> None: ...

    def extend(self, items: object) -> None:
        """As a list's."""

    def add(self, item: object) -> None:
        """As a set's."""


class Ordered(dict):  # type: ignore[type-arg]
    """Stands for `collections.OrderedDict`."""


def recorded(module: str, name: str, events: list[list[str]]) -> type:
    class Meta(type):
        def __call__(cls, *args: object, **kwargs: object) -> Thing:
            events.append(["call", module, name])
            return Thing()

    class Recorded(metaclass=Meta):
        def __new__(cls, *args: object, **kwargs: object) -> Any:
            events.append(["call", module, name])
            return Thing()

    return Recorded


class Oracle(pickle.Unpickler):
    """The C unpickler; only the look-up of globals is ours."""

    def __init__(self, data: bytes) -> None:
        super().__init__(BytesIO(data))
        self.events: list[list[str]] = []
        self.seen: dict[tuple[str, str], type] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Record the import and give back a class that records its calls."""
        self.events.append(["global", module, name])
        if (module, name) == ("collections", "OrderedDict"):
            return Ordered
        return self.seen.setdefault((module, name), recorded(module, name, self.events))

    def persistent_load(self, pid: object) -> Thing:
        """Record that one was asked for."""
        self.events.append(["persistent"])
        return Thing()


MOST_NODES = 20_000
"""Nodes of a value that are compared: forty that share the next one twice are 2**40."""


def show(value: object, depth: int = 0, seen: list[None] | None = None) -> str:
    """A value in one form for both sides, with the members of sets in order."""
    seen = [] if seen is None else seen
    seen.append(None)
    if depth > 40 or len(seen) > MOST_NODES:
        return "..."
    if isinstance(value, dict):
        pairs = (f"{show(k, depth + 1, seen)}:{show(v, depth + 1, seen)}" for k, v in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({','.join(show(item, depth + 1, seen) for item in value)})"
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}({','.join(sorted(show(item, depth + 1, seen) for item in value))})"
    return repr(value) if value is None or isinstance(value, (int, float, str, bytes, bytearray)) else "?"


def main() -> None:
    for line in sys.stdin:
        oracle = Oracle(bytes.fromhex(line))
        try:
            value = show(oracle.load())
            answer = {"ok": True, "value": value}
        except Exception as error:  # noqa: BLE001 - whatever an unpickler raises
            answer = {"ok": False, "value": repr(error)}
        answer["events"] = oracle.events
        print(json.dumps(answer))


def ask(streams: list[bytes]) -> list[dict[str, Any]]:
    """What CPython's unpickler does with each stream."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.forge.unpickler_child"],
        input="\n".join(stream.hex() for stream in streams),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    main()
