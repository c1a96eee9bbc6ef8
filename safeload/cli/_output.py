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


def append(text: str, path: str) -> None:
    """Add text to a file that something else reads, such as the summary of a job.

    Raises:
        UsageError: it cannot be written.
    """
    from pathlib import Path

    try:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot write {path}: {reason.lower()}") from None


def coloured(output: str | None, wanted: str = "auto") -> bool:
    """Whether colour helps: on a terminal, unless NO_COLOR or a dumb terminal says otherwise.

    Args:
        output: a file that is written to, or None for stdout. No file has colour.
        wanted: `auto`, `always` or `never`, of the project's settings.
    """
    if output is not None or os.environ.get("NO_COLOR") or wanted == "never":
        return False
    return wanted == "always" or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")
