"""Shard index: which file of a sharded checkpoint holds which tensor.

The layout that huggingface_hub's `split_torch_state_dict_into_shards` writes: an object with `metadata`
and `weight_map`, tensor name to file name. Guarantees types only. Whether a shard's name is a plain file
name is a fact for the scanner (`path_problem`), whether it exists is a relation between files.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json, View
    from safeload.limits import Limits

KINDS = ("safetensors", "bin", "h5", "msgpack")
"""What the shards of an index may be: the extension stands in the name of the index, too."""
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.(safetensors|bin|h5|msgpack|pth|pt|ckpt)\Z")
_WEIGHTS = re.compile(r"\.(safetensors|bin|h5|msgpack|pth|pt|ckpt)\Z", re.IGNORECASE)


class IndexShape(FormatError):
    """An index that is no object with an object `weight_map` of strings."""


class IndexTooLong(LimitExceeded):
    """More tensors than the budget."""


@record
class ShardIndex:
    """The parsed index."""

    weight_map: Mapping[str, str]
    """Tensor name to shard."""
    shards: tuple[str, ...]
    """Every shard that is named, ordered."""
    metadata: Mapping[str, Json]


def parse_shard_index(view: View, limits: Limits) -> ShardIndex:
    """Read an index.

    Raises:
        FormatError: not strict JSON, or not the shape of an index.
        LimitExceeded: a budget does not hold.
    """
    if view.size > limits.json_bytes:
        raise JsonTooLarge(f"{view.size} bytes, more than {limits.json_bytes}")
    return interpret(parse_json(view.read(0, view.size), limits), limits)


def interpret(document: Json, limits: Limits) -> ShardIndex:
    """The index in a document that has been read already.

    A map without a frame around it, tensor name to shard, is an index to some loaders.

    Raises:
        FormatError: not the shape of an index.
        LimitExceeded: a budget does not hold.
    """
    if not isinstance(document, dict):
        raise IndexShape("the index is no object")
    weight_map = document if is_bare_map(document) else document.get("weight_map")
    if not isinstance(weight_map, dict):
        raise IndexShape("the index has no object weight_map")
    if len(weight_map) > limits.safetensors_tensors:
        raise IndexTooLong(f"{len(weight_map)} tensors, more than {limits.safetensors_tensors}")
    if not all(type(shard) is str for shard in weight_map.values()):
        raise IndexShape("weight_map names a shard that is no string")
    metadata = document.get("metadata")
    return ShardIndex(
        weight_map=MappingProxyType(weight_map),
        shards=tuple(sorted(set(weight_map.values()))),
        metadata=MappingProxyType(metadata) if isinstance(metadata, dict) else MappingProxyType({}),
    )


def is_bare_map(document: Json) -> bool:
    """Whether an object is a map of names to weight files, with nothing around it."""
    return (
        isinstance(document, dict)
        and bool(document)
        and all(type(shard) is str and _WEIGHTS.search(shard) for shard in document.values())
    )


def path_problem(shard: str, kind: str | None) -> str | None:
    """Why a shard name is no plain file name of the index's own kind, or None.

    Args:
        shard: the name as written.
        kind: one of KINDS from the index's own file name, or None where that has none.
    """
    match = _PLAIN.match(shard)
    if match is None:
        return "no plain file name of letters, digits, dots and dashes"
    if kind is not None and match[1] != kind:
        return f"an index of .{kind} files names another kind: the loader would switch readers"
    return None
