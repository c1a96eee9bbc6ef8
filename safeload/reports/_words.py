"""What the report formats share: escaping, sizes, counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from safeload.core import Coverage, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safeload.core import Artifact


def shown(text: str) -> str:
    """Attacker text for a terminal or a build log: one line that cannot pass for one of ours.

    Besides what `visible` escapes: a leading space, since indentation carries meaning in a report; and
    what a build service takes for an instruction, which is `::name::` at the start of a line and
    `##[name]` anywhere in it.
    """
    text = visible(text).replace("##[", "\\x23#[")
    if text.startswith((" ", "::")):
        return f"\\x{ord(text[0]):02x}{text[1:]}"
    return text


def quoted(line: str) -> str:
    """A line of a longer attacker text behind a margin, with its own indentation."""
    bare = line.lstrip(" ")
    return f"    | {' ' * (len(line) - len(bare))}{shown(bare)}"


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
