"""Fixtures that every test may use."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORBIDDEN = (
    "open", "os.", "socket.", "subprocess.", "exec", "import", "pickle.find_class", "compile",
    "ctypes.", "shutil.", "marshal.", "code.__new__", "pty.", "webbrowser.", "urllib.",
)  # fmt: skip


class SealBroken(BaseException):
    """Sealed code touched the world. No `except Exception` may hide it."""


class _Seal:
    """One audit hook for the process: hooks cannot be removed, so it is switched on and off."""

    def __init__(self) -> None:
        self.closed = False
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[object, ...]) -> None:
        if self.closed and event.startswith(_FORBIDDEN):
            self.closed = False
            raise SealBroken(f"{event} {args!r:.200}")


@pytest.fixture(scope="session")
def _seal() -> _Seal:
    return _Seal()


@pytest.fixture
def sealed(_seal: _Seal):
    """A context in which opening, importing, connecting, executing or unpickling fails the test."""

    @contextmanager
    def closed() -> Iterator[None]:
        _seal.closed = True
        try:
            yield
        finally:
            _seal.closed = False

    return closed
