"""A scanner's errand, run in a child process: what came back, or why nothing did.

One child per errand, and nothing is kept from one to the next: a child that hostile bytes have taken
over can lie about the artifact that it was given, and about no other one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.isolation.runner import LIBRARIES, ChildFailure, ask, layers
from safeload.record import replace
from safeload.scanners import Answer

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Errand

_RAW = frozenset({"decompress", "unpack-7z"})
"""Tasks that answer with raw bytes, as many as their option `most` says."""
_LEAST_SECONDS = 4
_BYTES_PER_SECOND = 1 << 20
"""Of compressed input: bzip2, the slowest, takes about five times as much."""


def known_task(task: str) -> bool:
    """Whether a task of that name exists for errands."""
    return task in LIBRARIES and task != "second-reader"


def run_errand(errand: Errand, limits: Limits) -> Answer:
    """Let a child read what the errand names.

    Raises:
        FormatError: the view cannot be read.
    """
    size = errand.view.size
    if size > limits.errand_bytes:
        failure = f"{size} bytes, more than the {limits.errand_bytes} that a child process is given"
        return Answer(failure=failure, exceeded=True)
    data = errand.view.read(0, size)
    most = 0
    if errand.task in _RAW:
        wanted = errand.options["most"]
        assert isinstance(wanted, int)  # noqa: S101  values of ours
        most = min(wanted, limits.inflated_bytes)
        seconds = _LEAST_SECONDS + size // _BYTES_PER_SECOND
        limits = replace(
            limits,
            child_memory_bytes=min(limits.child_memory_bytes, limits.unpack_child_bytes + size + most),
            child_seconds=min(limits.child_seconds, seconds),
        )
    answer = ask(errand.task, data, errand.options, limits=limits, most_payload=most)
    if isinstance(answer, ChildFailure):
        return Answer(failure=answer.detail, exceeded=answer.kind in {"time", "memory"})
    message, payload = answer
    result = message["result"]
    assert isinstance(result, dict)  # noqa: S101  ask has checked that
    return Answer(result=result, payload=payload, room=layers(message))
