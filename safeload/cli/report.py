"""`safeload report REPORT.json`: render a saved report again, in any format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from safeload.cli._options import files
from safeload.cli._rendering import output_options

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(short_help="Render the JSON report of an audit in another format.")
@click.argument("files", metavar="REPORT.json...", nargs=-1, required=True, shell_complete=files)
@output_options
def command(files: Sequence[str], form: str | None, outputs: Sequence[str], *, summary: bool) -> None:
    """Render reports that `safeload audit --format json` wrote, without auditing again.

    `-` is standard input. Nothing is decided: a report is only as good as the place it was kept in, and the
    exit code says whether it could be read and rendered (0) or not (2), not what it says.
    """
    from safeload.cli._rendering import Rendering
    from safeload.core import visible
    from safeload.errors import FormatError, UsageError
    from safeload.reports._saved import parse_reports
    from safeload.sources.tool_settings import read_settings

    rendering = Rendering(form, outputs, settings=read_settings(), summary=summary)
    for file in files:
        try:
            saved = parse_reports(_read(file))
        except FormatError as error:
            raise UsageError(f"{visible(file)}: {error.code}: {visible(str(error))}") from None
        for item in saved:
            rendering.add(item.report, item.version)
    rendering.write()


def _read(file: str) -> bytes:
    """The bytes of a report, and one more than may be.

    Raises:
        UsageError: it cannot be read.
    """
    import sys
    from pathlib import Path

    from safeload.core import visible
    from safeload.errors import UsageError
    from safeload.limits import REPORT_BYTES

    most = REPORT_BYTES + 1
    try:
        if file == "-":
            return sys.stdin.buffer.read(most)
        with Path(file).open("rb") as opened:
            return opened.read(most)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {visible(file)}: {reason.lower()}") from None
