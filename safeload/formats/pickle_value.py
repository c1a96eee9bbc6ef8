"""Bounds on the final value of a stream: its nesting, and its size once shared parts are written out.

Forty dicts that each mention the next one four times are 200 bytes of pickle and 4**40 nodes to whoever
walks them. Values are walked once each here, so the check costs what the stream costs.

A record counts as one node where it is mentioned, and is walked by itself: objects refer to each other in
circles (a configuration's nodes to their parent), and nobody writes a record out.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, cast

from safeload.formats.pickle_errors import ValueTooDeep, ValueTooLarge
from safeload.formats.pickle_records import is_function
from safeload.formats.pickle_trace import (
    ArrayValue,
    DefaultDictValue,
    DequeValue,
    DictRecord,
    GlobalRef,
    InertRecord,
    ObjectArray,
    OrderedDictValue,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from safeload.limits import Limits

_SEQUENCES = frozenset({tuple, list, set, frozenset, DequeValue})
_DICTS = frozenset({dict, OrderedDictValue, DefaultDictValue, DictRecord})
_SHORT = 8
_PARENTS = _SEQUENCES | _DICTS | {InertRecord, GlobalRef, ArrayValue}


def _children(value: object) -> Iterable[object]:
    if isinstance(value, OrderedDictValue):
        return value.values() if value.metadata is None else chain(value.values(), (value.metadata,))
    if isinstance(value, DictRecord):
        return chain(value.values(), (value.state,))
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, InertRecord):
        return (value.args, value.state)
    if isinstance(value, ArrayValue):
        return value.data.items if isinstance(value.data, ObjectArray) else ()
    return value if isinstance(value, (tuple, list, set, frozenset)) else ()


_PLAIN_KINDS = frozenset({tuple, list, dict})


def _flat_size(value: object) -> int:
    """How many values one holds that holds no containers, or -1."""
    if type(value) not in _PLAIN_KINDS:
        return -1
    values = _plain_children(value)
    return len(values) if _PARENTS.isdisjoint(map(type, values)) else -1


def _low_size(value: object) -> int:
    """How many values a short one holds of which all containers are short and flat, or -1."""
    if type(value) not in _PLAIN_KINDS:
        return -1
    values = _plain_children(value)
    size = len(values)
    if size > _SHORT:
        return -1
    for child in values:
        if type(child) in _PARENTS:
            below = _flat_size(child)
            if not 0 <= below <= _SHORT:
                return -1
            size += below
    return size


def _plain_children(value: object) -> Collection[object]:
    return value.values() if type(value) is dict else cast("tuple[object, ...]", value)


def check_value(root: object, limits: Limits) -> GlobalRef | None:
    """Walk the value once.

    Returns:
        A function that the value holds, of those that contracts list: who calls it calls for the stream.

    Raises:
        ValueTooDeep: nested deeper than `pickle_depth`, or holds itself.
        ValueTooLarge: more than `pickle_expanded` nodes with every shared part written out.
    """
    if type(root) not in _PARENTS:
        return None
    records: list[object] = [root]
    measured: dict[int, tuple[int, int]] = {}
    """By identity: nodes, depth."""
    functions: list[GlobalRef] = []
    while records:
        item = records.pop()
        if isinstance(item, GlobalRef):
            functions += [item] * is_function(item)
        else:
            _check_one(item, limits, measured, records)
    return functions[0] if functions else None


def _check_one(
    root: object, limits: Limits, measured: dict[int, tuple[int, int]], records: list[object]
) -> None:
    """Walk one value up to the records and globals in it, which are appended to `records`."""
    most_nodes, most_depth = limits.pickle_expanded, limits.pickle_depth
    same: dict[tuple[int, int], tuple[int, int]] = {}
    """Most values share a few measures: one tuple for all of them."""
    open_ids = {id(root)}
    path: list[list[object]] = []
    """Per open parent: itself, its children still to visit, nodes so far, depth below it so far."""
    current: object = root
    todo: Iterator[object] = iter(_children(root))
    nodes, depth = 1, 1
    while True:
        for child in todo:
            if type(child) not in _PARENTS:
                nodes += 1
                continue
            known = measured.get(id(child))
            if known is None:
                size = _flat_size(child)
                if type(child) is InertRecord or type(child) is GlobalRef:
                    records.append(child)
                    measured[id(child)] = known = (1, 1)
                elif size >= 0:
                    known = (1 + size, 1)
                    if size > _SHORT:  # others are as cheap to measure again as to remember
                        measured[id(child)] = known
                else:
                    size = _low_size(child)
                    if size < 0:
                        break
                    known = (1 + size, 2)
                    measured[id(child)] = same.setdefault(known, known)
            nodes += known[0]
            depth = max(depth, known[1] + 1)
            if nodes > most_nodes:
                break
        else:
            child = None
        if nodes > most_nodes:
            raise ValueTooLarge(f"the value has more than {most_nodes} nodes with shared parts written out")
        if depth + len(path) > most_depth:
            raise ValueTooDeep(f"the value is nested more than {most_depth} levels deep")
        if child is not None:
            if id(child) in open_ids:
                raise ValueTooDeep("the value holds itself")
            open_ids.add(id(child))
            path.append([current, todo, nodes, depth])
            current, todo, nodes, depth = child, iter(_children(child)), 1, 1
            continue
        measure = (nodes, depth)
        if not path and type(current) is InertRecord:
            measure = (1, 1)  # walked by itself, and one node to whoever mentions it
        measured[id(current)] = same.setdefault(measure, measure)
        open_ids.discard(id(current))
        if not path:
            return
        below_nodes, below_depth = nodes, depth
        current, todo, nodes, depth = path.pop()  # type: ignore[assignment]  # the four pushed above
        nodes += below_nodes
        depth = max(depth, below_depth + 1)
