"""Where bytes come from: the only code that opens a checkpoint's files, and the only one that downloads.

A source lists its files as a Manifest and hands out one blob per file. What a blob has returned once
it returns again, and its digest is the digest of exactly that content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from safeload.core import Fact, Manifest
    from safeload.errors import FormatError
    from safeload.sources.blobs import Blob


class Source(Protocol):
    """What the pipeline knows of where files come from."""

    root: str
    """The folder of the files on this machine."""
    manifest: Manifest
    blobs: dict[str, Blob]
    """Every file that could be opened, by path."""
    broken: dict[str, FormatError]
    """Why a listed file could not be opened, by path."""
    facts: list[Fact]
    """What names and links alone say."""

    def close(self) -> None:
        """Give back everything."""
        ...

    def close_files(self) -> None:
        """Close what is read in ranges; what is in memory stays."""
        ...
