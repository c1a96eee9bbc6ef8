"""Text in, numbers out: each text encoder with its own tokenizer, against transformers 5.23 with its own."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

from tests.forge.tokenizer_kinds import KINDS, folder_of
from tests.forge.tokenizers import HOBBIT, bert_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytest.importorskip("torch")

TEXTS = [HOBBIT, "a hole <mask>", "", "Hello world, don't panic: naïve 中文"]
TOLERANCE = 1e-5
FAMILIES: dict[str, Callable[[Path], object]] = {
    "bert": lambda folder: bert_folder(folder, settings={"tokenizer_class": "BertTokenizer"}),
    "distilbert": lambda folder: bert_folder(folder, settings={"tokenizer_class": "DistilBertTokenizer"}),
    "electra": lambda folder: bert_folder(folder, settings={"tokenizer_class": "ElectraTokenizerFast"}),
    "mpnet": lambda folder: bert_folder(folder, settings={"tokenizer_class": "MPNetTokenizer"}),
    "roberta": lambda folder: folder_of(KINDS["roberta"], folder),
    "xlm-roberta": lambda folder: folder_of(KINDS["xlm-roberta"], folder),
    "camembert": lambda folder: folder_of(KINDS["camembert"], folder),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_with_its_tokenizer(tmp_path: Path, family: str) -> None:
    """The same padded batch, and the same hidden states and logits from it."""
    import torch
    import transformers

    import safeload
    from tests.forge.encoders import reference, save

    FAMILIES[family](tmp_path)
    size = len(transformers.AutoTokenizer.from_pretrained(tmp_path))
    model = reference(family, "AutoModelForMaskedLM", vocab_size=size, max_position_embeddings=80)
    save(model, tmp_path)
    results: list[tuple[dict[str, Any], Any]] = []
    for library in (safeload, transformers):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tokenizer = library.AutoTokenizer.from_pretrained(tmp_path)  # type: ignore[attr-defined]
            loaded = library.AutoModelForMaskedLM.from_pretrained(tmp_path)  # type: ignore[attr-defined]
        batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
        with torch.no_grad():
            results.append((dict(batch), loaded(**batch).logits))
    (ours, one), (theirs, other) = results
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert ours["attention_mask"].min() == 0
    assert (one - other).abs().max().item() <= TOLERANCE
