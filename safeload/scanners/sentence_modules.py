"""modules.json: the chain of modules that sentence-transformers builds, each from a class and a folder.

The class is imported by its dotted name. Known are the names of that library's own modules, as a whole;
a class of anything else is code that the file chooses. A folder is a plain one of the snapshot.
https://github.com/huggingface/sentence-transformers/issues/3801
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.formats.view import read_all
from safeload.scanners import ScanResult
from safeload.scanners._dotted import grade, is_sentence_module
from safeload.scanners._json_keys import MOST_FACTS, behaviour_facts

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json",)
NAMES = re.compile(r"modules\.json\Z")

_FOLDER = re.compile(r"([A-Za-z0-9_][A-Za-z0-9 ._-]*(/[A-Za-z0-9_][A-Za-z0-9 ._-]*)*/?)?\Z")


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State each class that is not a known one, each folder that leads elsewhere, and behaviour keys.

    Raises:
        FormatError: the bytes are no strict JSON.
    """
    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes of JSON, more than {limits.json_bytes}")
    value = parse_json(read_all(subject.view), limits)
    stated = list(behaviour_facts(value, subject.location))
    spoken = {fact.location.key for fact in stated}
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(item, dict):
            continue
        for key, kind in (("type", _type(item.get("type"))), ("path", _path(item.get("path")))):
            where = f"{index}.{key}"
            if kind is not None and where not in spoken:
                data: dict[str, Json] = {"key": key, "value": repr(item[key])[:200]}
                stated.append(Fact(kind=kind, location=subject.location.at(key=where), data=data))
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(stated[: 2 * MOST_FACTS]))


def _type(name: Json) -> str | None:
    if name is None or (isinstance(name, str) and is_sentence_module(name)):
        return None
    return "config.callable" if grade(name) == "anything" else "config.remote-code"


def _path(folder: Json) -> str | None:
    if folder is None or (isinstance(folder, str) and _FOLDER.match(folder) and ".." not in folder):
        return None
    return "config.redirect"
