"""Facts that need several records: a shard index and its shards, a pickle and its twin, settings and files.

With `claims`, one of the two modules that see more than one artifact. It knows records by what they offer
(tensors, a weight map), not by their class, so that a new weight format takes part without a change here.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from safeload.core import Fact, Location
from safeload.formats.shard_index import ShardIndex
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.tokenizer_config import VOCABULARY_FILES, TokenizerConfig
from safeload.scanners._elsewhere import is_the_machines_own, problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeload.core import Json
    from safeload.formats.tensors import TensorEntry

    Tensors = Mapping[str, TensorEntry]
    Placed = Mapping[str, tuple[str, TensorEntry]]

FORMATS: tuple[str, ...] = ()
_SHARD = re.compile(r"(.+)-(\d{3,6}-of-\d{3,6})\.([a-z0-9]+)")
_SHOWN = 5
"""Names that one fact carries."""

_TWINS = (
    ("model.safetensors", "model.safetensors.index.json"),
    ("pytorch_model.bin", "pytorch_model.bin.index.json"),
)


def relate(records: Mapping[str, object], paths: frozenset[str]) -> Iterator[Fact]:
    """State how the records of one snapshot fit together.

    Args:
        records: path to record, of the files that have one.
        paths: every file of the snapshot.
    """
    tables = {path: table for path, record in records.items() if (table := _tensors(record)) is not None}
    for path, record in sorted(records.items()):
        if isinstance(record, ShardIndex):
            yield from _index(path, record, tables, paths)
        elif isinstance(record, TokenizerConfig):
            yield from _vocabulary_files(path, record, paths)
    yield from _twins(records, tables)


def _tensors(record: object) -> Tensors | None:
    return getattr(record, "tensors", None)


def _index(
    path: str, index: ShardIndex, tables: Mapping[str, Tensors], paths: frozenset[str]
) -> Iterator[Fact]:
    """Where an index and the files that it names disagree."""
    folder = path.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""

    def fact(problem: str, name: str) -> Fact:
        data = {"problem": problem, "name": name}
        return Fact(kind="index.incomplete", location=Location(artifact=path), data=data)

    yield from _surplus(path, prefix, index, paths)
    yield from _total(path, prefix, index, tables)
    held: dict[str, set[str]] = {}
    for tensor, shard in index.weight_map.items():
        held.setdefault(shard, set()).add(tensor)
    for shard in index.shards:
        if prefix + shard not in paths:
            yield fact("the shard is missing", shard)
            continue
        table = tables.get(prefix + shard)
        if table is None:
            continue  # its own coverage says why it has no tensors
        absent = sorted(held[shard] - table.keys())
        surplus = sorted(table.keys() - held[shard])
        if absent:
            yield fact(
                f"{len(absent)} tensors are not in {shard}, which should hold them",
                ", ".join(absent[:_SHOWN]),
            )
        if surplus:
            yield fact(
                f"{shard} holds {len(surplus)} tensors that the index puts elsewhere",
                ", ".join(surplus[:_SHOWN]),
            )


def _surplus(path: str, prefix: str, index: ShardIndex, paths: frozenset[str]) -> Iterator[Fact]:
    """Files that are called like shards of this index, and that it does not name."""
    stems = {(match[1], match[3]) for shard in index.shards if (match := _SHARD.fullmatch(shard))}
    for other in sorted(paths):
        match = _SHARD.fullmatch(other.removeprefix(prefix)) if other.startswith(prefix) else None
        if match and (match[1], match[3]) in stems and match[0] not in index.shards:
            data = {"problem": "a shard that the index does not name", "name": match[0]}
            yield Fact(kind="index.incomplete", location=Location(artifact=path), data=data)


def _total(path: str, prefix: str, index: ShardIndex, tables: Mapping[str, Tensors]) -> Iterator[Fact]:
    """Whether the total size is that of the tensors. Honest writers count shared tensors twice, or once."""
    stated = index.metadata.get("total_size")
    shards = [tables.get(prefix + shard) for shard in index.shards]
    if stated is None or not all(shards):
        return
    entries = [entry for table in shards if table is not None for entry in table.values()]
    if not all(entry.dtype in ITEM_BITS for entry in entries):
        return
    found = sum(math.prod(entry.shape) * ITEM_BITS[entry.dtype] // 8 for entry in entries)
    if not isinstance(stated, int | float) or stated != found:
        data: dict[str, Json] = {"stated": stated, "found": found}
        yield Fact(kind="index.size", location=Location(artifact=path, key="metadata.total_size"), data=data)


def _vocabulary_files(path: str, config: TokenizerConfig, paths: frozenset[str]) -> Iterator[Fact]:
    """Settings of a tokenizer that name a file elsewhere, where no file of the folder overrides them."""
    folder, slash, _ = path.rpartition("/")
    for key, names in VOCABULARY_FILES.items():
        value = config.values.get(key)
        if not isinstance(value, str) or problem(value) is None:
            continue
        there = any(f"{folder}{slash}{name}" in paths for name in names)
        if is_the_machines_own(value) or not there:
            data = {"key": key, "value": value[:200]}
            yield Fact(kind="config.redirect", location=Location(artifact=path, key=key), data=data)


def _twins(records: Mapping[str, object], tables: Mapping[str, Tensors]) -> Iterator[Fact]:
    """Whether the two formats of the same weights name the same tensors, in each folder that has both."""
    names = frozenset(name for pair in _TWINS for name in pair)
    paths = (path.rpartition("/") for path in records)
    for folder in sorted({folder + slash for folder, slash, name in paths if name in names}):
        first, second = (_weights(folder, pair, records, tables) for pair in _TWINS)
        if first is None or second is None:
            continue
        (safe_path, safe), (pickle_path, pickled) = first, second
        difference = _difference(safe, pickled)
        yield Fact(
            kind="weights.twins",
            location=Location(artifact=pickle_path),
            data={
                "pickle": pickle_path,
                "safetensors": safe_path,
                "agree": difference is None,
                "difference": difference or "",
            },
        )


def _weights(
    folder: str, names: tuple[str, str], records: Mapping[str, object], tables: Mapping[str, Tensors]
) -> tuple[str, Placed] | None:
    """The tensors of a single file, or of all the shards of an index, each with its file."""
    single, index_name = (folder + name for name in names)
    if single in tables:
        return single, {name: (single, entry) for name, entry in tables[single].items()}
    index = records.get(index_name)
    if not isinstance(index, ShardIndex):
        return None
    shards = [folder + shard for shard in index.shards]
    if not all(shard in tables for shard in shards):
        return None
    return index_name, {name: (shard, entry) for shard in shards for name, entry in tables[shard].items()}


def _difference(safe: Placed, pickled: Placed) -> str | None:
    """The first differences in names, shapes and dtypes, or None.

    Writers of safetensors leave out all but one of several names for the same memory, so a name that
    only the pickle has is no difference where it is an alias of one that both have.
    """
    shared = {_memory(*place) for name, place in pickled.items() if name in safe}
    only_pickle = [
        name for name, place in pickled.items() if name not in safe and _memory(*place) not in shared
    ]
    only_safe = [name for name in safe if name not in pickled]
    changed = [
        name
        for name, (_, entry) in safe.items()
        if name in pickled and (entry.dtype, entry.shape) != (pickled[name][1].dtype, pickled[name][1].shape)
    ]
    parts = [
        f"{what}: {', '.join(sorted(names)[:_SHOWN])}"
        for what, names in (
            ("only in safetensors", only_safe),
            ("only in the pickle", only_pickle),
            ("other dtype or shape", changed),
        )
        if names
    ]
    return "; ".join(parts) or None


def _memory(path: str, entry: TensorEntry) -> tuple[str, int, str, tuple[int, ...]]:
    """What two names of one tensor have in common."""
    return path, entry.offset, entry.dtype, entry.shape
