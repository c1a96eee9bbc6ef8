"""Numpy arrays: the header is interpreted, the data is bytes, and an array of objects is a pickle.

Whatever is wrong with a header, a loader more lenient than ours may come as far as the data and unpickle
it, so data behind a header that was refused is run through the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.errors import FormatError, LimitExceeded
from safeload.scanners import ScanResult, Stream
from safeload.scanners._pickle_facts import facts_behind, stream_facts

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("npy",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """The record of an array of plain elements, or what the pickle in its place would do.

    Raises:
        FormatError: the file has no header to speak of.
    """
    from safeload.formats.npy import ObjectArray, parse_array, parse_start  # most audits meet no array

    start = parse_start(subject.view)
    try:
        return ScanResult(coverage=Coverage.SCANNED, record=parse_array(subject.view, start, limits))
    except FormatError as error:
        return _refused(subject, error, start.data, limits, objects=isinstance(error, ObjectArray))


def _refused(
    subject: Subject, error: FormatError, start: int, limits: Limits, *, objects: bool
) -> ScanResult:
    """Why the array is refused, and the facts of a pickle in its data."""
    coverage, reason = Coverage.MALFORMED, str(error)
    size = min(subject.view.size, limits.pickle_bytes)
    if objects and size < subject.view.size:
        coverage, reason = Coverage.LIMIT_EXCEEDED, f"{reason}, of which {size} bytes are read"
    elif isinstance(error, LimitExceeded):
        coverage = Coverage.LIMIT_EXCEEDED
    from safeload.formats.pickle_machine import run_pickle  # only where there is a pickle

    data = subject.view.read(0, size)
    trace = run_pickle(data, limits, packs=subject.packs, start=start)
    if not objects and trace.error and not trace.globals and not trace.rejected_calls:
        return ScanResult(coverage=coverage, reason=reason)
    facts = stream_facts(trace, subject.location, limits)
    if trace.trailing:
        facts += facts_behind(data[trace.end :], trace.end, subject.location, subject.packs, limits)
    where = subject.location.at(offset=start)
    return ScanResult(
        coverage=coverage,
        reason=reason,
        facts=facts,
        streams=(Stream(location=where, data=data[start : trace.end], trace=trace),),
    )
