"""Shard index: names of files that a loader will open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.shard_index import parse_shard_index, path_problem
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json",)
NAMES = re.compile(r".+\.(safetensors|bin)\.index(\.[A-Za-z0-9_-]+)?\.json")


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State which shard names are no plain file names of the index's own kind.

    Raises:
        FormatError: the index is not strict JSON, or not an index.
    """
    index = parse_shard_index(subject.view, limits)
    match = NAMES.fullmatch(subject.base_name)
    kind = match[1] if match else "safetensors"
    facts = []
    for shard in index.shards:
        problem = path_problem(shard, kind)
        if problem is not None:
            where = subject.location.at(key="weight_map")
            facts.append(Fact(kind="index.path", location=where, data={"name": shard, "problem": problem}))
    # With a name that leads elsewhere the index is no guide to files: nothing resolves through it.
    record = None if facts else index
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(facts), record=record)
