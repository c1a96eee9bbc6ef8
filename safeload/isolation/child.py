"""The child's entry: import, give everything up, read one request, answer, end.

Only names in `TASKS` can be asked for. The order matters: all imports and a rehearsal on bytes of our
own come first, then `room.enter`, and only then is the request read.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from safeload.isolation import frames, room

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.core import Json

    Options = Mapping[str, Json]
    Task = Callable[[bytes, Options], tuple[dict[str, Json], bytes]]

CHUNK = 1 << 20


def _second_reader() -> Task:
    from safeload.isolation import fickling_task

    fickling_task.rehearse()
    return lambda data, options: (fickling_task.read_each(data, options.get("sizes")), b"")


def _yaml() -> Task:
    from safeload.isolation import yaml_task

    yaml_task.rehearse()
    return lambda data, _options: (yaml_task.read(data), b"")


def _python() -> Task:
    from safeload.isolation import python_task

    python_task.rehearse()
    return lambda data, _options: (python_task.read(data), b"")


def _template() -> Task:
    from safeload.isolation import template_parser

    template_parser.prepare()
    from safeload.isolation import template_task

    template_task.rehearse()
    return lambda data, _options: (template_task.read(data), b"")


def _decompress() -> Task:
    from safeload.isolation import decompress_task

    return decompress_task.load()


def _unpack_7z() -> Task:
    from safeload.isolation import seven_zip_task

    seven_zip_task.load()
    return seven_zip_task.unpack


TASKS: dict[str, Callable[[], Task]] = {
    "second-reader": _second_reader,
    "yaml": _yaml,
    "python": _python,
    "template": _template,
    "decompress": _decompress,
    "unpack-7z": _unpack_7z,
}
"""Name -> what imports and rehearses the task, then returns it. Closed: nothing is looked up by name."""


def main(arguments: list[str]) -> int:
    """Run one task over standard input and output.

    Args:
        arguments: task name, address space in bytes, CPU time in seconds.
    """
    name, memory_bytes, cpu_seconds = arguments[0], int(arguments[1]), int(arguments[2])
    # A library that prints would write into the answer.
    sys.stdout = sys.stderr = io.StringIO()
    task = TASKS[name]()
    held = room.enter(memory_bytes=memory_bytes, cpu_seconds=cpu_seconds)
    message: dict[str, Json] = {"room": held}
    payload = b""
    try:
        message["result"], payload = task(*_request(name))
        message[frames.PAYLOAD] = len(payload)
        answer = frames.encode(message)
    except Exception as error:  # noqa: BLE001  a library on hostile bytes may raise anything
        answer = frames.encode({"room": held, "error": type(error).__name__})
        payload = b""
    for part in (answer, payload):
        left = memoryview(part)
        while left:
            left = left[os.write(1, left[:CHUNK]) :]
    return 0


def _request(name: str) -> tuple[bytes, Options]:
    prefix = _exactly(frames.PREFIX_BYTES)
    length = frames.body_length(prefix, frames.MOST_REQUEST_BYTES)
    request = frames.decode(prefix + _exactly(length), frames.MOST_REQUEST_BYTES)
    size, options = request.get(frames.PAYLOAD), request.get("options")
    if request.get("task") != name or not isinstance(size, int) or not isinstance(options, dict):
        raise frames.FrameError("is not the request that this child was started for")
    return _exactly(size), options


def _exactly(length: int) -> bytes:
    parts = []
    while length:
        part = os.read(0, min(length, CHUNK))
        if not part:
            raise frames.FrameError("ends early")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
