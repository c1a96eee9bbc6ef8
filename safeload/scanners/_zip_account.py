"""The account of one archive: every member ends in exactly one line, whoever looked at it.

The kinds of archives (`_keras_zip`, `_torchscript`, ...) claim the members whose type their layout fixes.
`look_into` turns what nobody claimed into children, which the pipeline tells by their content. An archive
may be of several kinds at once: each states its facts, and a member is claimed by the first.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.archive import AmbiguousArchive
from safeload.formats.families import MEDIA
from safeload.formats.identify import identify
from safeload.formats.meter import Meter
from safeload.formats.torch_zip import is_torch_zip, is_torchscript
from safeload.formats.zip import DEFLATE, parse_zip
from safeload.formats.zip_data import LastInflated, check_crc, crc_differs, member_view
from safeload.record import replace
from safeload.scanners import Child, Member, ScanResult, Stream, Subject
from safeload.scanners._torch_zip import scan_torch_zip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safeload.core import Json, Location, View
    from safeload.formats.zip import ZipMember
    from safeload.limits import Limits

_CHEAP = MEDIA | {"npy", "text", "text-8bit", "python"}
"""Formats whose data is measured and not interpreted."""
_NOT_READ = "--quick reads only the bytes that are interpreted"
_SMALL = 1 << 20
"""Up to this size a member counts as interpreted, whatever it is."""


_HEAD = 1 << 12
_JSON = re.compile(rb"(\xef\xbb\xbf)?\s*([{\[]|\Z)")
"""What may be JSON: also blanks that go on past the head."""


class MemberTooLarge(LimitExceeded):
    """A member that is read whole, above its budget."""


def worse(error: FormatError) -> Coverage:
    """The coverage of what broke with `error`."""
    return Coverage.LIMIT_EXCEEDED if isinstance(error, LimitExceeded) else Coverage.MALFORMED


class Account:
    """Gathers what was found out about one archive."""

    def __init__(self, subject: Subject, members: Iterable[ZipMember], limits: Limits) -> None:
        self.subject = subject
        self.limits = limits
        self.found = {member.name: member for member in members}
        """Members by name, in the order of the file."""
        self.facts: list[Fact] = []
        self.streams: list[Stream] = []
        self.children: list[Child] = []
        self.members: list[Member] = []
        self._claimed: set[str] = set()
        self._last = LastInflated()
        self._meter = subject.meter or Meter(subject.view.size, limits)
        self._inflated: set[str] = set()
        self._broken = False

    def place(self, member: ZipMember) -> Location:
        """Where a member is."""
        return self.subject.location.within(member.name)

    def state(self, kind: str, data: Mapping[str, Json], where: Location | None = None) -> None:
        """Add a fact, about the archive as a whole where no place is given."""
        self.facts.append(Fact(kind=kind, location=where or self.subject.location, data=data))

    def claimed(self, name: str) -> bool:
        """Whether somebody has accounted for the member."""
        return name in self._claimed

    def claim(
        self, member: ZipMember, kind: str, coverage: Coverage = Coverage.SCANNED, reason: str = ""
    ) -> None:
        """Account for a member that was looked at here."""
        self._claimed.add(member.name)
        self.members.append(
            Member(name=member.name, size=member.size, format=kind, coverage=coverage, reason=reason)
        )

    def fail(self, member: ZipMember, kind: str, error: FormatError) -> None:
        """Account for a member that is not what it should be."""
        self.ambiguity(error)
        self.claim(member, kind, worse(error), str(error))

    def claim_data(self, member: ZipMember) -> None:
        """Account for elements of a tensor, which nothing interprets: only their crc32 can be checked."""
        if not self.subject.read_data:
            self.claim(member, "raw-tensor", Coverage.NOT_READ, _NOT_READ)
            return
        try:
            self.view(member)
        except FormatError as error:
            self.fail(member, "raw-tensor", error)
        else:
            self.claim(member, "raw-tensor")

    def ambiguity(self, error: FormatError) -> None:
        """State that two readers would see different archives, where `error` says so."""
        if isinstance(error, AmbiguousArchive):
            self._broken = True
            self.facts.append(ambiguous(self.subject, error))

    def view(self, member: ZipMember, *, check: bool = True) -> View:
        """A view of a member, within the budget of the whole file.

        Raises:
            FormatError: a budget is exceeded, or the data is not what the entry says.
        """
        view = member_view(self.subject.view, member, self.limits, crc=False, last=self._last)
        if member.method != DEFLATE:
            if check and self.subject.read_data:
                check_crc(self.subject.view, member, self.limits)
            return view
        if member.name not in self._inflated:
            cost = max(member.size, member.compressed)
            self._meter.take(cost, dear=False)  # as much as inflating it costs
            # the view keeps what it has inflated, for whoever reads it next
            kind = identify(view, member.name).format if cost > _SMALL else None
            if kind not in _CHEAP:
                self._meter.take(cost, dear=True)
            if kind == "json" or (kind is None and _JSON.match(view.read(0, min(member.size, _HEAD)))):
                self._meter.count(view)
            self._inflated.add(member.name)
        if check:
            crc32 = 0
            for chunk in view.stream(0, member.size):
                crc32 = zlib.crc32(chunk, crc32)
            if crc32 != member.crc32:
                raise crc_differs(member)
        return view

    def read(self, member: ZipMember, most: int) -> bytes:
        """All bytes of a member, checked against its crc32.

        Raises:
            FormatError: it has more than `most` bytes, or is not what its entry says.
        """
        if member.size > most:
            raise MemberTooLarge(f"{member.name} has {member.size} bytes, the budget is {most}")
        return self.view(member).read(0, member.size)

    def checkpoint(self, member: ZipMember) -> bool:
        """Account for a member that is a torch checkpoint and nothing else; False where it is not.

        Some layouts keep checkpoints that `torch.save` wrote: such a one nests by design.
        """
        try:
            view = self.view(member)
            if view.size < 22 or view.read(0, 4) != b"PK\x03\x04":
                return False
            archive = parse_zip(view, self.limits)
            if not is_torch_zip(archive) or is_torchscript(archive):
                return False
            inner = replace(
                self.subject, view=view, location=self.place(member), depth=self.subject.depth + 1
            )
            result = scan_torch_zip(inner, archive, (), self.limits)
        except FormatError:
            return False  # whoever looks into it next says why
        if isinstance(result, FormatError):
            return False
        self.claim(member, "zip", result.coverage, result.reason)
        self.facts += result.facts
        self.streams += result.streams
        self.members += (replace(item, name=f"{member.name}!{item.name}") for item in result.members)
        self.children += (replace(item, name=f"{member.name}!{item.name}") for item in result.children)
        return True

    def add_child(self, member: ZipMember, *, check: bool = True) -> None:
        """Have the pipeline look into a member. One that cannot be read is accounted for alone."""
        try:
            try:
                view = self.view(member, check=check)
            except AmbiguousArchive as error:
                self.ambiguity(error)
                view = self.view(member, check=False)
        except FormatError as error:
            self.claim(member, "", worse(error), str(error))
            return
        self._claimed.add(member.name)
        self.children.append(Child(name=member.name, view=view))

    def look_into(self, *, check: bool = True) -> None:
        """Whatever nobody claimed: told by content."""
        for member in self.found.values():
            if member.name in self._claimed:
                continue
            if member.name.endswith("/"):
                self.claim(member, "directory")
            else:
                self.add_child(member, check=check)

    def result(self, coverage: Coverage = Coverage.SCANNED, reason: str = "") -> ScanResult:
        """The end of the scan. An ambiguity found in the data makes the archive as a whole malformed."""
        if self._broken and coverage is Coverage.SCANNED:
            coverage, reason = Coverage.MALFORMED, "members whose data is not what their entries say"
        return ScanResult(
            coverage=coverage,
            reason=reason,
            facts=tuple(self.facts),
            children=tuple(self.children),
            members=tuple(self.members),
            streams=tuple(self.streams),
        )


def ambiguous(subject: Subject, error: FormatError) -> Fact:
    """The fact that two readers would see different archives."""
    return Fact(
        kind="archive.ambiguous",
        location=subject.location.at(offset=error.offset),
        data={"problem": error.code, "detail": error.detail},
    )
