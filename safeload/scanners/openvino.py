"""OpenVINO's intermediate representation: XML for a network, with its values in a `.bin` beside it.

https://docs.openvino.ai/2025/documentation/openvino-ir-format.html. The XML stays text, and is judged as
text. Here only the attributes are looked for that say which bytes of the `.bin` are values, and of which set
of operators the layers are; a layer of another set is native code of an extension. Nothing is parsed as XML:
what a pattern misses is not accounted for, so that the `.bin` stays unrecognised.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.record import record
from safeload.scanners import ScanResult
from safeload.scanners._text import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("text",)
NAMES = re.compile(r".+\.xml", re.IGNORECASE)

# Patterns are compiled where they are needed, which is for few files.
_NET = rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?<net\s"
_DATA = rb"<data\s([^<>]+)>"
_OFFSET = rb'\boffset="([0-9]{1,18})"'
_SIZE = rb'\bsize="([0-9]{1,18})"'
_LAYER = rb"<layer\s([^<>]+)>"
_VERSION = rb'\bversion="([^"]{1,80})"'
_SETS = rb"opset[0-9]{1,2}\Z"
_INTERNAL = frozenset({b"extension", b"experimental", b"ie_internal_opset", b"type_relaxed_opset", b"util"})
"""Sets that OpenVINO itself writes besides the numbered ones."""
_HEAD = 1_024


@record
class OpenVino:
    """Which ranges of the `.bin` are values."""

    claims: Mapping[str, tuple[tuple[int, int], ...]]


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Check the text, and read what it says about the file beside it.

    Raises:
        FormatError: it is no text to its end.
    """
    result, view = read_text(subject), subject.view
    network = view.size <= limits.json_bytes and re.match(_NET, view.read(0, min(view.size, _HEAD)))
    if result.coverage is not Coverage.SCANNED or not network:
        return result
    data = view.read(0, view.size)
    facts = [Fact(kind="format.not-loadable", location=subject.location, data={"format": "openvino"})]
    named = {match[1] for tag in re.finditer(_LAYER, data) for match in re.finditer(_VERSION, tag[1])}
    foreign = sorted({name for name in named if not re.match(_SETS, name)} - _INTERNAL)
    if foreign:
        names = ", ".join(name.decode("utf-8", "replace") for name in foreign[:5])
        detail = f"layers of {names} are native code of an extension"
        facts.append(
            Fact(
                kind="format.executable",
                location=subject.location,
                data={"format": "openvino", "detail": detail},
            )
        )
    ranges = []
    for tag in re.finditer(_DATA, data):
        offset, size = re.search(_OFFSET, tag[1]), re.search(_SIZE, tag[1])
        if offset is not None and size is not None:
            ranges.append((int(offset[1]), int(offset[1]) + int(size[1])))
    stem = subject.base_name.rpartition(".")[0]
    return ScanResult(
        coverage=Coverage.SCANNED,
        facts=tuple(facts),
        record=OpenVino(claims={f"{stem}.bin": tuple(ranges)}) if ranges else None,
    )
