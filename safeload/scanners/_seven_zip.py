"""What a child said about a 7z archive, checked: every place lies in the bytes that came along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.archive_names import Names
from safeload.formats.view import Inflated, InflatedBytes, SubView
from safeload.scanners import ScanResult
from safeload.scanners._archive_account import Account

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import Json
    from safeload.limits import Limits
    from safeload.scanners import Answer, Errand, Subject

_MOST_TARGET = 4_096


class Unpacked7z(FormatError):
    """Members that could not be read."""


class Unpacked7zTooLarge(LimitExceeded):
    """Members that unfold into more than the budget."""


class _Part(SubView, Inflated):
    """One member in the bytes that a child unpacked."""

    __slots__ = ()


_KINDS = frozenset({"file", "folder", "link", "other"})


def members_of(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:
    """The members as children, and what was wrong."""
    problem, listed = answer.result.get("problem"), answer.result.get("members")
    if problem == "method":
        return _none("7z archive: compressed in a way that py7zr does not read")
    if problem == "encrypted":
        return _none("7z archive: encrypted, so nobody but its recipient can say what is in it")
    errors = {
        "broken": Unpacked7z("holds data that is no 7z archive, or does not have its crc32"),
        "anti": Unpacked7z("holds an anti-item, which removes a file where it is unpacked"),
        "too-large": Unpacked7zTooLarge(f"unfolds into more than {errand.options['most']} bytes"),
        "members": Unpacked7zTooLarge(f"holds more than {limits.tar_members} members"),
    }
    entries = _entries(listed, len(answer.payload), limits)
    if entries is None or not isinstance(problem, str) or (problem and problem not in errors):
        return ScanResult(coverage=Coverage.MALFORMED, reason="7z archive: the answer makes no sense")
    account = Account(subject)
    if problem:
        account.fail(errors[problem])
    whole, names = InflatedBytes(answer.payload), Names(limits)
    links = {
        name: _target(answer.payload[offset : offset + length])
        for name, kind, offset, length, _ in entries
        if kind == "link"
    }
    for name, kind, offset, length, read in entries:
        plain, wrong = names.add(name, folder=kind == "folder")
        if wrong is not None:
            account.fail(wrong)
        if kind == "file" and read:
            account.file(plain, _Part(whole, offset, length))
        elif kind == "link":
            account.symlink(plain, links[name], links)
        elif kind == "other":
            account.leads_out(plain, "a device, socket or named pipe", problem="special")
    return account.result()


def _entries(listed: Json, size: int, limits: Limits) -> Sequence[tuple[str, str, int, int, bool]] | None:
    """The listing, or None where an entry is not what the task returns."""
    if not isinstance(listed, list) or len(listed) > limits.tar_members:
        return None
    entries, total = [], 0
    for entry in listed:
        if not isinstance(entry, list) or len(entry) != 5:
            return None
        name, kind, offset, length, read = entry
        if not isinstance(name, str) or not isinstance(kind, str) or kind not in _KINDS:
            return None
        if type(offset) is not int or type(length) is not int or type(read) is not bool:
            return None
        total += length
        if offset < 0 or length < 0 or offset + length > size or total > size:
            return None
        entries.append((name, kind, offset, length, read))
    return entries


def _target(data: bytes) -> str:
    return data[:_MOST_TARGET].decode("utf-8", "replace")


def _none(reason: str) -> ScanResult:
    return ScanResult(coverage=Coverage.UNRECOGNISED, reason=reason)
