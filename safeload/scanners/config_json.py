"""config.json: which fields nobody knows, and which ask for code, other files or other repositories.

Any folder may hold a config.json of something else (`1_Pooling/config.json`): one without a
model_type is data like any other, and only its behaviour keys are of interest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.formats.view import read_all
from safeload.scanners import ScanResult
from safeload.scanners._json_keys import MOST_FACTS, behaviour_facts, keras_document

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.formats.model_config import ModelConfig
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json",)
NAMES = re.compile(r"config\.json\Z")
_SHOWN = 5
"""Class names that the fact carries."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the behaviour keys and the unknown fields of a model's config.

    Raises:
        FormatError: the bytes are no strict JSON.
    """
    # Many audits meet no model.
    from safeload.formats.config_fields import TABLES
    from safeload.formats.model_config import interpret

    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes of JSON, more than {limits.json_bytes}")
    data = read_all(subject.view)
    # some models count up to infinity (`time_step_limit`), and their writers spell it as Python does
    value = parse_json(data, limits, finite=False)
    if isinstance(value, dict) and value.get("model_type") in tuple(TABLES):
        value = parse_json(data, limits)  # a model_type may be any value: compared, not digested
    facts = (*behaviour_facts(value, subject.location), *keras_document(value, subject.location))
    if not isinstance(value, dict) or not ("model_type" in value or "architectures" in value):
        return ScanResult(coverage=Coverage.SCANNED, facts=facts)
    try:
        config = interpret(value)
    except LimitExceeded as error:
        return ScanResult(coverage=Coverage.LIMIT_EXCEEDED, reason=str(error), facts=facts)
    except FormatError as error:
        # what a broken config asks for is worth knowing all the same
        return ScanResult(coverage=Coverage.MALFORMED, reason=str(error), facts=facts)
    named: dict[str, Json] = {
        "model_type": config.model_type,
        "architectures": config.architectures[:_SHOWN],
    }
    kind = Fact(kind="config.architecture", location=subject.location, data=named)
    return ScanResult(
        coverage=Coverage.SCANNED, facts=(*facts, *_unknown(config, facts, subject), kind), record=config
    )


def _unknown(config: ModelConfig, stated: tuple[Fact, ...], subject: Subject) -> tuple[Fact, ...]:
    """One fact per unknown field that no behaviour fact speaks of already."""
    spoken = {fact.data.get("key") for fact in stated}
    keys = [key for key in config.unknown if key not in spoken]
    facts = [
        Fact(
            kind="config.unknown-field",
            location=subject.location.at(key=key),
            data={"key": key, "model_type": config.model_type},
        )
        for key in keys[:MOST_FACTS]
    ]
    if len(keys) > MOST_FACTS:
        data = {"key": f"and {len(keys) - MOST_FACTS} more keys", "model_type": config.model_type}
        facts.append(Fact(kind="config.unknown-field", location=subject.location, data=data))
    return tuple(facts)
