"""The one place that writes what `save_pretrained` saves.

Guarantees: only plain file names, only inside the folder that was asked for; each file appears whole
or not at all, and a link in its place is replaced, not followed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.core import visible
from safeload.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_files(directory: str | os.PathLike[str], files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Write each file into `directory`, which is made where it does not exist.

    Returns:
        The paths written.

    Raises:
        UsageError: a name is no plain file name, or the folder cannot be written.
    """
    folder = Path(directory)
    for name in files:
        if not name or name in {".", ".."} or any(char in name for char in "/\\\0"):
            raise UsageError(f"{visible(name)} is not a plain file name")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(_write(folder, name, content) for name, content in files.items())
    except OSError as error:
        raise UsageError(f"cannot save to {visible(str(folder))}: {error.strerror}") from error


def _write(folder: Path, name: str, content: bytes) -> str:
    import tempfile  # costs a tokenizer script 4 ms, and only saving needs it

    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)  # mkstemp makes private files, a saved model is an ordinary one
        target = folder / name
        Path(temporary).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    return str(target)
