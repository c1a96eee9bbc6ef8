"""Calls that contradict themselves, and tokens as attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from safeload import AutoTokenizer
from tests.forge.tokenizers import MARKS, bert_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tokenizer(tmp_path: Path) -> Any:
    return AutoTokenizer.from_pretrained(bert_folder(tmp_path, settings={"tokenizer_class": "BertTokenizer"}))


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((), {}, "give a text"),
        ((5,), {}, "a text is a string"),
        (([5],), {}, "a text is a string"),
        (([[["a", 5], "x"], [[[[1]]]]],), {"is_split_into_words": True}, "refuses"),
        ((["a"], ["b", "c"]), {}, "1 texts, but 2"),
        (("a",), {"padding": "widest"}, "padding is 'widest'"),
        (("a",), {"truncation": "middle"}, "truncation is 'middle'"),
        (
            ("a",),
            {"padding": True, "truncation": True, "max_length": 9, "pad_to_multiple_of": 8},
            "multiple of 8",
        ),
        (("a",), {"return_tensors": "tf"}, "'pt' or 'np'"),
    ],
)
def test_wrong_calls(tokenizer: Any, args: tuple[Any, ...], options: dict[str, Any], message: str) -> None:
    """Each is a ValueError that says what is wrong."""
    with pytest.raises(ValueError, match=message):
        tokenizer(*args, **options)


def test_one_pair_for_many_texts(tokenizer: Any) -> None:
    """A string beside a batch is a mistake of type."""
    with pytest.raises(TypeError, match="text_pair"):
        tokenizer(["a"], "b")


def test_padding_needs_a_token(tokenizer: Any) -> None:
    """Without one there is a hint."""
    tokenizer.pad_token = None
    with pytest.raises(ValueError, match=r"set tokenizer\.pad_token"):
        tokenizer("a", padding=True)


def test_lengths_warn(tokenizer: Any) -> None:
    """A length that does nothing, and a text that is too long for the model: once."""
    with pytest.warns(UserWarning, match="max_length does nothing"):
        tokenizer("a", padding=True, truncation=False, max_length=4)
    tokenizer.model_max_length = 3
    with pytest.warns(UserWarning, match="the model takes 3"):
        tokenizer("a hole in the ground")
    tokenizer("a hole in the ground")


def test_pad_errors(tokenizer: Any) -> None:
    """What was not encoded cannot be padded."""
    with pytest.raises(ValueError, match="input_ids"):
        tokenizer.pad({"labels": [1]})
    with pytest.raises(ValueError, match="numbers of rows"):
        tokenizer.pad({"input_ids": [[1], [2]], "labels": [[1]]})
    with pytest.raises(ValueError, match="padding_side"):
        tokenizer.pad([{"input_ids": [1]}, {"input_ids": [1, 2]}], padding_side="top")


def test_token_attributes(tokenizer: Any) -> None:
    """Named tokens and ids can be read and set; others are no attributes."""
    assert (tokenizer.cls_token, tokenizer.cls_token_id) == ("[CLS]", 2)
    assert (tokenizer.bos_token, tokenizer.bos_token_id) == (None, None)
    assert set(tokenizer.all_special_tokens) == set(MARKS)
    tokenizer.bos_token_id = 3
    assert tokenizer.bos_token == "[SEP]"
    with pytest.raises(ValueError, match="bos_token"):
        tokenizer.bos_token = 5
    with pytest.raises(AttributeError):
        _ = tokenizer.no_such_token
    with pytest.raises(ValueError, match="no special token"):
        tokenizer.add_special_tokens({"no_such_token": "x"})
    with pytest.raises(ValueError, match="already_has_special_tokens"):
        tokenizer.get_special_tokens_mask([1])


def test_unknown_ids_and_tokens(tokenizer: Any) -> None:
    """A token that is not there is the unknown one, an id that is not there is None."""
    assert tokenizer.convert_tokens_to_ids("no such token") == tokenizer.unk_token_id
    assert tokenizer.convert_ids_to_tokens(10**6) is None


def test_repr_and_truth(tokenizer: Any) -> None:
    """Names what it is, and is never false."""
    assert "BertTokenizer" in repr(tokenizer)
    assert tokenizer
