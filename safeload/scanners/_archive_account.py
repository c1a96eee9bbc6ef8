"""What the scanners of tar and 7z archives share: members, children, links and what is wrong, gathered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact, visible
from safeload.errors import LimitExceeded
from safeload.formats.archive import AmbiguousArchive
from safeload.formats.archive_names import link_problem
from safeload.scanners import Child, Member, ScanResult
from safeload.scanners._unpacked import ambiguous

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safeload.core import View
    from safeload.errors import FormatError
    from safeload.scanners import Subject


class Account:
    """One archive, member by member."""

    def __init__(self, subject: Subject, facts: Iterable[Fact] = ()) -> None:
        self.subject = subject
        self.facts = list(facts)
        self.members: list[Member] = []
        self.children: list[Child] = []
        self.coverage, self.reason = Coverage.SCANNED, ""

    def fail(self, error: FormatError) -> None:
        """Note what is wrong with the archive; the first reason stands."""
        if isinstance(error, AmbiguousArchive):
            self.facts.append(ambiguous(self.subject, error))
        if self.coverage is Coverage.SCANNED:
            self.reason = str(error)
            limit = isinstance(error, LimitExceeded)
            self.coverage = Coverage.LIMIT_EXCEEDED if limit else Coverage.MALFORMED

    def file(self, name: str, view: View) -> None:
        """A file: the pipeline tells what it is, from its content."""
        self.children.append(Child(name=name, view=view))

    def symlink(self, name: str, target: str, links: dict[str, str]) -> None:
        """A symbolic link, which is harmless where it stays inside the archive."""
        problem = link_problem(name, target, links)
        if problem:
            self.leads_out(name, problem, target)
        else:
            self.link(name)

    def link(self, name: str) -> None:
        """A link to a place inside the archive."""
        self.members.append(Member(name=name, size=0, format="link", coverage=Coverage.SCANNED))

    def leads_out(self, name: str, detail: str, target: str = "", problem: str = "escape") -> None:
        """A link that leads out, or a device."""
        data = {"problem": problem, "detail": detail, "target": visible(target)}
        self.facts.append(Fact(kind="artifact.link", location=self.subject.location.within(name), data=data))
        self.members.append(
            Member(name=name, size=0, format="link", coverage=Coverage.NOT_READ, reason=detail)
        )

    def result(self) -> ScanResult:
        """The end of the scan."""
        return ScanResult(
            coverage=self.coverage,
            reason=self.reason,
            facts=tuple(self.facts),
            children=tuple(self.children),
            members=tuple(self.members),
        )
