"""Published attacks as files: one row per technique, with its identifiers and the rule that names the reason.

The rows follow the ways in: imports of a pickle, tricks with its opcodes, containers, loaders reached by
data alone, and whole repositories. docs/attacks.md is rendered from them, and `test_catalogue.py` audits
each one under the default policy. The bytes do nothing but print a word where they would run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Row(NamedTuple):
    """One technique."""

    identifiers: str
    """Separated by blanks; the tracker's name and number where there is no advisory."""
    technique: str
    rule: str
    """The rule whose finding names the reason, among those that deny."""
    files: Mapping[str, bytes] | Callable[[], Mapping[str, bytes]]
    """Path in the repository and content; a function where building takes a library."""

    def build(self) -> Mapping[str, bytes]:
        """The files."""
        return self.files() if callable(self.files) else self.files
