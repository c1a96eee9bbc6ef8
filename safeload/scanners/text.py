"""Plain text: documents, licences, tables. Nothing is interpreted beyond its encoding.

`text-8bit` is text in an encoding that its bytes do not tell, such as Windows-1252: it holds no NUL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.scanners import ScanResult
from safeload.scanners._misplaced import misplaced
from safeload.scanners._text import read_text

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("text", "text-8bit", "empty")


def scan(subject: Subject, limits: Limits) -> ScanResult:  # noqa: ARG001 - the protocol of scanners
    """Check that the text is text to its end.

    Raises:
        FormatError: it is not.
    """
    reason = misplaced(subject)
    result = read_text(subject)
    return result if reason is None else ScanResult(coverage=Coverage.MALFORMED, reason=reason)
