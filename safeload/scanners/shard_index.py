"""Shard index: names of files that a loader will open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.formats.shard_index import KINDS, interpret, is_bare_map, path_problem
from safeload.scanners import ScanResult
from safeload.scanners._json_keys import MOST_FACTS, behaviour_facts

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json",)
NAMES = re.compile(rf".+?(?:\.({'|'.join(KINDS)}))?\.index(\.[A-Za-z0-9_-]+)?\.json")


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State which shard names are no plain file names of the index's own kind.

    Raises:
        FormatError: the index is not strict JSON, or not an index.
    """
    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes, more than {limits.json_bytes}")
    value = parse_json(subject.view.read(0, subject.view.size), limits)
    match = NAMES.fullmatch(subject.base_name)
    kind = match[1] if match else None
    if kind is None and not is_bare_map(value) and not (isinstance(value, dict) and "weight_map" in value):
        # `x.index.json`: other programs write indexes of other things
        facts = tuple(behaviour_facts(value, subject.location, followed=False))
        return ScanResult(coverage=Coverage.SCANNED, facts=facts)
    index = interpret(value, limits)
    stated = []
    for shard in index.shards:
        problem = path_problem(shard, kind)
        if problem is not None:
            where = subject.location.at(key="weight_map")
            stated.append(Fact(kind="index.path", location=where, data={"name": shard, "problem": problem}))
    # With a name that leads elsewhere the index is no guide to files: nothing resolves through it.
    record = None if stated else index
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(stated[:MOST_FACTS]), record=record)
