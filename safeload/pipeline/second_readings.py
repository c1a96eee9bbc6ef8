"""Step 5: which pickle streams are read a second time, and what the second reader said about each.

Streams that are not inert are read again for their explanation, inert ones up to a stated length. Past
the budgets of one audit nothing is, and that is said (docs/adr/0006).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import Json
    from safeload.formats.pickle_trace import Trace
    from safeload.isolation.second_reader import SecondReading
    from safeload.limits import Limits
    from safeload.pipeline.examination import Examination
    from safeload.scanners import Stream

_SECOND_READINGS = 16
"""Streams of one audit that are not inert and are read a second time; each costs a process."""
_INERT_READINGS = 64
"""Inert ones. They share one process, which costs as much as a hundred small files."""
_SECOND_STREAM = 10_000
"""Opcodes of one stream that is read a second time: what a stream asks of the second reader grows faster."""
_SECOND_OPCODES = 20_000
"""Opcodes of one audit that are read a second time: about a second."""


def read_again(streams: Sequence[Stream], limits: Limits, examination: Examination) -> None:
    """Have streams read a second time, and put facts, explanations and layers into the examination.

    Streams that are not inert come first, so that others cannot use up what explains them.
    """
    ordered = sorted(streams, key=lambda stream: stream.trace.status.value == "inert")
    refused, chosen = _choose(ordered, limits)
    inert = [stream for stream in chosen if stream.trace.status.value == "inert"]
    groups = [[stream] for stream in chosen if stream.trace.status.value != "inert"]
    readings: dict[int, SecondReading] = {}
    if chosen:
        # Starting processes is not for the many audits that meet no pickle to read again.
        from safeload.isolation.second_reader import second_readings
    for group in [*groups, *([inert] if inert else [])]:
        found = second_readings([stream.data for stream in group], limits)
        readings.update((id(stream), item) for stream, item in zip(group, found, strict=True))
    for stream in ordered:
        _state(stream, readings.get(id(stream)), refused.get(id(stream), ""), examination)


def _choose(streams: Sequence[Stream], limits: Limits) -> tuple[dict[int, str], list[Stream]]:
    """Why streams are not read a second time, by identity, and those that are."""
    refused: dict[int, str] = {}
    chosen: list[Stream] = []
    count = {True: _INERT_READINGS, False: _SECOND_READINGS}
    most = {True: limits.second_reader_opcodes, False: _SECOND_OPCODES}
    """In all: inert ones share one process, which is not to take longer than the audit of small files."""
    for stream in streams:
        opcodes, inert = stream.trace.opcodes, stream.trace.status.value == "inert"
        longest = limits.second_reader_opcodes if inert else _SECOND_STREAM
        if opcodes > longest:
            refused[id(stream)] = f"{opcodes} opcodes, more than the {longest} read twice"
        elif not count[inert]:
            total = _INERT_READINGS if inert else _SECOND_READINGS
            refused[id(stream)] = f"more than {total} streams in one audit"
        elif opcodes > most[inert]:
            total = limits.second_reader_opcodes if inert else _SECOND_OPCODES
            refused[id(stream)] = f"more than {total} opcodes in one audit"
        else:
            count[inert] -= 1
            most[inert] -= opcodes
            chosen.append(stream)
    return refused, chosen


def _state(stream: Stream, reading: SecondReading | None, refused: str, examination: Examination) -> None:
    """The fact about one stream, and the explanation for people."""
    status: str = "did-not-run"
    severity, detail = "", refused
    extra: tuple[str, ...] = ()
    if reading is not None:
        from safeload.isolation.second_reader import compare

        examination.rooms.update({reading.room} - {()})
        detail, severity = reading.detail, reading.severity
        status, extra = compare(reading, *_seen(stream.trace))
        if extra and stream.trace.truncated_findings:
            status, extra = "did-not-run", ()
            detail = "our trace keeps the first of many findings, so there is nothing to compare with"
        if reading.source:
            examination.explanations[str(stream.location)] = reading.source
    data: dict[str, Json] = {"status": status, "detail": detail, "extra": extra, "severity": severity}
    examination.facts.append(Fact(kind="pickle.second-reader", location=stream.location, data=data))


def _seen(trace: Trace) -> tuple[set[tuple[str, str]], set[str]]:
    """The globals of a trace and the names that it calls, as the comparison of readers wants them."""
    seen = {(use.module, use.name) for use in trace.globals}
    # Every global of a stream that is not inert counts as called: the trace keeps the first refusals only.
    called = set(trace.calls) if trace.status.value == "inert" else {".".join(pair) for pair in seen}
    return seen, called
