"""TensorFlow graphs in text: judged by the operators that they name, as their binary twins are.

A text names no place, so the paths of operators that save and restore are not followed: in a
`saved_model.pbtxt`, which TensorFlow loads, they count as reaching outside.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.scanners import ScanResult
from safeload.scanners._text import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.formats.tf_text import TfText
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("text",)
NAMES = re.compile(r".+\.(pbtxt|pbtext|pb\.txt|textproto)", re.IGNORECASE)
_LOADED = "saved_model.pbtxt"
_MOST_NAMES = 200
"""Names in Keras' descriptions that are facts of their own: one is enough for a verdict."""
_SHOWN = 20


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Check the text, and state what its operators do besides computing.

    Raises:
        FormatError: it is no text to its end, or a budget does not hold.
    """
    from safeload.formats.json_strict import JsonTooLarge
    from safeload.formats.tf_text import read_tf_text

    result = read_text(subject)
    if result.coverage is not Coverage.SCANNED:
        return result
    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes of text, more than {limits.json_bytes}")
    graph = read_tf_text(subject.view.read(0, subject.view.size), limits)
    if not graph.operators and not graph.metadata:
        return result
    facts = [Fact(kind="format.not-loadable", location=subject.location, data={"format": "tf-graph"})]
    loaded = subject.base_name.lower() == _LOADED
    for detail in list(_details(graph, loaded=loaded))[:_SHOWN]:
        data = {"format": "a TensorFlow graph", "detail": detail}
        facts.append(Fact(kind="format.executable", location=subject.location, data=data))
    facts += itertools.islice(_keras(graph, subject, limits), _MOST_NAMES)
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(facts))


def _details(graph: TfText, *, loaded: bool) -> Iterator[str]:
    """What each operator does that does more than compute."""
    from safeload.formats.tf_operators import EFFECTS, is_known
    from safeload.formats.tf_paths import PATH_INPUTS

    for name in sorted(graph.operators - graph.functions):
        if name in EFFECTS:
            yield f"the operator {name} {EFFECTS[name]}"
        elif loaded and name in PATH_INPUTS:
            yield f"the operator {name} {PATH_INPUTS[name][1]} files whose path is not followed in text"
        elif loaded and not is_known(name):
            yield f"the operator {name} is of a library of native code"


def _keras(graph: TfText, subject: Subject, limits: Limits) -> Iterator[Fact]:
    """Names in Keras' descriptions that are none of Keras' own.

    Raises:
        FormatError: a description is not strict JSON.
    """
    from safeload.formats.json_strict import parse_json
    from safeload.scanners._keras_config import keras_facts

    for metadata in graph.metadata:
        if metadata.lstrip().startswith("{"):
            config = parse_json(metadata.encode(), limits, finite=False)
            yield from keras_facts(config, subject.location, "metadata")
