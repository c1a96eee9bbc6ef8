"""The facts document, `safeload/facts/v1`: what is known about a subject, and nothing of what that means.

It is the input of an engine of the user's own (OPA, CEL, Cedar) and of whoever wants to decide again later
without reading the files again. docs/facts.md describes each key. Later versions of this schema only add
keys. The output is ASCII, one item on one line, in an order that depends on the files alone.

What JSON has no form for, or what readers take differently, is spelt as a string: numbers that are not
finite, and integers of more than 53 bits, which many readers would round.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from safeload import __version__
from safeload.record import fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeload.core import AuditReport, Location

SCHEMA = "safeload/facts/v1"
_MOST_INTEGER = 1 << 53
"""Readers that keep numbers as float64 have all integers up to here (RFC 8259, 6)."""


def facts_document(report: AuditReport) -> dict[str, Any]:
    """The document as JSON values."""
    decision, manifest = report.decision, report.manifest
    return {
        "schema": SCHEMA,
        "tool": {"name": "safeload", "version": __version__},
        "subject": manifest.uri,
        "commit": manifest.commit,
        "complete": not report.quick,
        "policy": {"name": decision.policy_name, "digest": str(decision.policy_digest)},
        "excluded": list(manifest.excluded),
        "manifest": [
            {"path": entry.path, "size": _plain(entry.size), "role": entry.role.value}
            for entry in manifest.entries
        ],
        "artifacts": [
            {
                "location": _location(artifact.location),
                "size": _plain(artifact.size),
                "role": artifact.role.value,
                "format": artifact.format,
                "coverage": artifact.coverage.value,
                "reason": artifact.reason,
                "sha256": None if artifact.digest is None else artifact.digest.hex,
            }
            for artifact in decision.artifacts
        ],
        "facts": [
            {"kind": fact.kind, "location": _location(fact.location), "data": _plain(fact.data)}
            for fact in sorted(report.facts, key=_order)
        ],
        "evidence": [
            {name: _plain(getattr(item, name)) for name in fields(type(item)) if name != "status"}
            | {"status": item.status.value}
            for item in decision.evidence
        ],
    }


def render_facts(report: AuditReport) -> str:
    """The document as text."""
    pieces = (f"{json.dumps(key)}: {_lines(value)}" for key, value in facts_document(report).items())
    return "{\n" + ",\n".join(pieces) + "\n}\n"


def _lines(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(json.dumps, value)) + "\n]"
    return json.dumps(value)


def _location(location: Location) -> dict[str, Any]:
    return {
        "artifact": location.artifact,
        "members": list(location.members),
        "offset": _plain(location.offset),
        "key": location.key,
    }


def _order(fact: Any) -> tuple[str, ...]:  # noqa: ANN401 - a fact, of which only a text is made
    where = fact.location
    offset = "" if where.offset is None else f"{where.offset:020}"
    return (where.artifact, *where.members, "", offset, where.key or "", fact.kind, repr(_plain(fact.data)))


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON is recursive, and mypy cannot follow it through Mapping
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if -_MOST_INTEGER <= value <= _MOST_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if hasattr(value, "items"):
        return dict(_pairs(value))
    return [_plain(item) for item in value]


def _pairs(mapping: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in sorted(mapping):
        yield key, _plain(mapping[key])
