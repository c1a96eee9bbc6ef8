"""A judged sentencepiece model as the vocabulary of a tokenizer, where a checkpoint has no tokenizer.json.

The conversion is that of transformers 5.23: pieces in the order in which each class wants them, merges of a
BPE model put together from its pieces, marks and user-defined pieces as tokens of their own. No
sentencepiece library is involved; the pieces, scores and table are those of the record.
"""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

from tokenizers import AddedToken

from safeload.errors import UsageError
from safeload.formats.sentencepiece import CONTROL, UNIGRAM, USER_DEFINED
from safeload.preprocessing.recipe_parts import MARK, Recipe, part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from safeload.formats.sentencepiece import SentencePieceModel
    from safeload.formats.tokenizer_classes import TokenizerClass
    from safeload.preprocessing.recipe_parts import Part
    from safeload.preprocessing.settings import Settings

    Scored = list[tuple[str, float]]

MOST_SLICED = 500_000_000
"""Characters that are copied to find the merges. 256,000 pieces of 16 characters need 65 million."""


def own_tokens(model: SentencePieceModel) -> tuple[AddedToken, ...]:
    """Marks, which are special, and pieces that the trainer was told to keep whole, which are not."""
    return tuple(
        AddedToken(text, normalized=False, special=kind == CONTROL)
        for text, kind in zip(model.texts, model.kinds, strict=True)
        if kind in {CONTROL, USER_DEFINED}
    )


def named_tokens(model: SentencePieceModel) -> dict[str, str]:
    """The marks that the model itself names, for the plain class."""
    known = model.settings
    marks = {
        "bos_token": (known.bos_id, known.bos_piece or "<s>"),
        "eos_token": (known.eos_id, known.eos_piece or "</s>"),
        "unk_token": (known.unk_id, known.unk_piece or "<unk>"),
    }
    return {name: text for name, (index, text) in marks.items() if index >= 0}


def charsmap_of(model: SentencePieceModel) -> Part | None:
    """The normaliser with the model's table."""
    if not model.charsmap:
        return None
    return part("Precompiled", precompiled_charsmap=base64.b64encode(model.charsmap).decode("ascii"))


def scored(known: TokenizerClass, model: SentencePieceModel, settings: Settings) -> Scored:
    """Pieces with scores, as a Unigram model of this class has them.

    Raises:
        UsageError: a score is no number.
    """
    if not all(map(math.isfinite, model.scores)):
        raise UsageError("a piece of the sentencepiece model has a score that is no number")
    found = list(zip(model.texts, model.scores, strict=True))
    order = _ORDERS.get(known.name)
    return found if order is None else order(found, settings)


def _xlm_roberta(found: Scored, settings: Settings) -> Scored:
    first = _texts(settings, "bos_token", "pad_token", "eos_token", "unk_token")
    return [*first, *found[3:], *_texts(settings, "mask_token")]


def _camembert(found: Scored, settings: Settings) -> Scored:
    [pad, unknown, mask] = _texts(settings, "pad_token", "unk_token", "mask_token")
    marks: Scored = [("<s>NOTUSED", 0.0), pad, ("</s>NOTUSED", 0.0), unknown, ("<unk>NOTUSED", -100.0)]
    return [*marks, *found[1:], mask]


def _t5(found: Scored, settings: Settings) -> Scored:
    sentinels = [str(token) for token in settings.extra if str(token).startswith("<extra_id_")]
    return [*found, *((text, 0.0) for text in reversed(sentinels))]


def _texts(settings: Settings, *names: str) -> Scored:
    return [(str(settings.special[name]), 0.0) for name in names]


_ORDERS: Mapping[str, Callable[[Scored, Settings], Scored]] = {
    "XLMRobertaTokenizer": _xlm_roberta,
    "CamembertTokenizer": _camembert,
    "T5Tokenizer": _t5,
}


def ids(model: SentencePieceModel) -> dict[str, int]:
    """Piece to id."""
    return {text: index for index, text in enumerate(model.texts)}


def merges(vocab: Mapping[str, int]) -> list[tuple[str, str]]:
    """The pairs of pieces that make a piece: by the id of what they make, the shortest first part first.

    Raises:
        UsageError: the pieces are so long that this would take very long.
    """
    if sum(len(text) ** 2 for text in vocab) > MOST_SLICED:
        raise UsageError("the pieces of the sentencepiece model are too long for a BPE model")
    return [
        (text[:cut], text[cut:])
        for text in vocab
        for cut in range(1, len(text))
        if text[:cut] in vocab and text[cut:] in vocab
    ]


def plain_recipe(model: SentencePieceModel) -> Recipe:
    """What the plain class makes of a model: spaces as marks, and nothing before or behind."""
    normalizers = [charsmap_of(model), part("Replace", pattern={"String": " "}, content=MARK)]
    decoders = [part("Replace", pattern={"String": MARK}, content=" ")]
    known = model.settings
    if known.byte_fallback:
        decoders += [part("ByteFallback"), part("Fuse")]
    options: dict[str, Any] = {"byte_fallback": known.byte_fallback}
    if known.kind == UNIGRAM:
        options["unk_id"] = known.unk_id
    else:
        options.update(unk_token=known.unk_piece, fuse_unk=True)
    return Recipe(
        "Unigram" if known.kind == UNIGRAM else "BPE", options,
        part("Sequence", normalizers=[item for item in normalizers if item is not None]), None,
        part("Sequence", decoders=decoders),
    )  # fmt: skip


def renamed(vocab: dict[str, int], added: Sequence[tuple[int, str]]) -> dict[str, int]:
    """The vocabulary with placeholders called as the configuration calls them."""
    by_id = {index: text for text, index in vocab.items()}
    for index, text in added:
        placeholder = by_id.get(index)
        if placeholder and placeholder != text and text not in vocab:
            vocab[text] = vocab.pop(placeholder)
            by_id[index] = text
    return vocab
