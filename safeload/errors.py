"""The exceptions of safeload: whose fault it is decides the branch.

    SafeloadError
    ├── FormatError        their bytes: a file is not what its specification says
    │   └── LimitExceeded  their bytes ask for more than a budget allows
    ├── PolicyDenied       the verdict: carries the Decision
    ├── ProvenanceError    where the bytes came from could not be established
    └── UsageError         our caller: a wrong argument, a missing extra, a policy that cannot be read
        └── MissingExtra

None of them is an OSError, an ImportError or a ValueError: loaders catch those and fall through to
the next file, and a verdict that is caught by accident is a hole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safeload.core import Decision


class SafeloadError(Exception):
    """Base of everything that safeload raises on purpose."""


class FormatError(SafeloadError):
    """Bytes that do not follow their format's specification.

    Each parser has one subclass per way to be wrong, named for the fact (`OffsetsOverlap`).
    Whoever calls a parser handles `FormatError` and nothing else, since nothing else is raised.
    """

    def __init__(self, detail: str, *, offset: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        """A lower-case sentence that states the fact, without the place."""
        self.offset = offset
        """Bytes from the start of the parsed view, or None where no single byte is at fault."""

    @property
    def code(self) -> str:
        """Stable name of this way to be wrong."""
        return type(self).__name__

    def __str__(self) -> str:
        """The fact, and its byte where one is known."""
        return self.detail if self.offset is None else f"{self.detail} (at byte {self.offset})"


class LimitExceeded(FormatError):
    """A file that asks for more than a budget in `safeload.limits` allows."""


class PolicyDenied(SafeloadError):
    """The policy refused the load. `decision` says what, where, which rule and which policy line."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.explain())
        self.decision = decision


class ProvenanceError(SafeloadError):
    """Evidence about the origin of the bytes is invalid."""


class UsageError(SafeloadError):
    """The caller asked for something that cannot be done, or not safely."""


class MissingExtra(UsageError):
    """A public name needs a package that the base installation leaves out."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(f"{what} needs {package}: pip install 'safeload[{extra}]'")
