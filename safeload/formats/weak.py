"""Names for bytes without magic: formats that are told by walking their first fields.

Asked only for a file that nothing else explains. Each walk looks as deep as it takes to be wrong in fewer
than one of ten thousand files of random bytes or of raw tensors: tags with their wire types, texts that are
texts, lengths that fit into the file, and for small files that the walk ends where they end.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from safeload.formats.pickle_probe import looks_like_pickle
from safeload.formats.view import BytesView
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import View

_HEAD = 64
_SHOWN_TEXT = 256
_TOP_FIELDS = 64
_DEEP_FIELDS = 8
_ONNX_IR_VERSIONS = 64
_COREML_VERSIONS = 32
_FINGERPRINT_BYTES = 512
_MSGPACK_ITEMS = 64
_PLAIN_BYTES = 12
_ZLIB_HEADS = frozenset({b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"})
_ZLIB_TRIED = 4_096
_ZLIB_SHOWN = 1 << 16
_ZLIB_ENOUGH = 64
_ZFILE_HEADS = (21, 22)
"""Bytes in front of the data: `ZF`, and a length that joblib writes in 19 characters, or in 20."""
_INDEX_MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
_INDEX_FOOTER = 48
_NODE_NAME = re.compile(rb"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*\Z")
_OP_NAME = re.compile(rb"[A-Z_][A-Za-z0-9_>]*\Z")
_ONNX_WIRE = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
_ONNX_TEXTS = frozenset({2, 3, 4})
_ONNX_GRAPH = frozenset({1, 2, 5, 10, 11, 12, 13, 14, 15, 16})
_COREML_KINDS = frozenset(
    {200, 201, 202, *range(300, 305), *range(400, 405), 500, 501, 502, 555, 556, 560, 600, 601, 602, 603, 604,
     606, 607, 609, 610, 900, *range(2000, 2007), 3000}
)  # fmt: skip


@record(kw_only=False)
class Field:
    """One field of a message, whose content may lie behind the bytes at hand."""

    number: int
    wire: int
    value: int
    """The number, or the length."""
    content: bytes
    """The first bytes of the content."""


def weak_format(view: View, head: bytes) -> str | None:
    """The format that the first fields make, or None.

    Args:
        view: the file.
        head: its first bytes.
    """
    size = view.size
    if not head:
        return None
    first = head[0]
    if first == 0x78 and _is_zlib(head):
        return "zlib"
    if (0x81 <= first <= 0x8F or first in {0xDE, 0xDF}) and _is_msgpack(head, size):
        return "msgpack"
    if size >= _INDEX_FOOTER and view.read(size - 8, 8) == _INDEX_MAGIC:
        return "tf-checkpoint-index"
    if head[2:4] == b"\0\0" and head[5:8] == b"\0\0\0" and _is_imatrix(view):
        return "imatrix"
    if (0x80 <= first <= 0x9F or 0xDC <= first <= 0xDF) and _is_plain_msgpack(view):
        return "msgpack"
    if first & 7 in {0, 2} and (first >> 3 or first >= 0x80):
        return _protobuf_format(view, size)
    return None


def _protobuf_format(view: View, size: int) -> str | None:
    fields, whole = _top(view, size)
    if not fields:
        return None
    numbers = {field.number for field in fields}
    first = fields[0]
    if first.wire == 2 and first.number == 1:
        return _repeated(fields, numbers, whole=whole)
    if _is_fingerprint(fields, size, whole=whole):
        return "tf-fingerprint"
    if numbers <= {1, 2} and first.number == 1 and first.value == 1 and _is_saved_model(fields):
        return "saved-model"
    if _is_onnx(fields, numbers, whole=whole):
        return "onnx"
    if _is_coreml(fields, numbers):
        return "coreml"
    return None


def _repeated(fields: list[Field], numbers: set[int], *, whole: bool) -> str | None:
    """Formats that begin with a message of many."""
    first = fields[0]
    if first.value <= len(first.content) and all(
        _is_piece(field) for field in fields[:_DEEP_FIELDS] if field.number == 1
    ):
        return "sentencepiece" if numbers <= {1, 2, 3, 4, 5} and _many(fields, whole=whole) else None
    if numbers <= {1, 2, 3, 4, 5} and _is_node(first):
        return "tf-graph"
    graphs = [field for field in fields if field.number == 2]
    if numbers <= {1, 2, 3, 4, 5, 6, 7} and len(graphs) == 1 and _holds_node(graphs[0]):
        return "tf-meta-graph"
    if numbers == {1} and _is_keras_object(first):
        return "keras-metadata"
    if (
        first.content.startswith((b"\x08\x00\x10\xff\xff\xff\xff", b"\x08\x00\x10\x00\x1a"))
        and first.value > 16
    ):
        return "paddle-program"
    return None


def _many(fields: list[Field], *, whole: bool) -> bool:
    """Whether enough was seen: the whole file, or several fields."""
    return whole or len(fields) >= _DEEP_FIELDS


def _top(view: View, size: int) -> tuple[list[Field], bool]:
    """The first fields of the file, and whether they are all of it. Nothing where it cannot be a message."""
    found: list[Field] = []
    position = 0
    while position < size and len(found) < _TOP_FIELDS:
        piece = view.read(position, min(_HEAD + _SHOWN_TEXT, size - position))
        field, used = _field(piece)
        if field is None:
            return [], False
        ends = position + used + (field.value if field.wire == 2 else 0)
        if ends > size:
            # a file that was cut short still shows what it is, but not from one field alone
            return (found, False) if len(found) > 2 else ([], False)
        found.append(field)
        position = ends
    return found, position == size


def _field(piece: bytes) -> tuple[Field | None, int]:
    """The field at the start, and how many bytes its tag and number take."""
    tag, at = _number(piece, 0)
    if at == 0 or not tag >> 3 or tag >> 32:
        return None, 0
    wire = tag & 7
    if wire in {1, 5}:
        width = 8 if wire == 1 else 4
        return (Field(tag >> 3, wire, 0, b""), at + width) if at + width <= len(piece) else (None, 0)
    if wire not in {0, 2}:
        return None, 0
    value, end = _number(piece, at)
    if end == 0:
        return None, 0
    content = piece[end : end + min(value, _SHOWN_TEXT)] if wire == 2 else b""
    return Field(tag >> 3, wire, value, content), end


def _number(piece: bytes, at: int) -> tuple[int, int]:
    """A varint and where it ends, or 0 for a place that is none."""
    value = 0
    for index in range(10):
        if at + index >= len(piece):
            return 0, 0
        byte = piece[at + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    return 0, 0


def _inner(content: bytes) -> Iterator[Field]:
    """Fields of a message of which the first bytes are at hand; the last one may be cut short."""
    position = 0
    while position < len(content):
        field, used = _field(content[position:])
        if field is None:
            return
        yield field
        position += used + (field.value if field.wire == 2 else 0)


def _is_plain(content: bytes) -> bool:
    """Whether some bytes are the start of a text of one line."""
    try:
        return content.decode("utf-8").isprintable()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and content[: error.start].decode().isprintable()


def _is_onnx(fields: list[Field], numbers: set[int], *, whole: bool) -> bool:
    if not all(_ONNX_WIRE.get(field.number) == field.wire for field in fields):
        return False
    versions = [field.value for field in fields if field.number == 1]
    if len(versions) != 1 or not 0 < versions[0] < _ONNX_IR_VERSIONS or not numbers & {2, 7, 8}:
        return False
    for field in fields:
        if field.number in _ONNX_TEXTS and not _is_plain(field.content):
            return False
        if field.number == 7 and not _starts_with(field, _ONNX_GRAPH):
            return False
        if field.number == 8 and not _starts_with(field, {1, 2}):
            return False
    return whole or 7 in numbers or len(fields) > 2 or any(len(field.content) > 4 for field in fields)


def _starts_with(field: Field, numbers: frozenset[int] | set[int]) -> bool:
    """Whether a message is empty or begins with one of some fields."""
    first = next(_inner(field.content), None)
    return field.value == 0 or (first is not None and first.number in numbers)


def _is_saved_model(fields: list[Field]) -> bool:
    """A version, and graphs that hold a description or nodes."""
    graphs = [field for field in fields if field.number == 2]
    return bool(graphs) and all(
        field.wire == 2 and field.value > 2 and _starts_with(field, set(range(1, 8))) for field in graphs
    )


def _is_coreml(fields: list[Field], numbers: set[int]) -> bool:
    first = fields[0]
    return (
        (first.number, first.wire) == (1, 0)
        and 0 < first.value < _COREML_VERSIONS
        and bool(numbers & _COREML_KINDS)
        and numbers <= {1, 2, 10} | _COREML_KINDS
        and all(field.wire == 2 for field in fields if field.number not in {1, 10})
    )


def _is_fingerprint(fields: list[Field], size: int, *, whole: bool) -> bool:
    """Sums of a saved model, its version and a name: nothing else, and short."""
    return (
        whole
        and size <= _FINGERPRINT_BYTES
        and len(fields) >= 4
        and all((field.wire == 0) == (field.number < 6) and field.number < 8 for field in fields)
        and sum(field.value >> 32 > 0 for field in fields if field.wire == 0) >= 2
    )


def _is_piece(field: Field) -> bool:
    """A text with a score, and perhaps a type."""
    if field.wire != 2 or field.value > len(field.content):
        # of a long one, only the beginning is at hand
        return field.wire == 2 and field.content[:1] == b"\x0a" and field.value < 1 << 24
    inner = list(_inner(field.content))
    kinds = [(item.number, item.wire) for item in inner]
    return (
        kinds in ([(1, 2), (2, 5)], [(1, 2), (2, 5), (3, 0)])
        and inner[0].value == len(inner[0].content) > 0
        and _is_utf8(inner[0].content)
        and (len(inner) < 3 or 0 < inner[2].value < 7)
    )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_node(field: Field) -> bool:
    """A node of a TensorFlow graph: a name and an operator."""
    if field.wire != 2 or field.value < 4:
        return False
    inner = list(_inner(field.content))
    return (
        len(inner) > 1
        and [(item.number, item.wire) for item in inner[:2]] == [(1, 2), (2, 2)]
        and _NODE_NAME.match(inner[0].content) is not None
        and _OP_NAME.match(inner[1].content) is not None
    )


def _is_keras_object(field: Field) -> bool:
    """An object that Keras described: where it is, and which kind of Keras' own."""
    inner = {item.number: item for item in _inner(field.content)}
    return inner.keys() <= {2, 3, 4, 5, 6} and 4 in inner and inner[4].content.startswith(b"_tf_keras_")


def _holds_node(field: Field) -> bool:
    """A graph whose first field is a node, or a version."""
    first = next(_inner(field.content), None)
    return first is not None and first.number == 1 and _is_node(first)


def _is_zlib(head: bytes) -> bool:
    return _inflated(head) is not None


def _inflated(head: bytes) -> bytes | None:
    """What the first bytes are compressed from, where zlib takes them."""
    if head[:2] not in _ZLIB_HEADS:
        return None
    try:
        return zlib.decompressobj().decompress(head[:_ZLIB_TRIED], _ZLIB_SHOWN)
    except zlib.error:
        return None


def hides_zlib(head: bytes) -> bool:
    """Whether a file that is something else, text even, is one that joblib would inflate and unpickle.

    joblib looks at the first bytes only: `x`, or `ZF` with a length in its old format. Text may begin like
    that (`x^2`), so what comes out has to be long, or a pickle.
    """
    if head[:2] == b"ZF":
        return any(_inflated(head[at:]) is not None for at in _ZFILE_HEADS)
    found = _inflated(head)
    if found is None:
        return False
    if len(found) >= _ZLIB_ENOUGH or len(head) >= _ZLIB_TRIED:
        return True
    return looks_like_pickle(BytesView(found), text=False)


def _is_msgpack(head: bytes, size: int) -> bool:
    """A map with texts for keys, as far as it can be seen, and to the end of the file where that is near."""
    at, texts = 0, 0
    pending: list[list[int]] = []
    for _ in range(_MSGPACK_ITEMS):
        if at >= len(head):
            return texts > 0
        if pending:
            # of a map, every other item is a key
            pending[-1][0] -= 1
            if pending[-1][1] and pending[-1][0] % 2:
                key = _msgpack_text(head, at)
                if key is None:
                    return False
                texts += 1
        item = _msgpack_item(head, at)
        if item is None:
            return False
        step, items, is_map = item
        if at + step > size:
            return False
        at += step
        if items:
            pending.append([items, is_map])
        while pending and not pending[-1][0]:
            pending.pop()
        if not pending:
            return at == size and texts > 0
    return True


def _is_imatrix(view: View) -> bool:
    from safeload.formats.imatrix import is_imatrix  # one file in many gets here

    return is_imatrix(view)


def _is_plain_msgpack(view: View) -> bool:
    """One value of any program's from the first byte of the file to the last, in maps or lists.

    Of a few bytes that says nothing, but for an empty map, which is how spaCy keeps no tables.
    """
    if view.size < _PLAIN_BYTES:
        return view.read(0, view.size) == b"\x80"
    # one file in many gets here
    from safeload.errors import FormatError, LimitExceeded
    from safeload.formats.msgpack_plain import walk_plain
    from safeload.limits import DEFAULT_LIMITS

    try:
        walk_plain(view, DEFAULT_LIMITS)
    except LimitExceeded:
        return True  # so far it is; the scanner says that it has no end
    except FormatError:
        return False
    return True


_MSGPACK_FIXED = {
    0xC0: 1, 0xC2: 1, 0xC3: 1, 0xCA: 5, 0xCB: 9, 0xCC: 2, 0xCD: 3, 0xCE: 5, 0xCF: 9, 0xD0: 2, 0xD1: 3, 0xD2:
    5,
    0xD3: 9, 0xD4: 3, 0xD5: 4, 0xD6: 6, 0xD7: 10, 0xD8: 18,
}  # fmt: skip
_MSGPACK_COUNTED = {
    0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1), 0xD9: (1, 0),
    0xDA: (2, 0), 0xDB: (4, 0),
}  # fmt: skip


def _msgpack_item(head: bytes, at: int) -> tuple[int, int, bool] | None:
    """How long an item is, how many items it holds behind itself, and whether it is a map."""
    code = head[at]
    if code < 0x80 or code >= 0xE0:
        return 1, 0, False
    if code < 0x90:
        return 1, 2 * (code & 15), True
    if code < 0xA0:
        return 1, code & 15, False
    if code < 0xC0:
        return 1 + (code & 31), 0, False
    if code in _MSGPACK_FIXED:
        return _MSGPACK_FIXED[code], 0, False
    if code in _MSGPACK_COUNTED:
        width, more = _MSGPACK_COUNTED[code]
        return 1 + width + more + int.from_bytes(head[at + 1 : at + 1 + width], "big"), 0, False
    if code == 0xC1:
        return None
    width = 2 if code in {0xDC, 0xDE} else 4
    count = int.from_bytes(head[at + 1 : at + 1 + width], "big")
    return 1 + width, count * (2 if code >= 0xDE else 1), code >= 0xDE


def _msgpack_text(head: bytes, at: int) -> bytes | None:
    """The text at `at`, as far as it can be seen, or None where there is none."""
    code = head[at]
    if 0xA0 <= code < 0xC0:
        data = head[at + 1 : at + 1 + (code & 31)]
    elif 0xD9 <= code <= 0xDB:
        width = 1 << code - 0xD9
        data = head[at + 1 + width : at + 1 + width + int.from_bytes(head[at + 1 : at + 1 + width], "big")]
    else:
        return None
    return data if _is_plain(data) else None
