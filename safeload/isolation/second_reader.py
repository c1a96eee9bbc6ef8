"""The second reader: what fickling saw in a stream, and whether our own trace saw all of it.

The first reader, formats/pickle_machine.py, decides. This one can only take something away: where it
sees an import or a call that our trace lacks, the two disagree and the stream must not load. Where it
did not run, that is said and never taken as agreement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from safeload.isolation.runner import ChildFailure, ask
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from safeload.core import Json
    from safeload.limits import Limits

Agreement = Literal["agreed", "disagreed", "did-not-run"]


@record
class SecondReading:
    """What the second reader said about one stream."""

    status: Literal["ran", "did-not-run"]
    detail: str
    """Why it did not run, or did not come to the end: a lower-case sentence."""
    imports: tuple[tuple[str, str], ...] = ()
    """Module and name, as written in the stream; also of a reading that did not come to the end."""
    calls: tuple[str, ...] = ()
    """`name` for a global, `.name` for a method, `()` for what a call returned."""
    source: str = ""
    """Decompilation for people, cut to a bounded length. Attacker text, unescaped."""
    severity: str = ""
    """fickling's own rating: shown, never obeyed."""
    room: tuple[str, ...] = ()
    """Layers of isolation that held in the child: rlimits, landlock-<abi>, seccomp."""


def second_reader(stream: bytes, limits: Limits) -> SecondReading:
    """Let fickling read one stream, or several stacked ones, in a child process.

    Args:
        stream: from the first byte of the stream to the end that our own machine found.
        limits: budgets of the child, and the longest stream that it is given.
    """
    return second_readings([stream], limits)[0]


def second_readings(streams: Sequence[bytes], limits: Limits) -> list[SecondReading]:
    """Let fickling read several streams in one child process: what it answers may be wrong for all of them.

    Args:
        streams: each as for `second_reader`.
        limits: budgets of the child, and how many bytes it is given in all.
    """
    sizes = [len(stream) for stream in streams]
    if sum(sizes) > limits.second_reader_bytes:
        detail = f"the stream has {sum(sizes)} bytes, more than {limits.second_reader_bytes}"
        return [SecondReading(status="did-not-run", detail=detail)] * len(sizes)
    options: dict[str, Json] = {"sizes": tuple(sizes)}
    answer = ask("second-reader", b"".join(streams), options, limits=limits)
    if isinstance(answer, ChildFailure):
        return [SecondReading(status="did-not-run", detail=answer.detail)] * len(sizes)
    message, _ = answer
    result = message["result"]
    readings = result.get("readings") if isinstance(result, dict) else None
    if not isinstance(readings, list) or len(readings) != len(sizes):
        detail = "the answer does not hold a result for each stream"
        return [SecondReading(status="did-not-run", detail=detail)] * len(sizes)
    return [
        _reading({"result": reading, "room": message["room"]}, size)
        for reading, size in zip(readings, sizes, strict=True)
    ]


def _reading(answer: dict[str, Json], size: int) -> SecondReading:
    """The typed reading in an untrusted answer: each field is checked for its type."""
    result = answer["result"]
    room = answer["room"]
    if not isinstance(result, dict) or not isinstance(room, list):
        return SecondReading(status="did-not-run", detail="the answer holds no result")
    imports = _pairs(result.get("imports"))
    calls = _texts(result.get("calls"))
    held = _texts(room)
    problem, source, severity = (result.get(key) for key in ("problem", "source", "severity"))
    consumed = result.get("consumed")
    if (
        imports is None
        or calls is None
        or held is None
        or not isinstance(problem, str)
        or not isinstance(source, str)
        or not isinstance(severity, str)
        or not isinstance(consumed, int)
    ):
        return SecondReading(status="did-not-run", detail="the answer has fields of other types")
    if not problem and consumed != size:
        problem = f"it read {consumed} of {size} bytes"
    return SecondReading(
        status="did-not-run" if problem else "ran",
        detail=problem,
        imports=imports,
        calls=calls,
        source=source,
        severity=severity,
        room=held,
    )


def _texts(value: Json) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    texts = tuple(item for item in value if isinstance(item, str))
    return texts if len(texts) == len(value) else None


def _pairs(value: Json) -> tuple[tuple[str, str], ...] | None:
    if not isinstance(value, list):
        return None
    pairs = []
    for item in value:
        texts = _texts(item)
        if texts is None or len(texts) != 2:
            return None
        pairs.append((texts[0], texts[1]))
    return tuple(pairs)


def compare(
    reading: SecondReading,
    trace_globals: Collection[tuple[str, str]],
    trace_calls: Collection[str] | None = None,
) -> tuple[Agreement, tuple[str, ...]]:
    """Whether our trace holds everything that the second reader saw.

    Args:
        reading: what the second reader said.
        trace_globals: module and name of every global in our trace, as written or as CPython maps
            them: both spellings of one global count as the same.
        trace_calls: `module.name` of every global that our trace calls by any opcode; None leaves calls
            out of the comparison. A callee is known by its last name only: that is all that a
            decompilation keeps of it.

    Returns:
        The agreement, and what our trace lacks. An import or call that our trace lacks is a
        disagreement even where the second reader did not come to the end.
    """
    known = {canonical(*pair) for pair in trace_globals}
    missing = [
        ".".join(filter(None, (module, name)))
        for module, name in reading.imports
        if canonical(module, name) not in known
    ]
    if trace_calls is not None:
        called = {
            name
            for module, name in reading.imports
            if f"{module}.{name}" in trace_calls or ".".join(canonical(module, name)) in trace_calls
        }
        globals_called = (name for name in reading.calls if not name.startswith((".", "(")))
        missing += [f"{name}()" for name in globals_called if name not in called]
    if missing:
        return "disagreed", tuple(missing)
    return ("agreed" if reading.status == "ran" else "did-not-run"), ()


def canonical(module: str, name: str) -> tuple[str, str]:
    """One spelling for the two that Python 2 and 3 have of the same global.

    CPython's unpickler maps the old one to the new for protocols 0 to 2 (`fix_imports`); fickling
    reports what is written. The table is CPython's own.
    """
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

    if (module, name) in NAME_MAPPING:
        return NAME_MAPPING[module, name]
    return IMPORT_MAPPING.get(module, module), name
