"""Any answer of a child that renders gives texts or a FormatError.

The invariant holds for any message and any raw bytes behind it: the child has run a hostile template and may
say anything. Texts that we accept use every byte, and each place lies inside its text.
"""

from __future__ import annotations

import json

from safeload.errors import FormatError
from safeload.isolation.renderer import Rendered, _checked

COUNT = 2


def answer(result: object, payload: bytes) -> bytes:
    """What a child sends, without the frame around it: that has a target of its own."""
    return json.dumps(result).encode() + b"\n" + payload


def seeds() -> list[bytes]:
    """Answers as the child writes them."""
    return [
        answer({"sizes": [1, 3], "spans": [[], [[0, 2]]]}, b"a\xc3\xa9b"),
        answer({"sizes": [0, 0], "spans": [[[0, 0]], []]}, b""),
        answer({"sizes": [3, 1], "spans": [[], []]}, b"\xed\xa0\x80x"),
        answer({"sizes": [2, 2], "spans": [[[0, 1], [1, 2]], [[2, 2]]]}, b"abcd"),
    ]


def read(data: bytes) -> object:
    """The texts with their bytes, the error that is allowed, or None for what is no message."""
    head, _, payload = data.partition(b"\n")
    try:
        result = json.loads(head.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(result, dict):
        return None
    try:
        return _checked(result, payload, COUNT), len(payload)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of texts."""
    if isinstance(result, tuple):
        texts, size = result
        assert len(texts) == COUNT
        assert sum(len(item.text.encode("utf-8", "surrogatepass")) for item in texts) == size <= len(data)
        for item in texts:
            assert isinstance(item, Rendered)
            assert all(0 <= start <= end <= len(item.text) for start, end in item.spans)


def deep(result: object) -> bool:
    """Whether it was a message at all."""
    return result is not None
