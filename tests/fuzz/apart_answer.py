"""Any bytes as a child's answer give facts about the child's own file, or a refusal.

The invariant holds within the limits and under the seal: what is decoded names no other file, no place
outside this one, and no fact that needs more than one file.
"""

from __future__ import annotations

import copy
import json

from safeload.core import Coverage
from safeload.errors import FormatError
from safeload.pipeline.apart_answer import OURS, AnswerRefused, Told, decode
from safeload.scanners import FACT_KINDS

PATH = "attacked.bin"
SIZE = 1_000


def answer(**changes: object) -> bytes:
    """A body as a child writes it."""
    body = {"file": ["pickle", "scanned", ""], "members": [], "facts": [], "streams": [], "record": None}
    return json.dumps(body | changes).encode()


def seeds() -> list[bytes]:
    """Answers with every part, and some that lie."""
    place = [["a"], 3, "k"]
    member = [["a"], 10, "pickle", "malformed", "it breaks"]
    stream = {
        "place": [[], None, None], "bytes": 0, "status": "unlisted", "error": "x",
        "globals": [["os", "system", 1, "GLOBAL", False, "runs a command", 1, None]],
        "rejected": [["os.system", "REDUCE", 9, "it is not listed", None]], "calls": {"a.b": 2},
        "numbers": [5, 2, 10, 0, 0, 0],
    }  # fmt: skip
    return [
        answer(),
        answer(members=[member], facts=[["code.python", place, {"a": [1, {"b": None}]}]]),
        answer(streams=[stream]),
        answer(record={"tensors": [["w", "F32", [2, 3], 0, [3, 1]], ["b", "F32", [], 4, None]]}),
        answer(record={"index": {"w": "model-1.safetensors"}}),
        answer(facts=[["weights.twins", place, {}]]),
        answer(facts=[["code.python", [["b"], -1, 7], {}]]),
        answer(file=["safe", "clean", None]),
    ]


VALUES: tuple[object, ...] = (
    None, True, -1, 0, 5, 1 << 70, 0.5, "", "scanned", "malformed", "a", "\ud800", "code.python", "zip",
    [], [[]], ["a"], {}, {"a": []}, [["a"], 3, "k"],
)  # fmt: skip


def bent(data: bytes) -> bytes:
    """Bytes that are no JSON choose among the answers above, and replace values in the one chosen."""
    try:
        json.loads(data.decode())
    except (ValueError, RecursionError):
        document = [json.loads(SEEDS[data[0] % len(SEEDS)] if data else b"{}")]
        for at, which in zip(data[1:9:2], data[2:9:2], strict=False):
            places = [(document, 0)]
            for holder, key in places:
                value = holder[key]
                keys = (
                    list(value)
                    if isinstance(value, dict)
                    else range(len(value) if type(value) is list else 0)
                )
                places += [(value, key) for key in keys]
            holder, key = places[at % len(places)]
            holder[key] = copy.deepcopy(VALUES[which % len(VALUES)])
        return json.dumps(document[0]).encode()
    return data


def read(data: bytes) -> object:
    """What the answer says, or the refusal."""
    data = bent(data)
    try:
        return decode({"result": {"body-bytes": len(data)}}, data, PATH, SIZE)
    except FormatError as error:
        return error


SEEDS = seeds()


def check(data: bytes, result: object) -> None:
    """What has to hold of an answer that was taken."""
    del data
    if not isinstance(result, Told):
        assert isinstance(result, AnswerRefused)
        return
    inside = {(): SIZE}
    for place, size, _, coverage, _ in result.members:
        assert place.artifact == PATH
        assert place.members
        assert isinstance(coverage, Coverage)
        inside[place.members] = max(size, inside.get(place.members, 0))
    for fact in result.facts:
        assert fact.kind in FACT_KINDS.keys() - OURS
        json.dumps(dict(fact.data))
    for item in (*result.facts, *result.streams):
        assert item.location.artifact == PATH
        assert 0 <= (item.location.offset or 0) <= inside[item.location.members]
    for entry in getattr(result.record, "tensors", {}).values():
        assert 0 <= entry.offset <= SIZE


def deep(result: object) -> bool:
    """Whether it was JSON of the right outline."""
    return isinstance(result, Told) or "another shape" in str(result)
