"""Lists a package's own folder: how scanners, rules, architectures and reports register.

A new capability is a new file in the right folder; nothing else has to be edited. Names come from
our own installation only: there are no entry points, and no name ever comes from data.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType


def modules(package: str) -> tuple[ModuleType, ...]:
    """Import every public module directly inside `package`, ordered by name.

    Args:
        package: dotted name of one of our own packages, a literal at every call site.
    """
    home = importlib.import_module(package)
    return tuple(importlib.import_module(f"{package}.{name}") for name in names(home.__path__))


def names(folders: Iterable[str]) -> list[str]:
    """The public modules that lie directly in a package's folders, ordered by name; none is imported."""
    # pkgutil does the same for every kind of importer, and its own import costs more than the listing.
    entries = {entry.removesuffix(".py") for folder in folders for entry in os.listdir(folder)}  # noqa: PTH208 - same
    return sorted(name for name in entries if name.isidentifier() and not name.startswith("_"))
