"""Torch's format before 1.6: five pickles one behind the other, then the storages.

Each of the five is run by whoever loads the file, so each is interpreted, and what it would import and
call is stated with its byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import FormatError, LimitExceeded
from safeload.scanners import ScanResult, Stream, Subject
from safeload.scanners._pickle_facts import facts_behind, stream_facts

if TYPE_CHECKING:
    from safeload.formats.torch_legacy import LegacyPickles
    from safeload.limits import Limits

FORMATS = ("torch-legacy",)

_OBJECT = 3
"""Behind the magic number, the protocol version and the system information."""
_WORST = ("dangerous", "unlisted", "malformed", "limit-exceeded")
"""Verdicts that say the most, first."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """The facts of the pickles, and the record where they are inert and the table fits.

    Raises:
        FormatError: the view cannot be read.
    """
    # Only where there is such a file: the pickle machine is a good part of the code.
    from safeload.formats.torch_legacy import BigEndian, BytesBehindTable, bind_table, run_pickles

    place = subject.location
    pickles = run_pickles(subject.view, limits, subject.packs)
    facts: list[Fact] = []
    for trace in pickles.traces:
        facts += stream_facts(trace, place, limits)
    facts.append(Fact(kind="weights.pickle", location=place, data={"verdict": _verdict(pickles)}))
    record, error = None, pickles.error
    if pickles.inert:
        try:
            record = bind_table(subject.view, pickles)
        except FormatError as caught:
            error = caught
        if isinstance(error, BigEndian):
            data = {"format": "big-endian torch-legacy"}
            facts.append(Fact(kind="format.not-loadable", location=place, data=data))
        if isinstance(error, BytesBehindTable) and error.offset is not None:
            start = error.offset
            rest = subject.view.read(start, min(subject.view.size - start, limits.pickle_bytes))
            facts += facts_behind(rest, start, place, subject.packs, limits)
    coverage, reason = Coverage.SCANNED, ""
    if error is not None:
        limit = isinstance(error, LimitExceeded)
        coverage, reason = (Coverage.LIMIT_EXCEEDED if limit else Coverage.MALFORMED), str(error)
    return ScanResult(
        coverage=coverage,
        reason=reason,
        facts=tuple(facts),
        record=record,
        streams=_streams(subject, pickles),
    )


def _streams(subject: Subject, pickles: LegacyPickles) -> tuple[Stream, ...]:
    """The object, and of the others those that are more than literals: a second reading costs a process."""
    return tuple(
        Stream(location=subject.location.at(offset=start), data=pickles.data[start : trace.end], trace=trace)
        for index, (trace, start) in enumerate(zip(pickles.traces, pickles.starts, strict=True))
        if index == _OBJECT or trace.globals or trace.status.value != "inert"
    )


def _verdict(pickles: LegacyPickles) -> str:
    """The worst that is known about the pickles."""
    met = {trace.status.value for trace in pickles.traces}
    return next((status for status in _WORST if status in met), "inert")
