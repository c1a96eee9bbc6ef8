"""Configurations of processors: preprocessor_config.json and its relatives.

Loaders look the class that they name up in the whole library, where models and anything else lie beside
processors: a name that is not one of a processor is stated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Fact
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.formats.processor_config import interpret
from safeload.formats.view import read_all
from safeload.scanners._json_keys import MOST_FACTS, behaviour_facts
from safeload.scanners._key_tables import DOTTED, PROCESSOR_KEYS, PROCESSORS
from safeload.scanners._templates import conclude_templates, template_result, templates_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Json, Location
    from safeload.limits import Limits
    from safeload.scanners import Answer, Errand, ScanResult, Subject

FORMATS = ("json",)
NAMES = re.compile(
    r"((video_|image_|audio_)?(pre)?processor_config|feature_extractor_config|image_processor)\.json\Z"
)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the behaviour keys, and class names that are no processor's.

    Raises:
        FormatError: the bytes are no strict JSON.
    """
    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes of JSON, more than {limits.json_bytes}")
    value = parse_json(read_all(subject.view), limits)
    facts = (*behaviour_facts(value, subject.location), *_classes(value, subject.location))
    # a list is somebody's data under this name: nothing is built from it
    settings = interpret(value) if isinstance(value, dict) else None
    return template_result(templates_in(value), subject.location, limits, record=settings, facts=facts)


def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:  # noqa: ARG001
    """State what the child found in chat templates."""
    return conclude_templates(errand, answer, subject.location)


def _classes(value: Json, location: Location) -> Iterator[Fact]:
    """Class names at the top and in the parts of a processor, which stand one level below."""
    if not isinstance(value, dict):
        return
    stated = 0
    for path, part in [("", value), *((f"{key}.", part) for key, part in value.items())]:
        for key in sorted(PROCESSOR_KEYS & part.keys()) if isinstance(part, dict) else ():
            name = part[key]
            if name is None or (isinstance(name, str) and (PROCESSORS.match(name) or DOTTED.match(name))):
                continue  # dotted ones are stated as something to import
            stated += 1
            if stated > MOST_FACTS:
                return
            data: dict[str, Json] = {"key": key, "value": str(name)[:200]}
            yield Fact(kind="tokenizer.class", location=location.at(key=f"{path}{key}"), data=data)
