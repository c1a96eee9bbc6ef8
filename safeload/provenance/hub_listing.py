"""Evidence `hub-listing`: are the files the ones that the Hub lists?

For a Hub without git, and for commits whose trees cannot be had. Nobody signed the list, and it comes from
the server that the files come from: it shows what broke on the way or in the cache, and no more. So it
never has a level, and a binding to the commit takes its place wherever there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Evidence, Status
from safeload.provenance import LISTING
from safeload.provenance.tree_binding import compare, mismatches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Fact
    from safeload.provenance import Case


def collect(case: Case, listing: Mapping[str, str]) -> tuple[Evidence, list[Fact]]:
    """Compare the files of a snapshot with what the Hub lists.

    Args:
        case: the files.
        listing: path -> git blob id.

    Returns:
        The evidence, and a fact `integrity.mismatch` for each of the first files that differ.
    """
    subject = case.manifest.commit or case.manifest.uri
    problems, compared, skipped = compare(case.files, listing)
    there = {entry.path for entry in case.manifest.entries}
    problems += [(path, "extra", "is no file that the Hub lists") for path in sorted(there - listing.keys())]
    if not problems:
        skip = f"; {skipped} that were not read whole are not compared" if skipped else ""
        detail = f"{compared} files were compared, each is the one that the Hub lists{skip}"
        return Evidence(kind=LISTING, status=Status.VERIFIED, subject=subject, detail=detail), []
    first = f"{problems[0][0]} {problems[0][2]}"
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    detail = f"the files are not those that the Hub lists: {first}{more}"
    evidence = Evidence(kind=LISTING, status=Status.INVALID, subject=subject, detail=detail, code="named")
    return evidence, mismatches(problems)
