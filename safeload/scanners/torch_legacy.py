"""Torch's format before 1.6: five pickles one behind the other, then the storages.

This version does not read tensors from it, so nothing of it loads. The pickles are interpreted all the
same: what one of them would run is the first thing that a reader of the report has to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.scanners import ScanResult, Stream, Subject
from safeload.scanners._pickle_facts import stream_facts

if TYPE_CHECKING:
    from safeload.limits import Limits

FORMATS = ("torch-legacy",)

_STREAMS = 5
"""Magic number, protocol version, system information, the object, the storage keys."""
_REACH = 16 << 20
"""The pickles hold no tensor data, so they end early in the file."""
_WORST = ("dangerous", "malformed", "limit-exceeded")
"""Verdicts that say the most, first."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """The facts of the pickles.

    Raises:
        FormatError: the view cannot be read.
    """
    from safeload.formats.pickle_machine import run_pickle  # only where there is a pickle

    data = subject.view.read(0, min(subject.view.size, _REACH, limits.pickle_bytes))
    facts: list[Fact] = []
    streams: list[Stream] = []
    start = 0
    while start < len(data) and len(streams) < _STREAMS:
        trace = run_pickle(data, limits, packs=subject.packs, persistent="torch", start=start)
        where = subject.location.at(offset=start)
        found = stream_facts(trace, where, limits)
        # Its persistent ids have a sixth field that this version does not read: what is called with them
        # stays unjudged, and the file unrecognised. Globals are named all the same.
        facts += (fact for fact in found if fact.kind != "pickle.call" or fact.data["known"])
        streams.append(Stream(location=where, data=data[start : trace.end], trace=trace))
        if trace.error is not None or trace.end <= start:
            break
        start = trace.end
    facts.append(Fact(kind="weights.pickle", location=subject.location, data={"verdict": _verdict(streams)}))
    return ScanResult(
        coverage=Coverage.UNRECOGNISED,
        reason="a legacy torch stream (before 1.6), which this version does not read: convert it",
        facts=tuple(facts),
        streams=tuple(streams),
    )


def _verdict(streams: list[Stream]) -> str:
    """The worst that is known about the pickles, and never that they are inert."""
    met = {stream.trace.status.value for stream in streams}
    for status in _WORST:
        if status in met:
            return status
    unlisted = any(not use.listed for stream in streams for use in stream.trace.globals)
    return "unlisted" if unlisted else "not judged"
