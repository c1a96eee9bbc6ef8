"""AuditReport -> text for people or programs, one file per format. Nothing here judges.

How a format takes part: a public module in this folder with

    FORMAT: str                                       what `--format` calls it

    def render(report: AuditReport, *, colour: bool = False) -> str
    def join(documents: Sequence[str]) -> str         several reports in one output

Every report shows N findings for N, and escapes what comes from files by the rules of its format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import AuditReport


class Reporter(Protocol):
    """What the command line expects of a module in this folder."""

    FORMAT: str

    def render(self, report: AuditReport, *, colour: bool = False) -> str:
        """The whole report, ending in a line break. `colour` is for a terminal, where the format has any."""
        ...

    def join(self, documents: Sequence[str]) -> str:
        """Several rendered reports as one output."""
        ...
