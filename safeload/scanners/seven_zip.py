"""7z archives: the signature header is read here, the members by py7zr in a child process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.errors import FormatError, LimitExceeded
from safeload.scanners import Errand, ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Answer, Subject

FORMATS = ("7z",)

_NEEDED = "reading it needs py7zr (pip install 'safeload[codecs]')"


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """What the signature header says, and the errand of unpacking the members.

    Raises:
        FormatError: a signature header that is broken, or a view that cannot be read.
    """
    from safeload.formats.seven_zip import BytesBehindArchive, read_signature
    from safeload.formats.unpack import most_unpacked
    from safeload.scanners._unpacked import ambiguous, nested, unread

    skipped = unread(subject, limits.small_file_bytes)
    if skipped is not None:
        return skipped
    facts = nested(subject)
    coverage, reason = Coverage.SCANNED, ""
    try:
        read_signature(subject.view, limits)
    except LimitExceeded:
        raise
    except FormatError as error:
        # a lenient reader may find members all the same
        coverage, reason = Coverage.MALFORMED, str(error)
        if isinstance(error, BytesBehindArchive):
            facts = (*facts, ambiguous(subject, error))
    options = {"most": most_unpacked(subject.view.size, limits), "members": limits.tar_members}
    errand = Errand(task="unpack-7z", view=subject.view, options=options)
    return ScanResult(coverage=coverage, reason=reason, facts=facts, errands=(errand,))


def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:
    """The members as children, each number of the listing checked against the bytes that came along."""
    from safeload.scanners._seven_zip import members_of

    if answer.failure:
        coverage = Coverage.LIMIT_EXCEEDED if answer.exceeded else Coverage.MALFORMED
        if answer.failure.endswith("is not installed"):
            coverage, reason = Coverage.UNRECOGNISED, f"7z archive: {_NEEDED}"
        else:
            reason = f"7z archive: {answer.failure}"
        return ScanResult(coverage=coverage, reason=reason)
    return members_of(subject, errand, answer, limits)
