"""The tokenizer of LayoutLMv2: words, boxes and labels as transformers 5.23 gives them."""

from __future__ import annotations

import random
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from safeload import AutoTokenizer
from safeload.errors import UsageError
from tests.forge.tokenizers import bert_folder, texts, write_json
from tests.parity.test_tokenizer_kinds import Both, both, described

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [words for text in texts(1000) if (words := text.split())]
RANDOM = random.Random(3)
BOXES = [[[RANDOM.randrange(1001) for _ in range(4)] for _ in page] for page in PAGES]
LABELS = [[RANDOM.randrange(7) for _ in page] for page in PAGES]
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {"tokenizer_class": "LayoutLMv2Tokenizer"},
    "cased": {"tokenizer_class": "LayoutLMv2TokenizerFast", "do_lower_case": False, "padding_side": "left",
              "only_label_first_subword": False, "pad_token_label": -1, "sep_token_box": [9, 9, 9, 9],
              "pad_token_box": [1, 2, 3, 4], "model_max_length": 30},
}  # fmt: skip


@pytest.fixture(scope="module", params=VARIANTS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = bert_folder(tmp_path_factory.mktemp("boxes"), settings=VARIANTS[request.param])
    write_json(folder, config={"model_type": "layoutlmv2"})
    return both(folder)


def same(pair: Both, *args: Any, **kwargs: Any) -> None:
    """One call gives the same values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = (side(*args, **kwargs) for side in pair)
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        plain = [side.tolist() if hasattr(side, "tolist") else side for side in (ours[key], value)]
        assert plain[0] == plain[1], key


def refused(pair: Both, *args: Any, **kwargs: Any) -> None:
    """One call is an error on both sides."""
    with pytest.raises((ValueError, TypeError)):
        pair.theirs(*args, **kwargs)
    with pytest.raises(ValueError, match=r"box|question|words"):
        pair.ours(*args, **kwargs)


def test_the_same_tokenizer_is_built(pair: Both) -> None:
    """Part by part, and with the same attributes."""
    assert described(pair.ours) == described(pair.theirs)
    for name in ("cls_token_box", "sep_token_box", "pad_token_box", "pad_token_label", "model_max_length",
                 "only_label_first_subword", "model_input_names", "special_tokens_map"):  # fmt: skip
        assert getattr(pair.ours, name) == getattr(pair.theirs, name), name


def test_a_thousand_pages(pair: Both) -> None:
    """Ids, masks, boxes and labels of each."""
    same(pair, PAGES, boxes=BOXES)
    same(
        pair, PAGES, boxes=BOXES, word_labels=LABELS, return_offsets_mapping=True, return_length=True,
        return_token_type_ids=True, return_special_tokens_mask=True,
    )  # fmt: skip


def test_questions(pair: Both) -> None:
    """A question before the words of each page."""
    questions = [" ".join(page[:3]) for page in PAGES[100:160]]
    same(pair, questions, PAGES[:60], BOXES[:60], padding=True, truncation=True, max_length=16)
    same(pair, questions[0], PAGES[5], boxes=BOXES[5], word_labels=LABELS[5])
    same(pair, questions[0], PAGES[5], boxes=BOXES[5], add_special_tokens=False)


def test_one_page(pair: Both) -> None:
    """Flat lists, or tensors with one row."""
    for kind in (None, "pt", "np"):
        same(pair, PAGES[7], boxes=BOXES[7], return_tensors=kind, word_labels=LABELS[7])
    same(pair, PAGES[7], boxes=BOXES[7], padding="max_length", max_length=20, return_tensors="pt")


def test_padding_and_overflow(pair: Both) -> None:
    """Boxes and labels go with their tokens."""
    same(
        pair, PAGES[:40], boxes=BOXES[:40], word_labels=LABELS[:40], truncation=True, padding="max_length",
        max_length=8, stride=2, return_overflowing_tokens=True, return_offsets_mapping=True,
        return_tensors="np",
    )  # fmt: skip
    for side in ("left", "right"):
        same(pair, PAGES[:9], boxes=BOXES[:9], padding=True, padding_side=side, pad_to_multiple_of=8)
        rows = [dict(pair.theirs(PAGES[i], boxes=BOXES[i], word_labels=LABELS[i])) for i in range(4)]
        ours = pair.ours.pad(rows, padding_side=side)
        theirs = pair.theirs.pad(rows, padding_side=side)
        assert dict(ours) == dict(theirs)
    assert pair.ours.tokenize("Hello hole", "a") == pair.theirs.tokenize("Hello hole", "a")


def test_what_does_not_match(pair: Both) -> None:
    """Words without boxes, more boxes than words, a text that is no list of words."""
    refused(pair, PAGES[0])
    refused(pair, PAGES[7], boxes=BOXES[7][:-1])
    refused(pair, PAGES[:3], boxes=BOXES[:2])
    refused(pair, "a hole", boxes=[[0, 0, 0, 0]])
    refused(pair, ["a", "b"], PAGES[:3], boxes=BOXES[:3])
    refused(pair, "a", "b", boxes=BOXES[0])


def test_saved_and_read_back(pair: Both, tmp_path: Path) -> None:
    """With its boxes and labels."""
    pair.ours.save_pretrained(tmp_path)
    again = both(tmp_path)
    same(again, PAGES[:30], boxes=BOXES[:30], word_labels=LABELS[:30])
    assert again.ours.sep_token_box == again.theirs.sep_token_box == pair.ours.sep_token_box


@pytest.mark.parametrize("wrong", [{"sep_token_box": [1]}, {"pad_token_label": "x"}, {"cls_token_box": 5}])
def test_wrong_settings(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """One line for each."""
    bert_folder(tmp_path, settings={**VARIANTS["plain"], **wrong})
    with pytest.raises(UsageError, match=r"box|label"):
        AutoTokenizer.from_pretrained(tmp_path)
