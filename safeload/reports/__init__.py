"""AuditReport -> text for people or programs, one file per format. Nothing here judges.

How a format takes part: a public module in this folder, named like it (`sarif.py`, `json_v2.py`), with

    FORMAT: str                                       what `--format` calls it

    def render(report: AuditReport, style: Style = PLAIN) -> str
    def join(documents: Sequence[str]) -> str         several reports in one output

Every report shows N findings for N, and escapes what comes from files by the rules of its format. The JSON
report holds what all others need, and `_saved.py` reads it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from safeload import __version__
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import AuditReport


@record
class Style:
    """How a report is shown, which changes nothing of what it says."""

    colour: bool = False
    """For a terminal, where the format has any."""
    base: str | None = None
    """Absolute path of the repository into which formats for code review point: subjects may lie in it."""
    prefix: str = ""
    """Path of the working directory in that repository: the name of a lock file is relative to it."""
    version: str = __version__
    """Version of safeload that made the report."""


PLAIN = Style()


class Reporter(Protocol):
    """What the command line expects of a module in this folder."""

    FORMAT: str

    def render(self, report: AuditReport, style: Style = PLAIN) -> str:
        """The whole report, ending in a line break."""
        ...

    def join(self, documents: Sequence[str]) -> str:
        """Several rendered reports as one output."""
        ...
