"""What the parsers of archives share."""

from __future__ import annotations

from safeload.errors import FormatError


class AmbiguousArchive(FormatError):
    """Two readers would see different archives: the base of every such fact."""
