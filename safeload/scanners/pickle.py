"""Raw pickle files: every stream in them, run through the machine one after the other.

No loader of ours reads such a file, so what stands behind the first STOP is always stated. Streams found
there are run as well: a tool that calls its unpickler again would run them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import LimitExceeded
from safeload.formats.view import read_all
from safeload.scanners import ScanResult, Stream
from safeload.scanners._pickle_facts import stream_facts

if TYPE_CHECKING:
    from safeload.formats.pickle_trace import Trace
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("pickle",)

_STREAMS = 16
"""Streams of one file that are run. A legacy torch file has five."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State what each stream of the file would import and call."""
    if subject.view.size > limits.pickle_bytes:
        return ScanResult(
            coverage=Coverage.LIMIT_EXCEEDED,
            reason=f"the pickle has {subject.view.size} bytes; the budget is {limits.pickle_bytes}",
        )
    from safeload.formats.pickle_machine import run_pickle  # only where there is a pickle

    data = read_all(subject.view)
    trace = first = run_pickle(data, limits, packs=subject.packs)
    facts = list(stream_facts(first, subject.location, limits))
    streams = [Stream(location=subject.location, data=data[: first.end], trace=first)]
    opcodes = first.opcodes
    while trace.trailing:
        start = trace.end
        trace = run_pickle(data, limits, packs=subject.packs, start=start)
        opcodes += trace.opcodes
        location = subject.location.at(offset=start)
        another = _is_stream(trace)
        facts.append(
            Fact(
                kind="pickle.trailing",
                location=location,
                data={"size": len(data) - start, "pickle": another},
            )
        )
        if not another:
            break
        facts += stream_facts(trace, subject.location, limits)
        streams.append(Stream(location=location, data=data[start : trace.end], trace=trace))
        if len(streams) == _STREAMS or opcodes > limits.pickle_opcodes:
            break
    coverage, reason = _coverage(first)
    return ScanResult(
        coverage=coverage, reason=reason, facts=tuple(facts), record=first, streams=tuple(streams)
    )


def _is_stream(trace: Trace) -> bool:
    """True where bytes behind STOP would do something in an unpickler, or end in a value."""
    return trace.error is None or bool(trace.globals) or bool(trace.rejected_calls)


def _coverage(trace: Trace) -> tuple[Coverage, str]:
    if trace.error is None:
        return Coverage.SCANNED, ""
    limit = isinstance(trace.error, LimitExceeded)
    return (Coverage.LIMIT_EXCEEDED if limit else Coverage.MALFORMED), str(trace.error)
