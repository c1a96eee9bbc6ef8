"""A progress line on stderr for long work, and nothing where stderr is not a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

import click

from safeload.reports._words import shown, size

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_EVERY_SECONDS = 0.1
_BAR = 24


class ProgressLine:
    """A line that is redrawn while files are digested, and wiped at the end."""

    def __init__(self, *, wanted: bool = True) -> None:
        self._terminal = wanted and sys.stderr.isatty()
        self._drawn = 0.0

    @property
    def callback(self) -> Callable[[str, int, int], None] | None:
        """What the pipeline calls, or None where nobody would see it."""
        return self._draw if self._terminal else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            click.echo("\r\x1b[K", nl=False, err=True, color=True)

    def _draw(self, path: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._drawn < _EVERY_SECONDS:
            return
        import shutil

        self._drawn = now
        filled = _BAR * done // max(total, 1)
        line = f"[{'#' * filled}{'.' * (_BAR - filled)}] {size(done)} of {size(total)} {shown(path)}"
        width = shutil.get_terminal_size().columns - 1
        click.echo(f"\r{line[:width]}\x1b[K", nl=False, err=True, color=True)
