"""The child's task `second-reader`: fickling reads a pickle stream and says what it saw.

fickling interprets a stream symbolically into a Python syntax tree and executes nothing of it
(https://github.com/trailofbits/fickling). Where it gives up it keeps going with an empty tree and a
warning, so this task reports how far it came instead of trusting the shape of the result. Everything
runs in the child only; no other module imports fickling.
"""

from __future__ import annotations

import ast
import codecs
import contextlib
import io
from typing import TYPE_CHECKING

from fickling.analysis import Severity, check_safety
from fickling.fickle import Interpreter, Pickled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Json

MOST_SOURCE = 64 << 10
"""Characters of decompilation that a report can use."""
MOST_NODES = 200_000
"""Syntax nodes, shared parts written out, up to which a decompilation is made."""
MOST_NAMES = 10_000
MOST_NAME = 500
MOST_STREAMS = 64
"""Legacy torch files stack five."""

ENCODINGS = ("ascii", "latin-1", "utf-8", "raw_unicode_escape", "unicode_escape")
"""Codecs are imported at first use, which the closed room forbids."""
REHEARSAL = (
    b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01}q\x02X\x01\x00\x00\x00ak\x00K\x01\x86sb.",
    b"(lp0\nI01\naL1L\naF1.5\naS'a'\naVa\\u00e9\np1\na.",
    b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins\x8c\x03set\x93)\x81(K\x01e0N.",
)
"""Streams of our own, read once before the room closes so that every lazy import has happened."""


def rehearse() -> None:
    """Read streams of our own, so that everything is imported and compiled."""
    for name in ENCODINGS:
        codecs.lookup(name)
    for stream in REHEARSAL:
        read(stream)


def read_each(data: bytes, sizes: Json) -> dict[str, Json]:
    """`readings`: what `read` says about each of the streams that `data` holds one behind the other."""
    readings: list[Json] = []
    at = 0
    for size in sizes if isinstance(sizes, list) else [len(data)]:
        if not isinstance(size, int):
            break
        readings.append(read(data[at : at + size]))
        at += size
    return {"readings": readings}


def read(stream: bytes) -> dict[str, Json]:
    """What fickling makes of one stream, or of several stacked ones.

    Returns:
        `problem` (empty where it read everything without a warning), `imports`, `calls`, `source`,
        `severity`, `consumed`. Imports and calls are reported as far as it came, even with a problem.
    """
    console = io.StringIO()
    reading = _Reading()
    with contextlib.redirect_stdout(console), contextlib.redirect_stderr(console):
        consumed = _read_all(stream, reading)
    warned = " ".join(console.getvalue()[:2_000].split())
    if warned:
        reading.trouble(f"it warned: {warned[:200]}")
    return {
        "problem": reading.problem,
        "imports": [list(pair) for pair in reading.imports],
        "calls": list(reading.calls),
        "source": "\n".join(reading.sources)[:MOST_SOURCE],
        "severity": "" if reading.severity is None else reading.severity.name,
        "consumed": consumed,
    }


class _Reading:
    """What was seen so far. Only the first problem is kept: later ones follow from it."""

    def __init__(self) -> None:
        self.problem = ""
        self.imports: dict[tuple[str, str], None] = {}
        self.calls: dict[str, None] = {}
        self.sources: list[str] = []
        self.severity: Severity | None = None
        """fickling's own rating of the worst stream: shown, never obeyed. It rates plain state dicts
        as unsafe."""

    def trouble(self, what: str) -> None:
        self.problem = self.problem or what

    def note(self, node: ast.AST) -> None:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self._keep_import(node.module or "", alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                self._keep_import(alias.name, "")
        elif isinstance(node, ast.Call):
            name = _callee(node.func)
            if len(self.calls) < MOST_NAMES and len(name) <= MOST_NAME:
                self.calls[name] = None
            else:
                self.trouble("it saw more calls than can be reported")

    def _keep_import(self, module: str, name: str) -> None:
        if len(self.imports) < MOST_NAMES and len(module) + len(name) <= MOST_NAME:
            self.imports[module, name] = None
        else:
            self.trouble("it saw more imports than can be reported")


def _read_all(stream: bytes, reading: _Reading) -> int:
    """Read stacked streams one behind the other; the number of bytes read."""
    data = io.BytesIO(stream)
    if not stream:
        reading.trouble("the stream is empty")
    for _ in range(MOST_STREAMS):
        start = data.tell()
        if start == len(stream):
            return start
        try:
            # True would drop the opcodes in front of an error, which CPython would have executed.
            pickled = Pickled.load(data, fail_on_decode_error=False)
        except Exception as error:  # noqa: BLE001  it documents no exceptions, and runs on hostile bytes
            reading.trouble(f"it stopped at byte {start}: {type(error).__name__}")
            return start
        if pickled.has_invalid_opcode:
            reading.trouble(f"it cannot decode all opcodes of the stream at byte {start}")
        _interpret(pickled, reading)
        if data.tell() <= start or pickled.has_invalid_opcode:
            return data.tell()
    reading.trouble(f"more than {MOST_STREAMS} streams are stacked")
    return data.tell()


def _interpret(pickled: Pickled, reading: _Reading) -> None:
    interpreter = Interpreter(pickled)
    complete = False
    try:
        interpreter.run()
        complete = True
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  see above
        reading.trouble(f"it could not interpret the stream: {type(error).__name__}")
    body = list(interpreter.module_body)
    if not body:
        reading.trouble("it made an empty program of the stream")
    nodes = _walk(ast.Module(body=body, type_ignores=[]), reading)
    if not complete:
        return
    if nodes is None or nodes > MOST_NODES:
        reading.sources.append("# not decompiled: written out, it would be endless or too long")
        return
    try:
        reading.sources.append(ast.unparse(interpreter.to_ast()))
        severity = check_safety(pickled).severity
        if reading.severity is None or reading.severity < severity:
            reading.severity = severity
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  see above
        reading.trouble(f"it could not write the program down: {type(error).__name__}")


def _walk(root: ast.AST, reading: _Reading) -> int | None:
    """Note each node once; the number of nodes with shared parts written out, None for a cycle.

    A pickle can share one part 2**40 times in 80 bytes; neither this walk nor its stack notices.
    """
    sizes: dict[int, int | None] = {}
    path = [root]
    while path:
        node = path[-1]
        if id(node) not in sizes:
            sizes[id(node)] = None
            reading.note(node)
            path.extend(child for child in _children(node) if id(child) not in sizes)
            continue
        path.pop()
        if sizes[id(node)] is None:
            children = [sizes[id(child)] for child in _children(node)]
            if None in children:
                _note_rest(path, sizes, reading)
                return None
            sizes[id(node)] = 1 + sum(size for size in children if size is not None)
    return sizes[id(root)]


def _note_rest(path: list[ast.AST], sizes: dict[int, int | None], reading: _Reading) -> None:
    """Finish the walk of a cyclic program: every node is noted, none is counted."""
    while path:
        node = path.pop()
        if id(node) not in sizes:
            sizes[id(node)] = None
            reading.note(node)
        path.extend(child for child in _children(node) if id(child) not in sizes)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """A node's parts. fickling keeps elements in tuples, over which `ast.iter_child_nodes` passes."""
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (part for part in value if isinstance(part, ast.AST))


def _callee(func: object) -> str:
    """A callable's name: `name` for a global, `.name` for a method, `()` for the result of a call."""
    if isinstance(func, ast.Attribute):
        if func.attr == "__new__":
            return _callee(func.value)
        return f".{func.attr}"
    if isinstance(func, ast.Name):
        return "()" if func.id.startswith("_var") and func.id[4:].isdigit() else func.id
    return "()"
