"""tokenizer_config.json and special_tokens_map.json: class names, templates and behaviour keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.scanners import ScanResult
from safeload.scanners._json_keys import MOST_FACTS, behaviour_facts
from safeload.scanners._templates import conclude_templates, template_result

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Answer, Errand, Subject

FORMATS = ("json",)
NAMES = re.compile(r"(tokenizer_config|special_tokens_map)\.json\Z")
_TEMPLATE_NAME = re.compile(r"[^/\\:\x00-\x1f]{1,200}\Z")
"""Savers make a file name of it."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State an unknown class, each chat template and each behaviour key.

    Raises:
        FormatError: the bytes are no strict JSON, or a field has the wrong type.
    """
    # Many audits meet no tokenizer.
    from safeload.formats.tokenizer_classes import CLASSES
    from safeload.formats.tokenizer_config import (
        VOCABULARY_FILES,
        parse_special_tokens_map,
        parse_tokenizer_config,
    )

    location = subject.location
    if subject.base_name == "special_tokens_map.json":
        tokens = parse_special_tokens_map(subject.view, limits)
        facts = tuple(behaviour_facts(dict(tokens.values), location))
        return ScanResult(coverage=Coverage.SCANNED, facts=facts, record=tokens)
    record = parse_tokenizer_config(subject.view, limits)
    stated = [
        fact
        for fact in behaviour_facts(dict(record.values), location)
        # a file of the snapshot overrides what the writer noted for it: a relation between files
        if not (fact.kind == "config.redirect" and fact.location.key in VOCABULARY_FILES)
    ]
    strange = [item for item in record.templates if _TEMPLATE_NAME.match(item.name) is None]
    stated.extend(
        Fact(
            kind="config.redirect",
            location=location.at(key=f"{template.where}.name"),
            data={"key": "name", "value": template.name[:200]},
        )
        for template in strange[:MOST_FACTS]
    )
    name = record.tokenizer_class
    if name is not None and name.removesuffix("Fast") not in CLASSES:
        key = "tokenizer_class"
        stated.append(
            Fact(kind="tokenizer.class", location=location.at(key=key), data={"key": key, "value": name})
        )
    templates = [(template.where, template.text) for template in record.templates]
    return template_result(templates, location, limits, record=record, facts=tuple(stated))


def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:  # noqa: ARG001
    """State what the child found in the templates."""
    return conclude_templates(errand, answer, subject.location)
