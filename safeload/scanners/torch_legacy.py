"""Torch's format before 1.6: five pickles one behind the other, then the storages.

This version does not read tensors from it, so nothing of it loads. The pickles are interpreted all the
same: what one of them would run is the first thing that a reader of the report has to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus
from safeload.scanners import ScanResult, Stream, Subject
from safeload.scanners._pickle_facts import stream_facts

if TYPE_CHECKING:
    from safeload.limits import Limits

FORMATS = ("torch-legacy",)

_STREAMS = 5
"""Magic number, protocol version, system information, the object, the storage keys."""
_REACH = 16 << 20
"""The pickles hold no tensor data, so they end early in the file."""
_WORST = (StreamStatus.DANGEROUS, StreamStatus.MALFORMED, StreamStatus.LIMIT_EXCEEDED, StreamStatus.UNLISTED)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """The facts of the pickles.

    Raises:
        FormatError: the view cannot be read.
    """
    data = subject.view.read(0, min(subject.view.size, _REACH, limits.pickle_bytes))
    facts: list[Fact] = []
    streams: list[Stream] = []
    start = 0
    while start < len(data) and len(streams) < _STREAMS:
        trace = run_pickle(data, limits, packs=subject.packs, persistent="torch", start=start)
        where = subject.location.at(offset=start)
        facts += stream_facts(trace, where, limits)
        streams.append(Stream(location=where, data=data[start : trace.end], trace=trace))
        if trace.error is not None or trace.end <= start:
            break
        start = trace.end
    met = {stream.trace.status for stream in streams}
    verdict = next((status for status in _WORST if status in met), StreamStatus.INERT)
    facts.append(Fact(kind="weights.pickle", location=subject.location, data={"verdict": verdict.value}))
    return ScanResult(
        coverage=Coverage.UNRECOGNISED,
        reason="a legacy torch stream (before 1.6), which this version does not read: convert it",
        facts=tuple(facts),
        streams=tuple(streams),
    )
