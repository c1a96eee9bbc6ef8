"""Settings of an editor, in `.vscode`: JSON with comments, of which some are tasks that it starts.

The format is not JSON (https://code.visualstudio.com/docs/languages/json#_json-with-comments), so it is
read as text. Only a folder of that name is meant; anywhere else such a name is a document like any other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.formats.view import read_all
from safeload.scanners import ScanResult
from safeload.scanners._json_keys import behaviour_facts
from safeload.scanners._text import read_text

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json", "text")
NAMES = re.compile(r"(tasks|launch|settings|extensions|devcontainer)\.json\Z")

_FOLDER = re.compile(r"(.*[/!])?\.(vscode|devcontainer)/[^/]+\Z")
_STARTS = frozenset({"tasks.json", "launch.json", "devcontainer.json"})


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State files with commands that an editor starts; read any other document as such.

    Raises:
        FormatError: it is no text, or no strict JSON where it has to be.
    """
    if _FOLDER.match(subject.location.name):
        result = read_text(subject)
        if subject.base_name not in _STARTS:
            return result
        language = "a list of commands that an editor starts"
        fact = Fact(kind="code.script", location=subject.location, data={"language": language})
        return ScanResult(coverage=result.coverage, reason=result.reason, facts=(fact,))
    if subject.format == "text":
        return read_text(subject)
    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes of JSON, more than {limits.json_bytes}")
    value = parse_json(read_all(subject.view), limits, finite=False)
    facts = tuple(behaviour_facts(value, subject.location, followed=False))
    return ScanResult(coverage=Coverage.SCANNED, facts=facts)
