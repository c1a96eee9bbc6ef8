"""TensorFlow graphs: what they do besides computing, and which files and libraries they need.

A SavedModel is a program, but one whose operators can be told apart. One of known operators computes, and
nothing here loads it; one that reaches files, addresses or Python is said to be a program, with the nodes.
"""

from __future__ import annotations

import itertools
from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import FormatError, LimitExceeded
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.formats.tf_graph import TfGraph
    from safeload.limits import Limits
    from safeload.scanners import Subject

_ROOTS = MappingProxyType(
    {
        "saved-model": "SavedModel",
        "tf-meta-graph": "MetaGraphDef",
        "tf-graph": "GraphDef",
        "keras-metadata": "SavedMetadata",
    }
)
FORMATS = (*_ROOTS, "tf-fingerprint")
_MOST_NAMES = 200
"""Names in Keras' descriptions that are facts of their own: one is enough for a verdict."""
_SHOWN = 20
"""Nodes and operators that are named one by one."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the format, what reaches outside, what native code it needs, and what Keras would build.

    Raises:
        FormatError: the graph breaks the schema.
    """
    facts = [Fact(kind="format.not-loadable", location=subject.location, data={"format": subject.format})]
    if subject.format == "tf-fingerprint":
        # identification has walked all of it: five sums, a version and a name
        return ScanResult(coverage=Coverage.SCANNED)
    from safeload.formats.tf_graph import UnlistedField, parse_tf_graph

    try:
        graph = parse_tf_graph(subject.view, _ROOTS[subject.format], limits)
    except UnlistedField as error:
        return ScanResult(coverage=Coverage.UNRECOGNISED, reason=str(error), facts=tuple(facts))
    facts += _effects(graph, subject)
    escapes = list(_assets(graph, subject))
    facts += escapes
    try:
        facts += itertools.islice(_keras(graph, subject, limits), _MOST_NAMES)
    except FormatError as error:
        coverage = Coverage.LIMIT_EXCEEDED if isinstance(error, LimitExceeded) else Coverage.MALFORMED
        reason = f"the description for Keras: {error}"
        return ScanResult(coverage=coverage, reason=reason, facts=tuple(facts))
    # With a name that leads elsewhere the graph is no guide to files; outside a SavedModel none is said.
    kept = graph if subject.format == "saved-model" and not escapes else None
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(facts), record=kept)


def _effects(graph: TfGraph, subject: Subject) -> Iterator[Fact]:
    for effect in graph.effects[:_SHOWN]:
        yield _executable(subject, f"the operator {effect.operator} {effect.what}, at {effect.node}")
    if len(graph.effects) > _SHOWN:
        yield _executable(subject, f"{len(graph.effects) - _SHOWN} more operators reach outside the graph")
    if graph.foreign:
        names = ", ".join(graph.foreign[:_SHOWN])
        more = f" and {len(graph.foreign) - _SHOWN} more" if len(graph.foreign) > _SHOWN else ""
        yield _executable(subject, f"operators of a library of native code: {names}{more}")


def _executable(subject: Subject, detail: str) -> Fact:
    data = {"format": subject.format, "detail": detail}
    return Fact(kind="format.executable", location=subject.location, data=data)


def _assets(graph: TfGraph, subject: Subject) -> Iterator[Fact]:
    """Files that the graph opens, where they are none of its own folder."""
    from safeload.formats.relative_path import relative_problem

    for name in sorted(set(graph.assets)):
        problem = relative_problem(name)
        if problem is not None:
            data = {"name": name, "problem": problem, "what": "asset"}
            yield Fact(kind="index.path", location=subject.location.at(key="asset_file_def"), data=data)


def _keras(graph: TfGraph, subject: Subject, limits: Limits) -> Iterator[Fact]:
    """Names in Keras' descriptions that are none of Keras' own.

    Raises:
        FormatError: a description is not strict JSON.
    """
    if not graph.metadata:
        return
    from safeload.formats.json_strict import parse_json
    from safeload.scanners._keras_config import keras_facts

    for where, metadata in graph.metadata:
        if metadata.lstrip().startswith("{"):
            yield from keras_facts(
                parse_json(metadata.encode(), limits, finite=False), subject.location, where
            )
