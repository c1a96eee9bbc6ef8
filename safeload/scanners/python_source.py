"""Python source: that it is there, and what it would do when it is imported. Never imported, never run.

A file in which none of the telling words stands is settled here; the compiler's own parser reads any other
in a child process. What it says goes into the finding's sentence and changes no verdict: that the file is
there is the fact, so a file that could not be parsed is none the less scanned.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.view import read_all
from safeload.scanners import Errand, ScanResult
from safeload.scanners._misplaced import misplaced
from safeload.scanners._text import read_text

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.limits import Limits
    from safeload.scanners import Answer, Subject

FORMATS = ("python",)

_ORDINARY = frozenset({"utf-8", "utf8", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "utf_8"})
_NAME = re.compile(r"[\w.()]{1,120}\Z")
_SHOWN = 20
"""Names that one fact carries of each kind."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the file and what its text shows, and send one with telling words to the child."""
    from safeload.formats.python_text import declared_encoding, imported, is_telling

    if subject.view.size > limits.source_bytes:
        read_text(subject)
        return _stated(subject, {"unread": f"it has more than {limits.source_bytes} bytes"})
    source = read_all(subject.view)
    encoding = declared_encoding(source)
    if encoding is not None and encoding not in _ORDINARY:
        return _stated(subject, {"unread": f"it declares the encoding {encoding[:40]}"})
    if is_telling(source):
        return ScanResult(coverage=Coverage.SCANNED, errands=(Errand(task="python", view=subject.view),))
    return _stated(subject, {"imports": list(imported(source)[:_SHOWN])})


def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:  # noqa: ARG001
    """State the file with what the parser found."""
    if answer.failure:
        return _stated(subject, {"unread": answer.failure})
    data: dict[str, Json] = {
        key: [name for name in _names(answer.result.get(key)) if _NAME.match(name)][:_SHOWN]
        for key in ("imports", "classes", "at_import", "in_functions")
    }
    problem = answer.result.get("problem")
    if isinstance(problem, str) and problem:
        data["unread"] = problem[:200]
    if answer.result.get("decodes") is True:
        data["decodes"] = True
    return _stated(subject, data)


def _names(value: Json) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _stated(subject: Subject, data: dict[str, Json]) -> ScanResult:
    fact = Fact(kind="code.python", location=subject.location, data={"format": "python", **data})
    reason = misplaced(subject)
    coverage = Coverage.SCANNED if reason is None else Coverage.MALFORMED
    return ScanResult(coverage=coverage, reason=reason or "", facts=(fact,))
