"""formats.sentencepiece: pieces once each, one for the unknown, and a table that stays inside itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError, LimitExceeded
from safeload.formats import protobuf, sentencepiece
from safeload.formats.sentencepiece import SentencePieceModel, parse_sentencepiece
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.record import replace
from tests.forge.protobuf import block, fixed32, number
from tests.forge.sentencepiece import BYTE, UNKNOWN, charsmap, normalizer, piece, small_model, vocabulary


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> SentencePieceModel:
    return parse_sentencepiece(BytesView(data), limits)


def test_an_honest_model() -> None:
    """Pieces by type, and the length of the table."""
    record = parse(small_model())
    assert (record.pieces, dict(record.types)) == (5, {2: 1, 3: 1, 1: 2, 6: 1})
    assert record.charsmap == charsmap()
    assert record.texts == ("<unk>", "<s>", "\u2581a", "é", "<0x0A>")
    assert record.scores == (0, 0, -1.5, -2, 0)
    assert list(record.kinds) == [2, 3, 1, 1, 6]


def test_training_settings() -> None:
    """Those that a loaded model needs, and the format's own defaults for the others."""
    assert parse(vocabulary()).settings == sentencepiece.TrainedWith()
    spec = number(3, 2) + number(35, 1) + number(40, 3) + number(41, (1 << 64) - 1) + block(45, "[UNK]")
    assert parse(vocabulary() + block(2, spec)).settings == sentencepiece.TrainedWith(
        kind=sentencepiece.BPE, byte_fallback=True, unk_id=3, bos_id=-1, unk_piece="[UNK]"
    )


def test_pieces_in_another_layout() -> None:
    """Fields in another order, long pieces and two-byte lengths are the same pieces."""
    turned = block(1, number(3, BYTE) + fixed32(2, 1) + block(1, "turned"))
    record = parse(vocabulary(turned, piece("x" * 300), block(1, block(1, "no score"))))
    assert (record.pieces, record.types[BYTE]) == (6, 1)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (vocabulary(piece("")), sentencepiece.BadPiece),
        (vocabulary(piece("▁a")), sentencepiece.BadPiece),
        (vocabulary(piece("x", 0, 7)), sentencepiece.BadPiece),
        (vocabulary(piece(b"\xff")), sentencepiece.BadPiece),
        (vocabulary(block(1, number(3, 9) + block(1, "x"))), sentencepiece.BadPiece),
        (vocabulary(block(1, fixed32(2, 1))), sentencepiece.BadPiece),
        (piece("a"), sentencepiece.NotOneUnknown),
        (vocabulary(piece("b", 0, UNKNOWN)), sentencepiece.NotOneUnknown),
        (b"", sentencepiece.NotOneUnknown),
        (vocabulary() + normalizer(b"\x01"), sentencepiece.BadNormalizer),
        (vocabulary() + normalizer(charsmap(size=1 << 20)), sentencepiece.BadNormalizer),
        (vocabulary() + normalizer(charsmap(size=1020)), sentencepiece.BadNormalizer),
        (vocabulary() + normalizer(charsmap(texts=b"")), sentencepiece.BadNormalizer),
        (vocabulary() + normalizer(charsmap(texts=b"a")), sentencepiece.BadNormalizer),
        (vocabulary() + normalizer(b"") * 2, sentencepiece.BadNormalizer),
        (vocabulary() + block(9, b""), sentencepiece.UnlistedField),
        (vocabulary(block(1, block(1, "x") + number(9, 1))), sentencepiece.UnlistedField),
        (vocabulary() + b"\x0a\x05a", protobuf.FieldPastEnd),
        (vocabulary() + b"\x0a", protobuf.VarintTooLong),
        (vocabulary() + b"\x0a" + b"\x80" * 11, protobuf.VarintTooLong),
        (vocabulary() + b"\x08\x01", protobuf.WrongWireType),
    ],
)
def test_each_way_to_be_wrong(data: bytes, error: type[FormatError]) -> None:
    """Models with one thing wrong."""
    with pytest.raises(FormatError) as caught:
        parse(data)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "limits", [{"sentencepiece_bytes": 8}, {"vocab_entries": 2}, {"sentencepiece_piece_bytes": 5}]
)
def test_each_budget(limits: dict[str, int]) -> None:
    """One byte or piece more than a budget allows."""
    with pytest.raises(LimitExceeded):
        parse(small_model(), replace(DEFAULT_LIMITS, **limits))


@given(st.lists(st.text(min_size=1, max_size=50), unique=True, max_size=30), st.integers(0, 400))
@settings(max_examples=80, deadline=None)
def test_what_is_built_is_read(texts: list[str], cut: int) -> None:
    """Any pieces come back as they were counted; a part of the file is read or is a FormatError."""
    known = {"<unk>", "<s>", "▁a"}
    data = vocabulary(*[piece(text) for text in texts if text not in known and text.isprintable()])
    assert parse(data).pieces == 3 + sum(text not in known and text.isprintable() for text in texts)
    try:
        parse(data[:cut])
    except FormatError:
        return
