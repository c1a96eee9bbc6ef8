"""Where the data of a command goes: stdout, or a file that is there whole or not at all."""

from __future__ import annotations

import os
import sys

from safeload.errors import UsageError


def write(text: str, output: str | None) -> None:
    """Write to stdout, or to the file that `--output` names.

    Raises:
        UsageError: it cannot be written.
    """
    if output is None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            raise UsageError(f"the output could not be written: {error.strerror}") from None
        return
    from pathlib import Path

    path = Path(output)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, ValueError) as error:
        part.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot write {output}: {reason.lower()}") from None


def coloured(output: str | None) -> bool:
    """Whether colour helps: on a terminal, unless NO_COLOR or a dumb terminal says otherwise."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return output is None and sys.stdout.isatty() and not plain
