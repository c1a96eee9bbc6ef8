"""TensorFlow graphs as text: which operators they name.

The text format of https://protobuf.dev/reference/protobuf/textformat-spec/. TensorFlow loads a
`saved_model.pbtxt` like its binary twin. Only tokens are read here, not messages: the strings behind every
field called `op`, those that name a function, and Keras' descriptions. So the answer may be too long, where
another message has a field of that name, and is never too short.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.errors import LimitExceeded
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.limits import Limits

_TOKEN = re.compile(
    rb"""\#[^\n]*
       | (?P<text>"(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
       | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
       | (?P<sign>[:{}<>\[\],;])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_SIMPLE = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


class TooManyTokens(LimitExceeded):
    """More tokens than the budget."""


@record
class TfText:
    """What a graph in text names."""

    operators: frozenset[str]
    functions: frozenset[str]
    metadata: tuple[str, ...]


def read_tf_text(data: bytes, limits: Limits) -> TfText:
    """Read the names out of a text.

    Raises:
        TooManyTokens: a budget does not hold.
    """
    operators: set[str] = set()
    functions: set[str] = set()
    metadata: list[str] = []
    for path, value in _strings(data, limits):
        if path[-1] == "op":
            operators.add(value)
        elif path == ("signature", "name"):
            functions.add(value)
        elif path[-1] == "metadata":
            metadata.append(value)
    return TfText(operators=frozenset(operators), functions=frozenset(functions), metadata=tuple(metadata))


def _strings(data: bytes, limits: Limits) -> Iterator[tuple[tuple[str, str], str]]:
    """Every string with the field that it is for and the message around that; neighbours are one string."""
    field, around, left = "", "", limits.protobuf_fields
    parts: list[bytes] = []
    for match in _TOKEN.finditer(data):
        left -= 1
        if left < 0:
            raise TooManyTokens(f"more than {limits.protobuf_fields} tokens", offset=match.start())
        if (text := match["text"]) is not None:
            parts.append(_ESCAPE.sub(_unescaped, text[1:-1]))
            continue
        if parts and match.lastgroup is not None:
            yield (around, field), b"".join(parts).decode("utf-8", "replace")
            parts = []
        if (word := match["word"]) is not None:
            field = word.decode("ascii")
        elif match["sign"] in {b"{", b"<"}:
            around = field
    if parts:
        yield (around, field), b"".join(parts).decode("utf-8", "replace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match[1] is not None:
        return bytes((int(match[1], 16),))
    if match[2] is not None:
        return bytes((int(match[2], 8) & 0xFF,))
    return _SIMPLE.get(match[3], match[3])
