"""What the zip scanner does: torch checkpoints by their grammar, any other archive member by member.

An archive that readers understand differently is refused, and what any of them might find in it is
scanned all the same, so that the report names the danger and not only the trick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.torch_zip import is_torch_zip, is_torchscript
from safeload.formats.zip import DEFLATE, AmbiguousArchive, ZipArchive, ZipMember, parse_zip
from safeload.formats.zip_data import LastInflated, check_crc, member_view
from safeload.formats.zip_salvage import find_members
from safeload.scanners import Child, Member, ScanResult, Subject
from safeload.scanners._torch_zip import scan_torch_zip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safeload.limits import Limits

_QUICK_REACH = 16 << 20


def scan_archive(subject: Subject, limits: Limits) -> ScanResult:
    """The facts of one archive, its members, and what the pipeline should look into.

    Raises:
        FormatError: the view cannot be read.
    """
    nested: tuple[Fact, ...] = ()
    if subject.depth:
        nested = (Fact(kind="archive.nested", location=subject.location, data={"format": "zip"}),)
    try:
        archive = parse_zip(subject.view, limits)
    except FormatError as error:
        return _broken(subject, error, nested, limits)
    if is_torchscript(archive):
        return _torchscript(subject, archive, nested, limits)
    if not is_torch_zip(archive):
        return _members(subject, archive, nested, limits)
    result = scan_torch_zip(subject, archive, nested, limits)
    # Torch did not write it, so nothing says what its members are: each is told from its content.
    return (
        _members(subject, archive, nested, limits, error=result)
        if isinstance(result, FormatError)
        else result
    )


def _broken(subject: Subject, error: FormatError, facts: tuple[Fact, ...], limits: Limits) -> ScanResult:
    """An archive without a structure that can be relied upon."""
    if isinstance(error, AmbiguousArchive):
        facts = (*facts, ambiguous(subject, error))
    reach = subject.view.size if subject.read_data else _QUICK_REACH
    found = find_members(subject.view, limits, reach=reach)
    children, members, _ = _look_into(subject, found, limits, crc=False)
    coverage = Coverage.LIMIT_EXCEEDED if isinstance(error, LimitExceeded) else Coverage.MALFORMED
    return ScanResult(coverage=coverage, reason=str(error), facts=facts, children=children, members=members)


def _torchscript(
    subject: Subject, archive: ZipArchive, facts: tuple[Fact, ...], limits: Limits
) -> ScanResult:
    """A program for torch's own interpreter: named, never read."""
    detail = "torchscript: torch.load hands it to torch.jit.load, which runs its code"
    fact = Fact(
        kind="format.executable",
        location=subject.location,
        data={"format": "torchscript", "detail": detail},
    )
    pickles = tuple(member for member in archive.members if member.name.lower().endswith(".pkl"))
    children, members, more = _look_into(subject, pickles, limits)
    return ScanResult(
        coverage=Coverage.UNRECOGNISED,
        reason="a torchscript program",
        facts=(*facts, fact, *more),
        children=children,
        members=members,
    )


def _members(
    subject: Subject,
    archive: ZipArchive,
    facts: tuple[Fact, ...],
    limits: Limits,
    *,
    error: FormatError | None = None,
) -> ScanResult:
    """Every member as a child of its own; `error` says why the archive as a whole is refused."""
    children, members, more = _look_into(subject, archive.members, limits)
    coverage, reason = Coverage.SCANNED, ""
    if more:
        coverage, reason = Coverage.MALFORMED, "members whose data does not have its crc32"
    if error is not None:
        coverage, reason = Coverage.MALFORMED, str(error)
        if isinstance(error, LimitExceeded):
            coverage = Coverage.LIMIT_EXCEEDED
    return ScanResult(
        coverage=coverage, reason=reason, facts=(*facts, *more), children=children, members=members
    )


def _look_into(
    subject: Subject, found: Iterable[ZipMember], limits: Limits, *, crc: bool = True
) -> tuple[tuple[Child, ...], tuple[Member, ...], tuple[Fact, ...]]:
    """Children, members that cannot become one, and facts about data with another crc32.

    A member that is broken is accounted for alone: the others are still looked into.
    """
    children: list[Child] = []
    members: list[Member] = []
    facts: list[Fact] = []
    budget, last = limits.inflated_bytes, LastInflated()
    for member in found:
        if member.name.endswith("/"):
            continue
        budget -= max(member.size, member.compressed) if member.method == DEFLATE else 0
        if budget < 0:
            reason = f"the members inflate to more than {limits.inflated_bytes} bytes"
            members.append(_member(member, Coverage.LIMIT_EXCEEDED, reason))
            continue
        try:
            view = member_view(subject.view, member, limits, crc=False, last=last)
            if crc and (subject.read_data or member.method == DEFLATE):
                check_crc(subject.view, member, limits)
        except AmbiguousArchive as error:
            facts.append(ambiguous(subject, error))
        except LimitExceeded as error:
            members.append(_member(member, Coverage.LIMIT_EXCEEDED, str(error)))
            continue
        except FormatError as error:
            members.append(_member(member, Coverage.MALFORMED, str(error)))
            continue
        children.append(Child(name=member.name, view=view))
    return tuple(children), tuple(members), tuple(facts)


def _member(member: ZipMember, coverage: Coverage, reason: str) -> Member:
    return Member(name=member.name, size=member.size, format="", coverage=coverage, reason=reason)


def ambiguous(subject: Subject, error: FormatError) -> Fact:
    """The fact that two readers would see different archives."""
    return Fact(
        kind="archive.ambiguous",
        location=subject.location.at(offset=error.offset),
        data={"problem": error.code, "detail": error.detail},
    )
