"""The bytes around what was found, for reports: a few rows of a hex dump, from the judged bytes themselves.

A finding about a byte of a file, or of a pickle stream inside one, gets an excerpt; other members of
archives are no longer in memory by then. Nothing is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from safeload.core import Excerpt, Location
from safeload.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safeload.core import Decision
    from safeload.scanners import Stream
    from safeload.sources.blobs import Blob

ROW = 16
ROWS = 4
MOST = 500
"""Excerpts of one report. Findings beyond keep their offset."""


def excerpts_of(
    decision: Decision, streams: Iterable[object], blobs: Mapping[str, Blob]
) -> tuple[Excerpt, ...]:
    """One excerpt for each place that a finding names by its byte, in the order of the findings."""
    plain = {item.location for item in decision.artifacts if item.format == "pickle"}
    # joblib's streams are gathered from between arrays, and their bytes do not lie where they seem to
    inside: dict[Location, list[Stream]] = {}
    for stream in cast("Iterable[Stream]", streams):
        place = stream.location.at()
        if place in plain:
            inside.setdefault(place, []).append(stream)
    found: dict[Location, Excerpt] = {}
    for reason in decision.reasons:
        place = reason.finding.location.at(offset=reason.finding.location.offset)
        if place.offset is None or place in found or len(found) == MOST:
            continue
        excerpt = _from_file(place, place.offset, blobs) or _from_stream(place, place.offset, inside)
        if excerpt is not None:
            found[place] = excerpt
    return tuple(found.values())


def _from_file(place: Location, offset: int, blobs: Mapping[str, Blob]) -> Excerpt | None:
    blob = None if place.members else blobs.get(place.artifact)
    if blob is None or offset >= blob.size:
        return None
    start, end = _window(offset, 0, blob.size)
    try:
        return Excerpt(location=place, start=start, data=bytes(blob.read(start, end - start)))
    except FormatError:
        return None


def _from_stream(place: Location, offset: int, inside: Mapping[Location, list[Stream]]) -> Excerpt | None:
    for stream in inside.get(place.at(), ()):
        first = stream.location.offset or 0
        if first <= offset < first + len(stream.data):
            start, end = _window(offset, first, first + len(stream.data))
            return Excerpt(location=place, start=start, data=bytes(stream.data[start - first : end - first]))
    return None


def _window(offset: int, first: int, end: int) -> tuple[int, int]:
    """The row of the byte, one before it and two behind it, cut to what there is."""
    row = offset - offset % ROW - ROW
    return max(row, first), min(row + ROWS * ROW, end)
