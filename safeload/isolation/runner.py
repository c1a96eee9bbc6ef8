"""The parent's side: start a child, feed it, wait for one bounded answer, end it.

Whatever the child does ends here as an answer or as a ChildFailure, within the time and memory that
`limits` grants. The child gets no environment, no working directory of ours, no open file but its
pipes, and a module path of exactly three parts: the standard library, our own package's root, and the
folders of the libraries that its task needs. It never sees the current folder, which may be the very
checkpoint under audit.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from safeload.isolation import frames
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json
    from safeload.limits import Limits

LIBRARIES: dict[str, tuple[str, ...]] = {
    "second-reader": ("fickling", "typing_extensions"),
    "template": ("jinja2", "markupsafe"),
    "decompress": ("zstandard", "lz4"),
    "unpack-7z": (
        "py7zr", "bcj", "pyppmd", "inflate64", "brotli", "Cryptodome", "backports", "multivolumefile",
        "texttable", "psutil",
    ),
    "yaml": ("yaml", "_yaml"),
    "python": (),
}  # fmt: skip
"""Task -> top-level packages whose folders the child may import from."""
REQUIRED = {"second-reader": "fickling", "template": "jinja2", "unpack-7z": "py7zr", "yaml": "yaml"}
"""Task -> the package that it cannot do without."""

BOOTSTRAP = (
    "import sys;n=int(sys.argv[1]);sys.path+=sys.argv[2:2+n];"
    "from safeload.isolation.child import main;raise SystemExit(main(sys.argv[2+n:]))"
)
"""Everything that varies arrives as arguments: no path is ever pasted into code."""

CHUNK = 1 << 16
_LAYERS = 8
_LAYER = re.compile(r"rlimits|landlock-[0-9]{1,3}|seccomp")


@record
class ChildFailure:
    """Why there is no answer."""

    kind: Literal["start", "time", "memory", "crash", "answer"]
    detail: str
    """A lower-case sentence."""


def run_isolated(task: str, payload: bytes, *, limits: Limits) -> dict[str, Json] | ChildFailure:
    """What `ask` returns, of a task that answers without raw bytes."""
    answer = ask(task, payload, {}, limits=limits)
    return answer if isinstance(answer, ChildFailure) else answer[0]


def ask(
    task: str, payload: bytes, options: Mapping[str, Json], *, limits: Limits, most_payload: int = 0
) -> tuple[dict[str, Json], bytes] | ChildFailure:
    """Run one task of the child's closed table over `payload`.

    Args:
        task: its name.
        payload: the bytes to read.
        options: arguments of the task.
        limits: the child's budgets.
        most_payload: raw bytes that the answer may hold.

    Returns:
        The answer, whose content is untrusted: an object with `result` (an object) and `room` (the
        layers of isolation that held), and raw bytes. Or the reason why there is none.
    """
    if os.name != "posix":
        return ChildFailure(kind="start", detail="isolated readers need a POSIX system")
    folders = _module_path(task)
    if folders is None:
        return ChildFailure(kind="start", detail=f"{REQUIRED[task]} is not installed")
    command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", BOOTSTRAP]
    command += [str(len(folders)), *folders]
    command += [task, str(limits.child_memory_bytes), str(limits.child_seconds)]
    request = frames.encode({"task": task, "options": dict(options), frames.PAYLOAD: len(payload)})
    try:
        child = subprocess.Popen(  # noqa: S603  our own interpreter, and no argument comes from a file
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LC_ALL": "C.UTF-8"},
            cwd="/",
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        return ChildFailure(kind="start", detail=f"the child did not start: {error.strerror}")
    # CPU time is the kernel's to enforce; the clock is for a child that waits instead of computing.
    deadline = time.monotonic() + 2 * limits.child_seconds
    try:
        most = frames.PREFIX_BYTES + frames.MOST_BYTES + most_payload
        answer = converse(child, (request, payload), most, deadline)
        if isinstance(answer, bytearray):
            child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        answer = None
    finally:
        end(child)
    if answer is None:
        return ChildFailure(kind="time", detail=f"no answer within {2 * limits.child_seconds} s")
    if isinstance(answer, ChildFailure):
        return answer
    return _checked(answer, child.returncode, limits, most_payload)


def start_server(bootstrap: str, control: int, libraries: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """Start the process that children are forked from, with a socket as its standard input.

    Args:
        bootstrap: the code that it starts with.
        control: descriptor of the socket.
        libraries: top-level packages whose folders it may import from, the first of them needed.

    Raises:
        OSError: it did not start.
    """
    folders = _folders(libraries, libraries[0] if libraries else None)
    if folders is None:
        raise OSError(errno.ENOENT, f"{libraries[0]} is not installed")
    command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", bootstrap, str(len(folders)), *folders]
    return subprocess.Popen(  # noqa: S603  our own interpreter, and no argument comes from a file
        command,
        stdin=control,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"LC_ALL": "C.UTF-8"},
        cwd="/",
        start_new_session=True,
    )


def layers(message: Mapping[str, Json]) -> tuple[str, ...]:
    """The layers of isolation that a child says it has: a short list of short words, or nothing."""
    room = message.get("room")
    if not isinstance(room, list) or len(room) > _LAYERS:
        return ()
    return tuple(layer for layer in room if isinstance(layer, str) and _LAYER.fullmatch(layer))


def _module_path(task: str) -> list[str] | None:
    """Folders behind the standard library's: our own root, then those of the task's libraries."""
    return _folders(LIBRARIES[task], REQUIRED.get(task))


def _folders(libraries: tuple[str, ...], required: str | None) -> list[str] | None:
    folders = [str(Path(__file__).resolve().parents[2])]
    # The current folder may be the checkpoint under audit: never a source of code for the child.
    try:
        current = Path.cwd().resolve()
    except OSError:  # it was removed, so nothing can be found in it
        current = None
    trusted = [entry for entry in sys.path if entry and Path(entry).resolve() != current]
    for name in libraries:
        spec = PathFinder.find_spec(name, trusted)
        if spec is None or spec.origin is None:
            if name == required:
                return None
            continue
        home = Path(spec.origin).resolve().parent
        folder = str(home.parent if spec.submodule_search_locations else home)
        if folder not in folders:
            folders.append(folder)
    return folders


def converse(
    child: subprocess.Popen[bytes], parts: tuple[bytes, ...], most: int, deadline: float
) -> bytearray | ChildFailure | None:
    """Write all and read until the child closes its end; None where time ran out."""
    assert child.stdin is not None  # noqa: S101  both are pipes, as asked for above
    assert child.stdout is not None  # noqa: S101
    queue = [memoryview(part) for part in parts if part]
    answer = bytearray()
    with selectors.DefaultSelector() as selector:
        os.set_blocking(child.stdin.fileno(), False)
        selector.register(child.stdin, selectors.EVENT_WRITE)
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            remaining = deadline - time.monotonic()
            events = selector.select(remaining) if remaining > 0 else []
            if not events:
                return None
            for key, _ in events:
                if key.fileobj is child.stdin:
                    try:
                        queue[0] = queue[0][os.write(key.fd, queue[0][:CHUNK]) :]
                    except OSError:  # the child has ended: its exit status tells why
                        queue.clear()
                    if queue and not queue[0]:
                        queue.pop(0)
                    if not queue:
                        selector.unregister(child.stdin)
                        child.stdin.close()
                    continue
                part = os.read(key.fd, CHUNK)
                if not part:
                    return answer
                answer += part
                if len(answer) > most:
                    return ChildFailure(kind="answer", detail="the answer is too long")


def end(child: subprocess.Popen[bytes]) -> None:
    """Kill the child's whole session, and collect it. A dead child is left as it is."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.kill()
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _checked(
    answer: bytes | bytearray, status: int, limits: Limits, most_payload: int
) -> tuple[dict[str, Json], bytes] | ChildFailure:
    if status < 0:
        if -status == signal.SIGXCPU:
            return ChildFailure(kind="time", detail=f"used up {limits.child_seconds} s of CPU time")
        return ChildFailure(kind="crash", detail=f"ended by signal {-status}")
    if status != 0:
        return ChildFailure(kind="crash", detail=f"ended with exit status {status}")
    try:
        message, payload = frames.split(answer, most_payload)
    except frames.FrameError as error:
        return ChildFailure(kind="answer", detail=f"the answer {error}")
    failure = message.get("error")
    if failure == "MemoryError":
        detail = f"needs more than {limits.child_memory_bytes} bytes of memory"
        return ChildFailure(kind="memory", detail=detail)
    if failure is not None:
        name = failure if isinstance(failure, str) and failure.isidentifier() else "an exception"
        return ChildFailure(kind="crash", detail=f"raised {name[:80]}")
    if not isinstance(message.get("result"), dict) or not isinstance(message.get("room"), list):
        return ChildFailure(kind="answer", detail="the answer holds no result")
    return message, payload
