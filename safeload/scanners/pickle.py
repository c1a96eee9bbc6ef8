"""Raw pickle files: every stream in them, run through the machine one after the other.

No loader of ours reads such a file, so what stands behind the first STOP is always stated. Streams found
there are run as well: a tool that calls its unpickler again would run them.

A file that names the array record of joblib has a second reading, in which the bytes of arrays stand
between the opcodes. What either reading would import or call is stated. Where joblib's is inert, it does
not count that the other one breaks at the first array: nobody can mean it. It counts where the machine
breaks for being stricter than an unpickler, which would go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import LimitExceeded
from safeload.formats.view import read_all
from safeload.scanners import ScanResult, Stream
from safeload.scanners._pickle_facts import facts_behind, stream_facts

if TYPE_CHECKING:
    from safeload.core import Json, Location
    from safeload.formats.joblib_stream import JoblibFile
    from safeload.formats.pickle_trace import Trace
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("pickle",)

_STREAMS = 16
"""Streams of one file that are run. A legacy torch file has five."""
_HEAD = 1 << 20
"""Where a file of joblib that is too large for a plain pickle has named its first array."""
_ARRAY = "NumpyArrayWrapper"
_RUNS = frozenset({"pickle.global", "pickle.call", "pickle.more"})
"""Facts about what a reading would import or call."""
_READ_PAST_END = frozenset({b"i", b"\x95"})
"""INST and FRAME: the unpickler that is written in Python takes them though the file ends inside."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State what each stream of the file would import and call.

    Raises:
        FormatError: the view cannot be read.
    """
    view = subject.view
    large = view.size > limits.pickle_bytes
    if large and _ARRAY.encode() not in view.read(0, min(_HEAD, view.size)):
        return ScanResult(
            coverage=Coverage.LIMIT_EXCEEDED,
            reason=f"the pickle has {view.size} bytes; the budget is {limits.pickle_bytes}",
        )
    data = view.read(0, limits.pickle_bytes) if large else read_all(view)
    plain = _Plain(subject, data, limits)
    if large or _names_array(plain.traces[0]):
        from safeload.formats.joblib_stream import parse_joblib  # only where there is such a file

        return _scan_joblib(subject, parse_joblib(view, limits, subject.packs), plain, limits)
    coverage, reason = _coverage(plain.traces[0])
    return ScanResult(
        coverage=coverage,
        reason=reason,
        facts=tuple(plain.facts),
        record=plain.traces[0],
        streams=tuple(
            Stream(location=_at(subject.location, start), data=data[start : trace.end], trace=trace)
            for start, trace in zip(plain.starts, plain.traces, strict=True)
        ),
    )


class _Plain:
    """Every stream of the file, as an unpickler reads them one behind the other."""

    def __init__(self, subject: Subject, data: bytes, limits: Limits) -> None:
        from safeload.formats.pickle_machine import run_pickle  # only where there is a pickle

        # no stream names the record without these bytes in a row, but for one with escapes
        objects = _ARRAY.encode() in data
        trace = run_pickle(data, limits, packs=subject.packs, objects=objects)
        self.traces, self.starts = [trace], [0]
        self.facts = list(stream_facts(trace, subject.location, limits))
        opcodes = trace.opcodes
        while trace.trailing and len(self.traces) < _STREAMS and opcodes <= limits.pickle_opcodes:
            start = trace.end
            trace = run_pickle(data, limits, packs=subject.packs, start=start, objects=objects)
            opcodes += trace.opcodes
            another = _is_stream(trace)
            found: dict[str, Json] = {"size": len(data) - start, "pickle": another}
            self.facts.append(
                Fact(kind="pickle.trailing", location=subject.location.at(offset=start), data=found)
            )
            if not another:
                break
            self.facts += stream_facts(trace, subject.location, limits)
            self.traces.append(trace)
            self.starts.append(start)
        self._size = len(data)
        self._data = data

    def may_go_on(self, size: int) -> bool:
        """Whether an unpickler may come further than the machine did in the first stream.

        Args:
            size: of the whole file.
        """
        from safeload.formats.pickle_errors import (
            FrameViolation,
            InvalidOpcode,
            MarkMissing,
            MemoMissing,
            StackUnderflow,
            StreamTruncated,
        )
        from safeload.formats.pickle_probe import may_go_on

        error = self.traces[0].error
        if error is None:
            return False
        if isinstance(error, (FrameViolation, LimitExceeded)) or error.offset is None:
            return True
        if isinstance(error, StreamTruncated):
            at = self._data[error.offset : error.offset + 1]
            return self._size < size or (at in _READ_PAST_END and may_go_on(self._data, error.offset))
        if isinstance(error, (InvalidOpcode, MarkMissing, MemoMissing, StackUnderflow)):
            return False
        return may_go_on(self._data, error.offset)


def _scan_joblib(subject: Subject, file: JoblibFile, plain: _Plain, limits: Limits) -> ScanResult:
    """Both readings of a file that joblib wrote, or that looks as if."""
    place, trace = subject.location, file.trace
    facts = list(stream_facts(trace, place, limits))
    if trace.trailing:
        rest = subject.view.read(trace.end, min(trace.trailing, limits.pickle_bytes))
        facts += facts_behind(rest, trace.end, place, subject.packs, limits)
    worst = sorted(zip(file.starts, file.nested, strict=True), key=lambda pair: pair[1].inert)[:_STREAMS]
    for _, nested in worst:
        facts += stream_facts(nested, place, limits)
    known = {(fact.kind, fact.location) for fact in facts}
    kinds = _RUNS | {"pickle.malformed"} if plain.may_go_on(subject.view.size) else _RUNS
    facts += (fact for fact in plain.facts if fact.kind in kinds and (fact.kind, fact.location) not in known)
    coverage, reason = _coverage(trace)
    streams = [Stream(location=place, data=file.opcode_bytes, trace=trace)]
    streams += (
        Stream(location=_at(place, start), data=subject.view.read(start, nested.end - start), trace=nested)
        for start, nested in worst
    )
    return ScanResult(
        coverage=coverage, reason=reason, facts=tuple(facts), record=file, streams=tuple(streams)
    )


def _names_array(trace: Trace) -> bool:
    """Whether the stream names joblib's record of an array: any class of that name is looked at twice."""
    return any(use.name == _ARRAY for use in trace.globals)


def _at(location: Location, start: int) -> Location:
    return location.at(offset=start) if start else location


def _is_stream(trace: Trace) -> bool:
    """True where bytes behind STOP would do something in an unpickler, or end in a value."""
    return trace.error is None or bool(trace.globals) or bool(trace.rejected_calls)


def _coverage(trace: Trace) -> tuple[Coverage, str]:
    if trace.error is None:
        return Coverage.SCANNED, ""
    limit = isinstance(trace.error, LimitExceeded)
    return (Coverage.LIMIT_EXCEEDED if limit else Coverage.MALFORMED), str(trace.error)
