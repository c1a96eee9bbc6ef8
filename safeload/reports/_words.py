"""What the report formats share: escaping, sizes, counts, and what stands behind a finding."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from safeload.core import Coverage, Level, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeload.core import Artifact, AuditReport, Excerpt, Fact, Location, Reason

__all__ = [
    "LONGEST", "by_coverage", "clipped", "excerpts", "files", "hex_rows", "place", "quoted", "rating",
    "shown", "size", "standing",
]  # fmt: skip

LONGEST = 2_000
"""Characters of one text of a file that a person is shown. JSON holds all of it."""

_ROW = 16


def clipped(text: str, most: int = LONGEST) -> str:
    """Attacker text on one line, escaped as for a terminal, and cut where nobody reads on."""
    if len(text) > most:
        return f"{shown(text[:most])}... ({len(text) - most} more characters)"
    return shown(text)


def quoted(line: str) -> str:
    """A line of a longer attacker text behind a margin, with its own indentation."""
    bare = line.lstrip(" ")
    return f"    | {' ' * (len(line) - len(bare))}{clipped(bare)}"


def rating(fact: Fact) -> str:
    """The second reader's own rating of a stream, which nothing follows: it rates plain state dicts too."""
    severity = fact.data.get("severity")
    return f"; its own rating, which decides nothing: {clipped(str(severity))}" if severity else ""


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


def standing(reason: Reason) -> str:
    """What became of a finding, in one word."""
    if reason.waiver is not None:
        return "waived"
    return {Level.DENY: "denied", Level.WARN: "warning", Level.ALLOW: "allowed"}[reason.level]


def place(location: Location) -> str:
    """Where something is, in words and escaped."""
    return clipped(str(location))


def excerpts(report: AuditReport) -> dict[tuple[str, tuple[str, ...], int | None], Excerpt]:
    """The bytes behind findings, by file, members and offset."""
    return {
        (item.location.artifact, item.location.members, item.location.offset): item
        for item in report.excerpts
    }


def hex_rows(excerpt: Excerpt) -> Iterator[tuple[str, str, str]]:
    """Rows of a hex dump: offset, bytes in hexadecimal, and the printable ASCII among them."""
    first = excerpt.start - excerpt.start % _ROW
    padded = bytes(excerpt.start - first) + excerpt.data
    for at in range(0, len(padded), _ROW):
        row = padded[at : at + _ROW]
        blank = max(0, excerpt.start - first - at)
        cells = ["  " if index < blank else f"{byte:02x}" for index, byte in enumerate(row)]
        letters = [
            " " if index < blank else chr(byte) if 0x20 <= byte < 0x7F else "."
            for index, byte in enumerate(row)
        ]
        yield f"{first + at:08x}", " ".join(cells).ljust(3 * _ROW - 1), "".join(letters).ljust(_ROW)
