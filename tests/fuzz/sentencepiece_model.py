"""Any bytes give a SentencePiece model or a FormatError.

The invariant holds within the limits and under the seal.
A vocabulary that we accept has one piece for the unknown, and its types add up to its pieces.
"""

from __future__ import annotations

from safeload.errors import FormatError
from safeload.formats.sentencepiece import SentencePieceModel, parse_sentencepiece
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.protobuf import block, fixed32
from tests.forge.sentencepiece import charsmap, normalizer, piece, small_model, vocabulary

HEAD = 16
"""Bytes of the first fields: what breaks there is no file of this kind."""
LIMITS = replace(DEFAULT_LIMITS, protobuf_fields=20_000, vocab_entries=5_000)


def seeds() -> list[bytes]:
    """Whole models, pieces in another layout, tables."""
    swapped = block(1, fixed32(2, 1.0) + block(1, "turned"))
    return [
        small_model(),
        vocabulary(swapped),
        vocabulary(piece("x" * 200)),
        vocabulary() + normalizer(charsmap([0x400, 0x80000001])) + normalizer(b"", field=5),
    ]


def read(data: bytes) -> object:
    """The model, or the error that is allowed."""
    try:
        return parse_sentencepiece(BytesView(data), LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a model."""
    if isinstance(result, SentencePieceModel):
        assert result.types[2] == 1
        assert sum(result.types.values()) == result.pieces <= len(data)
        assert len(result.scores) == len(result.kinds) == result.pieces
        assert len(result.charsmap) <= len(data)


def deep(result: object) -> bool:
    """Whether it got past the first fields."""
    return not isinstance(result, FormatError) or (result.offset or HEAD) >= HEAD
