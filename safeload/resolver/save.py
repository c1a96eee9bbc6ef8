"""The one place that writes what `save_pretrained` saves.

Guarantees: only plain file names, only inside the folder that was asked for and the one for chat templates in
it, which is not followed where it is a link; each file appears whole or not at all, and a link in its place
is replaced, not followed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.core import visible
from safeload.errors import UsageError
from safeload.formats.layout import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_files(directory: str | os.PathLike[str], files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Write each file into `directory`, which is made where it does not exist.

    Returns:
        The paths written.

    Raises:
        UsageError: a name is no plain file name, a folder is a link, or the folder cannot be written.
    """
    folder = Path(directory)
    inner = set()
    for path in files:
        place, slash, name = path.rpartition("/")
        for part in [place, name] if slash else [name]:
            plain = part and part not in {".", ".."} and not any(char in part for char in "/\\\0")
            if not plain or (slash and not place.endswith(TEMPLATES)):
                raise UsageError(f"{visible(path)} is not a plain file name")
        if slash:
            inner.add(place)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for place in inner:
            if (folder / place).is_symlink():
                raise UsageError(
                    f"{visible(place)} in {visible(str(folder))} is a link, which is not followed"
                )
            (folder / place).mkdir(exist_ok=True)
        return tuple(_write(folder, path, content) for path, content in files.items())
    except OSError as error:
        raise UsageError(f"cannot save to {visible(str(folder))}: {error.strerror}") from error


def _write(root: Path, path: str, content: bytes) -> str:
    import tempfile  # costs a tokenizer script 4 ms, and only saving needs it

    target = root / path
    folder = target.parent
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)  # mkstemp makes private files, a saved model is an ordinary one
        Path(temporary).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    return str(target)
