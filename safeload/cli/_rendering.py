"""Which formats a command writes where, and what they are told about their surroundings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import click

from safeload.cli._options import files
from safeload.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from safeload.core import AuditReport
    from safeload.reports import Reporter
    from safeload.sources.tool_settings import Settings

SUMMARY = "GITHUB_STEP_SUMMARY"
SUMMARY_BYTES = 1_000_000
"""GitHub takes 1 MiB of summary from one step, and nothing of a longer one."""
WORKSPACES = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Where services that build say that the repository lies."""


FORMATS = (
    "text", "json", "jsonl", "markdown", "html", "sarif", "junit", "github", "gitlab", "cyclonedx",
)  # fmt: skip
"""What `--help` lists, without an import of each format. A test holds that these are the formats."""


def _formats(_context: click.Context, _option: click.Parameter, start: str) -> list[str]:
    """What a shell completes."""
    return [name for name in FORMATS if name.startswith(start)]


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that each command with a report has."""
    for option in (
        click.option(
            "--summary", is_flag=True, help=f"Append the report as markdown to the file in {SUMMARY}."
        ),
        click.option(
            "--output",
            "-o",
            "outputs",
            multiple=True,
            metavar="[F=]FILE",
            shell_complete=files,
            help="Write to FILE instead of stdout; with F=, the format F beside it. Repeatable.",
        ),
        click.option(
            "--format",
            "form",
            metavar="F",
            shell_complete=_formats,
            help=f"{', '.join(FORMATS)}; text where the project sets no other.",
        ),
    ):
        command = option(command)
    return command


class _Target(NamedTuple):
    reporter: Reporter
    output: str | None
    documents: list[str]


class Rendering:
    """Renders each report at once, so that none has to be kept, and writes at the end."""

    def __init__(
        self,
        form: str | None,
        outputs: Sequence[str],
        *,
        settings: Settings,
        summary: bool = False,
    ) -> None:
        """Find the formats.

        Raises:
            UsageError: an unknown format, two reports for the same place, or no file for the summary.
        """
        known = formats()
        self._settings = settings
        self._base = repository()
        here = os.path.realpath(os.getcwd())  # noqa: PTH109 - a string, as above
        self._prefix = here.removeprefix(self._base) if f"{here}/".startswith(f"{self._base}/") else ""
        self._summary: list[str] | None = [] if summary else None
        if summary and not os.environ.get(SUMMARY):
            raise UsageError(f"--summary appends to the file that {SUMMARY} names, and it names none")
        chosen = form or settings.format
        plain = []
        self._targets = []
        for output in outputs:
            name, equals, path = output.partition("=")
            if equals and name in known:
                self._targets.append(_Target(reporter(known[name]), path, []))
            else:
                plain.append(output)
        if len(plain) > 1:
            raise UsageError("--output names two files for one format: write F=FILE for others")
        if chosen not in known:
            from safeload.core import visible

            raise UsageError(f"--format {visible(chosen)} is not one of {', '.join(sorted(known))}")
        self._targets.append(_Target(reporter(known[chosen]), plain[0] if plain else None, []))
        places = [os.path.abspath(item.output) for item in self._targets if item.output]  # noqa: PTH100
        if len(set(places)) < len(places) or "" in {item.output for item in self._targets}:
            raise UsageError("each --output needs a file of its own")

    def add(self, report: AuditReport, version: str | None = None) -> None:
        """Render one report in every format."""
        from safeload import __version__
        from safeload.cli._output import coloured
        from safeload.reports import Style

        for target in self._targets:
            style = Style(
                colour=coloured(target.output, self._settings.color),
                base=self._base,
                prefix=self._prefix.strip("/"),
                version=version or __version__,
            )
            target.documents.append(target.reporter.render(report, style))
        if self._summary is not None:
            from safeload.reports.markdown import within

            used = sum(len(text.encode()) for text in self._summary)
            style = Style(version=version or __version__)
            self._summary.append(within(report, max(SUMMARY_BYTES - used, 400), style))

    def write(self) -> None:
        """Write every output: files first, then stdout, then the summary.

        Raises:
            UsageError: one of them cannot be written.
        """
        from safeload.cli._output import append, write

        for target in sorted(self._targets, key=lambda item: item.output is None):
            if target.documents:
                write(target.reporter.join(target.documents), target.output)
        if self._summary:
            append("\n".join(self._summary), os.environ[SUMMARY])


def formats() -> Mapping[str, str]:
    """Every format, and its module: named like the file, less its version. None is imported."""
    from safeload import discovery, reports

    return {name.partition("_v")[0]: name for name in discovery.names(reports.__path__)}


def reporter(module: str) -> Reporter:
    """The module of a format; importing all of them would be a tenth of a start."""
    import importlib
    from typing import cast

    return cast("Reporter", importlib.import_module(f"safeload.reports.{module}"))


def repository() -> str:
    """The repository that reports point into: of the service that builds, or around the working directory."""
    for name in WORKSPACES:
        folder = os.environ.get(name)
        if folder and os.path.isdir(folder):  # noqa: PTH112 - as in cli/audit.py
            return os.path.realpath(folder)
    from safeload.sources.policy_files import repository_of

    return repository_of()
