"""What the report formats share: escaping, sizes, counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from safeload.core import Coverage, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safeload.core import Artifact, Fact

__all__ = ["by_coverage", "files", "quoted", "rating", "shown", "size"]


def quoted(line: str) -> str:
    """A line of a longer attacker text behind a margin, with its own indentation."""
    bare = line.lstrip(" ")
    return f"    | {' ' * (len(line) - len(bare))}{shown(bare)}"


def rating(fact: Fact) -> str:
    """The second reader's own rating of a stream, which nothing follows: it rates plain state dicts too."""
    severity = fact.data.get("severity")
    return f"; its own rating, which decides nothing: {shown(str(severity))}" if severity else ""


def size(count: int) -> str:
    """A number of bytes for people: `1.2 GB`, in powers of 1000 as file managers and the Hub show it."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.95 or unit == "TB":
            return f"{value:.1f} {unit}"
    raise AssertionError  # the last unit has no upper bound


def files(artifacts: Iterable[Artifact]) -> tuple[Artifact, ...]:
    """The files of the snapshot, without members of archives."""
    return tuple(artifact for artifact in artifacts if not artifact.location.members)


def by_coverage(artifacts: Iterable[Artifact]) -> dict[str, int]:
    """How many artifacts ended in each coverage that occurs, in the order of `Coverage`."""
    counts = Counter(artifact.coverage for artifact in artifacts)
    return {coverage.value: counts[coverage] for coverage in Coverage if counts[coverage]}
