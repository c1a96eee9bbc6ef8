"""The command line. One file per command in this folder; the file's name is the command's.

How a command takes part: a public module in this folder with

    command: click.Command     whose callback returns an exit code, or None for 0

Only click is imported before a command runs: what a command needs, its callback imports.

Exit codes, never reused:

    0   allowed (warnings may stand)
    1   at least one denying finding
    2   usage, policy or tool error, and any exception that nobody foresaw
    3   nothing was denied as such, but something that matters is unknown or unread

Several subjects: 2 before 1 before 3 before 0. Data goes to stdout, everything else to stderr.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from typing import TYPE_CHECKING

import click

from safeload import __version__, discovery
from safeload.errors import SafeloadError

if TYPE_CHECKING:
    from collections.abc import Sequence

ALLOWED = 0
DENIED = 1
FAILED = 2
INCONCLUSIVE = 3
COMPLETE = "_SAFELOAD_COMPLETE"
"""Variable by which a shell's completion script (`safeload completion`) asks for what may come next."""


class _Commands(click.Group):
    """The modules of this folder as commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Every command, ordered by name."""
        return discovery.names(__path__)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"safeload.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names.

        Raises:
            UsageError: there is none.
        """
        known = self.list_commands(ctx)
        if args[0] in known or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        near = get_close_matches(args[0], known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise click.UsageError(f"there is no command {args[0]!r}; {hint}", ctx)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="safeload", message="%(prog)s %(version)s")
def safeload() -> None:
    """Scan a checkpoint, decide by a policy, and say why, before anything of it is loaded."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Every way out ends in one of the four codes: Python's own 1 for an exception, click's codes and a
    failed flush at the end of the process would otherwise read as verdicts.

    Args:
        arguments: without the program's name; those of the process by default.
    """
    _prepare_streams()
    code = _run(arguments)
    if code == FAILED:
        _settle_stdout()
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = safeload.main(args=arguments, prog_name="safeload", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
    except SafeloadError as error:
        complain(str(error))
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
    except (OSError, SystemExit) as error:
        if isinstance(error, SystemExit) and os.environ.get(COMPLETE):
            return ALLOWED if error.code in {0, None} else FAILED
        # click exits by itself where the reader of its help has left
        complain(f"input or output failed: {error}")
    except BaseException as error:  # noqa: BLE001  nothing may end as another code
        complain(f"this is a bug of safeload, please report it: {type(error).__name__}: {error}")
        _show_trace()
    else:
        return code if isinstance(code, int) else ALLOWED
    return FAILED


def worst(codes: Sequence[int]) -> int:
    """The exit code for several subjects."""
    return next((code for code in (FAILED, DENIED, INCONCLUSIVE) if code in codes), ALLOWED)


class _Closed(io.TextIOBase):
    """What stands for a standard output that is not there."""

    def write(self, text: str, /) -> int:  # noqa: ARG002  the signature of every stream
        """Fail, as the descriptor would.

        Raises:
            OSError: always.
        """
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def _prepare_streams() -> None:
    """Let no name be a reason to fail: what the terminal cannot show is escaped."""
    if sys.stdout is None:
        # started with a closed descriptor: data has nowhere to go, and writing it fails like on a full disk
        sys.stdout = _Closed()
    if sys.stderr is None:
        sys.stderr = io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def complain(text: str) -> None:
    """Say on stderr what went wrong."""
    from safeload.core import visible

    for line in text.splitlines() or [""]:
        click.echo(f"safeload: {visible(line)}", err=True)


def _show_trace() -> None:
    import traceback

    from safeload.core import visible

    for line in traceback.format_exc().splitlines():
        click.echo(f"  {visible(line)}", err=True)


def _settle_stdout() -> None:
    """What cannot be flushed goes nowhere: the interpreter would fail on it once more at its exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
