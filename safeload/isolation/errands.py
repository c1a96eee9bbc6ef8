"""A scanner's errand, run in a child process: what came back, or why nothing did.

One child per errand, and nothing is kept from one to the next: a child that hostile bytes have taken
over can lie about the artifact that it was given, and about no other one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.isolation.runner import REQUIRED, ChildFailure, ask, layers
from safeload.scanners import Answer

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Errand

_RAW = frozenset({"decompress"})
"""Tasks that answer with raw bytes."""


def known_task(task: str) -> bool:
    """Whether a task of that name exists for errands."""
    return task in REQUIRED and task != "second-reader"


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
    most = limits.inflated_bytes if errand.task in _RAW else 0
    answer = ask(errand.task, data, errand.options, limits=limits, most_payload=most)
    if isinstance(answer, ChildFailure):
        return Answer(failure=answer.detail, exceeded=answer.kind in {"time", "memory"})
    message, payload = answer
    result = message["result"]
    assert isinstance(result, dict)  # noqa: S101  ask has checked that
    return Answer(result=result, payload=payload, room=layers(message))
