"""SentencePiece models: pieces with scores and types, and a table that normalises text.

Implements https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto. Guarantees for a
record: each piece is a text that is not empty, stands once and has a type of the list; exactly one stands
for the unknown; the normalisation table is a double array in which no path leads behind its end, and no
value behind the texts that it points into. Readers of the table follow its numbers without looking
(CVE-2026-1260 is what came of that), so it is checked number by number.

Of the training settings a loaded model needs six: which kind it is, whether bytes stand for what is unknown,
and the numbers and names of the unknown and of both ends of a text. The others are walked and not kept.
"""

from __future__ import annotations

import struct
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.protobuf import (
    BYTES,
    F32,
    INT,
    SKIP,
    TEXT,
    FieldPastEnd,
    VarintTooLong,
    integer,
    text,
    walk,
)
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import View
    from safeload.formats.protobuf import Schema
    from safeload.limits import Limits

_TRAINER = {
    **dict.fromkeys(
        (3, 4, 5, 6, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 32, 33, 34, 35, 40, 41, 42,
        43,
         49, 50, 52, 55),
        INT,
    ),
    **dict.fromkeys((10, 15, 51), F32),
    **dict.fromkeys((1, 2, 5, 7, 30, 31, 36, 44, 48, 53, 54), SKIP),
    **dict.fromkeys((45, 46, 47), TEXT),
}  # fmt: skip
_SCHEMA: Schema = MappingProxyType(
    {
        "ModelProto": {
            1: ("pieces", "SentencePiece*"), 2: ("trainer_spec", "TrainerSpec"),
            3: ("normalizer_spec", "NormalizerSpec"), 4: ("self_test_data", SKIP),
            5: ("denormalizer_spec", "NormalizerSpec"),
        },
        "SentencePiece": {1: ("piece", TEXT), 2: ("score", F32), 3: ("type", INT)},
        "TrainerSpec": {number: (f"field_{number}", kind) for number, kind in _TRAINER.items()},
        "NormalizerSpec": {
            1: ("name", TEXT), 2: ("precompiled_charsmap", BYTES), 3: ("add_dummy_prefix", INT),
            4: ("remove_extra_whitespaces", INT), 5: ("escape_whitespaces", INT),
            6: ("normalization_rule_tsv", SKIP),
        },
    }
)  # fmt: skip
_NORMAL, _UNKNOWN, _BYTE = 1, 2, 6
_UNIT_BLOCK = 256
"""Units of a double array come in blocks of one per byte."""


UNIGRAM, BPE, WORD, CHAR = 1, 2, 3, 4
"""Kinds of models."""
CONTROL, USER_DEFINED = 3, 4
"""Types of pieces that are tokens of their own: marks, and what the trainer was told to keep whole."""


class TrainedWith(NamedTuple):
    """The training settings that a loaded model needs, with the defaults of the format."""

    kind: int = UNIGRAM
    byte_fallback: bool = False
    unk_id: int = 0
    bos_id: int = 1
    eos_id: int = 2
    """Numbers of pieces; -1 stands for none."""
    unk_piece: str = "<unk>"
    bos_piece: str = "<s>"
    eos_piece: str = "</s>"


class ModelTooLarge(LimitExceeded):
    """A model longer than the budget."""


class TooManyPieces(LimitExceeded):
    """More pieces than the budget."""


class PieceTooLong(LimitExceeded):
    """A piece longer than the budget."""


class BadPiece(FormatError):
    """A piece that is empty, stands twice or has no type of the list."""


class NotOneUnknown(FormatError):
    """A vocabulary with no piece for the unknown, or with several."""


class BadNormalizer(FormatError):
    """A normalisation table whose parts do not fit, or that leads out of itself."""


class UnlistedField(FormatError):
    """A field that the schema here lacks."""


@record
class SentencePieceModel:
    """A vocabulary."""

    texts: tuple[str, ...]
    """The pieces, by id."""
    scores: tuple[float, ...]
    kinds: bytes
    """Type number of each piece."""
    types: Mapping[int, int]
    """Type number to how many pieces have it."""
    charsmap: bytes
    """The normalisation table, or nothing."""
    settings: TrainedWith

    @property
    def pieces(self) -> int:
        """How many there are."""
        return len(self.texts)


def parse_sentencepiece(view: View, limits: Limits) -> SentencePieceModel:
    """Read a model.

    Raises:
        FormatError: one subclass per way to be wrong.
        LimitExceeded: a budget does not hold.
    """
    if view.size > limits.sentencepiece_bytes:
        raise ModelTooLarge(f"{view.size} bytes, more than {limits.sentencepiece_bytes}")
    vocabulary = _Vocabulary(limits)
    data = view.read(0, view.size)
    unknown: str | None = None
    once: set[str] = set()
    position = 0
    charsmap = b""
    settings = TrainedWith()
    while position < len(data):
        if data[position] == 0x0A and (ends := vocabulary.plain(data, position)):
            position = ends
            continue
        start, stop = _extent(data, position)
        if data[position] == 0x0A:
            piece = walk(view, _SCHEMA, "SentencePiece", limits, {}, (start, stop - start))
            vocabulary.add(
                text(piece.values, "piece").encode(),
                integer(piece.values, "type") or _NORMAL,
                integer(piece.values, "score").to_bytes(4, "little"),
                position,
            )
            unknown = unknown or piece.unknown
        else:
            walked = walk(view, _SCHEMA, "ModelProto", limits, {}, (position, stop - position))
            unknown = unknown or walked.unknown
            if once & walked.values.keys():
                raise BadNormalizer("a specification stands twice", offset=position)
            once |= walked.values.keys()
            for name, spec in walked.values.items():
                if not isinstance(spec, dict):
                    continue
                if name == "trainer_spec":
                    settings = _trained_with(spec)
                if isinstance(place := spec.get("precompiled_charsmap"), tuple):
                    table = data[place[0] : place[0] + place[1]]
                    _check_charsmap(table, place[0])
                    charsmap = table if name == "normalizer_spec" else charsmap
        position = stop
    if vocabulary.types.get(_UNKNOWN) != 1:
        raise NotOneUnknown(f"{vocabulary.types.get(_UNKNOWN, 0)} pieces stand for the unknown")
    if unknown is not None:
        raise UnlistedField(f"{unknown} is none that this version reads")
    return SentencePieceModel(
        texts=tuple(vocabulary.texts),
        scores=struct.unpack(f"<{len(vocabulary.texts)}f", vocabulary.scores),
        kinds=bytes(vocabulary.kinds),
        types=MappingProxyType(vocabulary.types),
        charsmap=charsmap,
        settings=settings,
    )


def _trained_with(spec: Mapping[str, object]) -> TrainedWith:
    usual = TrainedWith()

    def number(field: int, otherwise: int) -> int:
        name = f"field_{field}"
        return _signed(integer(spec, name)) if name in spec else otherwise

    def name(field: int, otherwise: str) -> str:
        return text(spec, f"field_{field}") if f"field_{field}" in spec else otherwise

    return TrainedWith(
        kind=number(3, usual.kind),
        byte_fallback=bool(number(35, 0)),
        unk_id=number(40, usual.unk_id),
        bos_id=number(41, usual.bos_id),
        eos_id=number(42, usual.eos_id),
        unk_piece=name(45, usual.unk_piece),
        bos_piece=name(46, usual.bos_piece),
        eos_piece=name(47, usual.eos_piece),
    )


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


class _Vocabulary:
    def __init__(self, limits: Limits) -> None:
        self._most = limits.vocab_entries
        self._longest = limits.sentencepiece_piece_bytes
        self.seen: set[bytes] = set()
        self.texts: list[str] = []
        self.scores = bytearray()
        self.kinds = bytearray()
        self.types: dict[int, int] = {}

    def plain(self, data: bytes, at: int) -> int:
        """Take a piece as every writer lays it out: text, score, type. 0 where it is another layout."""
        head = data[at + 1 : at + 4]
        if len(head) < 3 or head[0] >= 0x80 or head[1] != 0x0A or head[2] >= 0x80:
            return 0
        end, middle = at + 2 + head[0], at + 4 + head[2]
        tail = data[middle:end]
        kind = _NORMAL
        if len(tail) == 7 and tail[5] == 0x18 and tail[6] < 0x80:
            kind = tail[6]
        elif len(tail) != 5:
            return 0
        if tail[0] != 0x15 or end > len(data):
            return 0
        self.add(data[at + 4 : middle], kind, tail[1:5], at)
        return end

    def add(self, piece: bytes, kind: int, score: bytes, at: int) -> None:
        """Check one piece."""
        if not piece or piece in self.seen or not _NORMAL <= kind <= _BYTE:
            raise BadPiece("a piece is empty, stands twice or has no type of the list", offset=at)
        if len(piece) > self._longest:
            raise PieceTooLong(f"a piece of {len(piece)} bytes", offset=at)
        try:
            self.texts.append(piece.decode("utf-8"))
        except UnicodeDecodeError:
            raise BadPiece("a piece is no UTF-8", offset=at) from None
        self.seen.add(piece)
        if len(self.seen) > self._most:
            raise TooManyPieces(f"more than {self._most} pieces", offset=at)
        self.types[kind] = self.types.get(kind, 0) + 1
        self.scores += score
        self.kinds.append(kind)


def _extent(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of a field starts and ends, if it has a length; else where the walk may find out."""
    if data[at] & 7 != 2:
        return at, len(data)
    length = shift = 0
    for index in range(at + 1, min(at + 11, len(data))):
        length |= (data[index] & 0x7F) << shift
        shift += 7
        if data[index] < 0x80:
            stop = index + 1 + length
            if stop > len(data):
                raise FieldPastEnd("a field ends behind the file", offset=at)
            return index + 1, stop
    raise VarintTooLong("a length has more than ten bytes, or ends with the file", offset=at)


def _check_charsmap(blob: bytes, start: int) -> None:
    """Raise unless every path and every value of the double array stays inside the table."""
    if not blob:
        return
    size = int.from_bytes(blob[:4], "little")
    if len(blob) < 4 or size % 4 or size // 4 % _UNIT_BLOCK or not size or 4 + size >= len(blob):
        raise BadNormalizer("the parts of the normalisation table do not fit", offset=start)
    count = size // 4
    texts = len(blob) - 4 - size
    if blob[-1]:
        raise BadNormalizer("the last text of the normalisation table has no end", offset=start)
    for at, (unit,) in enumerate(struct.iter_unpack("<I", memoryview(blob)[4 : 4 + size])):
        if unit >> 31:
            if unit & 0x7FFFFFFF >= texts:
                raise BadNormalizer("a value leads behind the texts", offset=start + 4 + 4 * at)
        elif (at ^ ((unit >> 10) << ((unit & 0x200) >> 6))) | 0xFF >= count:
            raise BadNormalizer("a path leads behind the table", offset=start + 4 + 4 * at)
