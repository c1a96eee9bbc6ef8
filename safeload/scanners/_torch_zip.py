"""A torch checkpoint in a zip archive: its pickle, its tensors, and the members beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.archive import AmbiguousArchive
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus
from safeload.formats.torch_zip import (
    BigEndian,
    TorchLayout,
    TorchZip,
    bind,
    check_small_member,
    parse_layout,
    read_pickle,
    storage_reader,
)
from safeload.formats.view import SubView
from safeload.formats.zip_data import check_crc, crc_differs, stored_with_other_crc
from safeload.scanners import Child, Member, ScanResult, Stream, Subject
from safeload.scanners._pickle_facts import stream_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json, Location
    from safeload.formats.pickle_trace import Trace
    from safeload.formats.zip import ZipArchive, ZipMember
    from safeload.limits import Limits

_NOT_READ = "--quick reads only the bytes that are interpreted"


def scan_torch_zip(
    subject: Subject, archive: ZipArchive, facts: tuple[Fact, ...], limits: Limits
) -> ScanResult | FormatError:
    """All about a checkpoint that torch wrote, or why torch did not write it.

    Raises:
        FormatError: the view cannot be read.
    """
    try:
        layout = parse_layout(archive)
        data = read_pickle(subject.view, layout, limits)
    except FormatError as error:
        return error
    account = _Account(subject, facts)
    trace = _pickle(account, layout, data, limits)
    for name, member in layout.small.items():
        try:
            check_small_member(subject.view, name, member, limits)
        except BigEndian as error:
            account.state("format.not-loadable", {"format": "big-endian torch zip"})
            account.broken(member.name, member.size, "text", error)
        except FormatError as error:
            account.fail(error)
            account.look_into(member)
        else:
            account.add(member.name, member.size, "text")
    strays = [member for key, member in layout.data.items() if key not in trace.storages]
    for member in strays[: limits.pickle_findings]:
        account.look_into(member)
    _tensors(account, layout, {member.name for member in strays[: limits.pickle_findings]})
    record: TorchZip | None = None
    if trace.inert:
        try:
            record = bind(archive, layout, trace)
        except FormatError as error:
            account.fail(error)
    elif trace.error is not None:
        account.fail(trace.error)
    return account.result(
        record, Stream(location=account.pickle(layout), data=data[: trace.end], trace=trace)
    )


class _Account:
    """Gathers facts, members and the worst coverage of one checkpoint."""

    def __init__(self, subject: Subject, facts: tuple[Fact, ...]) -> None:
        self.subject = subject
        self.facts = list(facts)
        self.members: list[Member] = []
        self.children: list[Child] = []
        self.error: FormatError | None = None

    def pickle(self, layout: TorchLayout) -> Location:
        """Where the pickle is."""
        return self.subject.location.within(layout.pickle.name)

    def state(self, kind: str, data: Mapping[str, Json]) -> None:
        """Add a fact about the checkpoint as a whole."""
        self.facts.append(Fact(kind=kind, location=self.subject.location, data=data))

    def add(self, name: str, size: int, kind: str) -> None:
        """A member that was examined."""
        self.members.append(Member(name=name, size=size, format=kind, coverage=Coverage.SCANNED))

    def broken(self, name: str, size: int, kind: str, error: FormatError) -> None:
        """A member that is not what it should be: the checkpoint is not either."""
        coverage = _coverage(error)
        self.members.append(Member(name=name, size=size, format=kind, coverage=coverage, reason=error.detail))
        self.fail(error)

    def look_into(self, member: ZipMember) -> None:
        """A member that may hold anything: the pipeline tells what, from its content."""
        view = SubView(self.subject.view, member.offset, member.size)
        self.children.append(Child(name=member.name, view=view))

    def fail(self, error: FormatError) -> None:
        """Note why the checkpoint cannot be admitted; the first reason stands."""
        self.error = self.error or error
        if isinstance(error, AmbiguousArchive):
            where = self.subject.location.at(offset=error.offset)
            data: Mapping[str, Json] = {"problem": error.code, "detail": error.detail}
            self.facts.append(Fact(kind="archive.ambiguous", location=where, data=data))

    def result(self, record: TorchZip | None, stream: Stream) -> ScanResult:
        """The end of the scan: a record only where nothing failed."""
        coverage, reason = Coverage.SCANNED, ""
        if self.error is not None:
            coverage, reason, record = _coverage(self.error), str(self.error), None
        elif not self.subject.read_data:
            coverage, reason = Coverage.NOT_READ, _NOT_READ
        return ScanResult(
            coverage=coverage,
            reason=reason,
            facts=tuple(self.facts),
            children=tuple(self.children),
            members=tuple(self.members),
            record=record,
            streams=(stream,),
        )


def _pickle(account: _Account, layout: TorchLayout, data: bytes, limits: Limits) -> Trace:
    """Run the machine over `data.pkl`, and state what it found."""
    subject, member = account.subject, layout.pickle
    read = storage_reader(subject.view, layout, limits)
    trace = run_pickle(data, limits, packs=subject.packs, persistent="torch", read=read)
    where = account.pickle(layout)
    account.state("weights.pickle", {"verdict": trace.status.value})
    account.facts += stream_facts(trace, where, limits)
    if trace.trailing:
        again = run_pickle(data, limits, packs=subject.packs, persistent="torch", start=trace.end)
        found: Mapping[str, Json] = {"size": trace.trailing, "pickle": _is_stream(again)}
        account.facts.append(Fact(kind="pickle.trailing", location=where.at(offset=trace.end), data=found))
        if again.globals or again.rejected_calls:
            account.facts += stream_facts(again, where, limits)
    try:
        check_crc(subject.view, member, limits)
        if trace.error is not None:
            raise trace.error
    except FormatError as error:
        account.broken(member.name, member.size, "pickle", error)
    else:
        account.add(member.name, member.size, "pickle")
    return trace


def _is_stream(trace: Trace) -> bool:
    """Whether trailing bytes would make an unpickler do something."""
    return trace.status is not StreamStatus.MALFORMED or bool(trace.globals)


def _tensors(account: _Account, layout: TorchLayout, strays: set[str]) -> None:
    """Account for the data members but `strays`: checked against their crc32, or not read at all."""
    data = tuple(member for member in layout.data.values() if member.name not in strays)
    if not data:
        return
    if not account.subject.read_data:
        size = sum(member.size for member in data)
        account.members.append(
            Member(
                name=f"{layout.root}/data",
                size=size,
                format="raw-tensor",
                coverage=Coverage.NOT_READ,
                reason=f"{_NOT_READ}: {len(data)} members",
            )
        )
        return
    bad = {member.name: member for member in stored_with_other_crc(account.subject.view, data)}
    for member in data:
        if member.name in bad:
            account.broken(member.name, member.size, "raw-tensor", crc_differs(member))
        else:
            account.add(member.name, member.size, "raw-tensor")


def _coverage(error: FormatError) -> Coverage:
    return Coverage.LIMIT_EXCEEDED if isinstance(error, LimitExceeded) else Coverage.MALFORMED
