"""Any JSON document that no other scanner knows by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.scanners import ScanResult
from safeload.scanners._elsewhere import problem
from safeload.scanners._json_keys import MOST_FACTS, behaviour_facts, is_followed, keras_document
from safeload.scanners._misplaced import misplaced
from safeload.scanners._templates import conclude_templates, template_result, templates_in

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.limits import Limits
    from safeload.scanners import Answer, Errand, Subject

FORMATS = ("json",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Read the document and state every key that asks a loader for behaviour.

    Raises:
        FormatError: not strict JSON, but for NaN and infinities.
    """
    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes, more than {limits.json_bytes}")
    value = parse_json(subject.view.read(0, subject.view.size), limits, finite=False)
    reason = misplaced(subject)
    followed = is_followed(subject.base_name)
    facts = list(behaviour_facts(value, subject.location, followed=followed))
    facts.extend(keras_document(value, subject.location))
    facts.extend(_shards(value, subject))
    if reason is not None:
        return ScanResult(coverage=Coverage.MALFORMED, reason=reason, facts=tuple(facts))
    return template_result(templates_in(value), subject.location, limits, facts=tuple(facts))


def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:  # noqa: ARG001
    """State what the child found in chat templates, such as those of `processor_config.json`."""
    return conclude_templates(errand, answer, subject.location)


def _shards(value: Json, subject: Subject) -> list[Fact]:
    """A shard index under another name leads no further than one under its own."""
    weight_map = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(weight_map, dict):
        return []
    named = sorted({shard for shard in weight_map.values() if isinstance(shard, str)})
    where = subject.location.at(key="weight_map")
    return [
        Fact(kind="index.path", location=where, data={"name": shard, "problem": why})
        for shard in named
        if (why := problem(shard)) is not None
    ][:MOST_FACTS]
