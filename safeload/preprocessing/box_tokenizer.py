"""The tokenizer of LayoutLMv2: words with their boxes on a page, and a label for each word.

Each token has the box of its word; the marks have boxes of their own, and a question beside the words has
that of padding. Same arguments, defaults and results as transformers 5.23:
https://huggingface.co/docs/transformers/model_doc/layoutlmv2#transformers.LayoutLMv2Tokenizer
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeload.errors import UsageError
from safeload.preprocessing.batch_encoding import BatchEncoding
from safeload.preprocessing.padding import plan
from safeload.preprocessing.rows import Rows
from safeload.preprocessing.tokenizer import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Box = list[int]

_BOXES: Mapping[str, Box] = {
    "cls_token_box": [0, 0, 0, 0],
    "sep_token_box": [1000, 1000, 1000, 1000],
    "pad_token_box": [0, 0, 0, 0],
}


class BoxTokenizer(Tokenizer):
    """Turns words and boxes into the input of a model. Built like `Tokenizer`."""

    cls_token_box: Box
    sep_token_box: Box
    pad_token_box: Box
    pad_token_label: int
    only_label_first_subword: bool

    def __init__(self, backend: Any, settings: Any, **options: Any) -> None:  # noqa: ANN401 - those of Tokenizer
        super().__init__(backend, settings, **options)
        values = settings.values
        for name, usual in _BOXES.items():
            setattr(self, name, _box(values.get(name, usual), name))
        self.pad_token_label = values.get("pad_token_label", -100)
        self.only_label_first_subword = values.get("only_label_first_subword", True)
        if type(self.pad_token_label) is not int or type(self.only_label_first_subword) is not bool:
            raise UsageError("pad_token_label is a number, and only_label_first_subword true or false")
        self.fillings = {"bbox": self.pad_token_box, "labels": self.pad_token_label}

    def __call__(  # type: ignore[override]  # noqa: PLR0917 - transformers' own, which differ as well
        self,
        text: str | Sequence[Any],
        text_pair: Sequence[Any] | None = None,
        boxes: Sequence[Any] | None = None,
        word_labels: Sequence[Any] | None = None,
        add_special_tokens: bool = True,  # noqa: FBT001, FBT002 - the signature that callers know
        padding: bool | str = False,  # noqa: FBT001, FBT002 - same
        truncation: bool | str | None = None,  # noqa: FBT001 - same
        max_length: int | None = None,
        stride: int = 0,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_tensors: str | None = None,
        return_token_type_ids: bool | None = None,  # noqa: FBT001 - same
        return_attention_mask: bool | None = None,  # noqa: FBT001 - same
        return_overflowing_tokens: bool = False,  # noqa: FBT001, FBT002 - same
        return_special_tokens_mask: bool = False,  # noqa: FBT001, FBT002 - same
        return_offsets_mapping: bool = False,  # noqa: FBT001, FBT002 - same
        return_length: bool = False,  # noqa: FBT001, FBT002 - same
        verbose: bool = True,  # noqa: FBT001, FBT002 - same
    ) -> BatchEncoding:
        """Encode the words of a page, or of several, with a question before them where there is one.

        Args:
            text: words; or, with `text_pair`, a question. Or a list of either, one per page.
            text_pair: the words, where `text` is a question.
            boxes: for each word its left, top, right and bottom, from 0 to 1000.
            word_labels: a number for each word; gives `labels`.
            add_special_tokens: as of `Tokenizer`.
            padding: same.
            truncation: same.
            max_length: same.
            stride: same.
            pad_to_multiple_of: same.
            padding_side: same.
            return_tensors: same.
            return_token_type_ids: same.
            return_attention_mask: same.
            return_overflowing_tokens: same.
            return_special_tokens_mask: same.
            return_offsets_mapping: same.
            return_length: same.
            verbose: same.

        Raises:
            ValueError: words and boxes that do not match, or texts of another type.
        """
        question = text_pair is not None
        many = isinstance(text, list | tuple) and (
            question or (bool(text) and isinstance(text[0], list | tuple))
        )
        words = text_pair if question else text
        if not isinstance(words, list | tuple):
            raise ValueError("words are a list of strings, or a list of such lists")  # noqa: TRY004 - as Tokenizer
        if boxes is None:
            raise ValueError("each word needs its box: give boxes=")
        pages = list(words) if many else [words]
        places = list(boxes) if many else [boxes]
        labels = None if word_labels is None else (list(word_labels) if many else [word_labels])
        if len(pages) != len(places) or any(map(_differ, pages, places)):
            raise ValueError("there are not as many boxes as words")
        if question:
            asked = list(text) if many else [text]
            if len(asked) != len(pages):
                raise ValueError(f"{len(asked)} questions, but {len(pages)} pages")
            batch: list[Any] = [(str(one).split(), page) for one, page in zip(asked, pages, strict=True)]
        else:
            batch = pages
        names = self.model_input_names
        rows = Rows(
            type_ids="token_type_ids" in names if return_token_type_ids is None else return_token_type_ids,
            mask="attention_mask" in names if return_attention_mask is None else return_attention_mask,
            special_mask=return_special_tokens_mask,
            offsets=return_offsets_mapping or labels is not None,
            length=return_length,
            overflow=return_overflowing_tokens,
        )
        steps = plan(
            self, padding=padding, truncation=truncation, max_length=max_length,
            pad_to_multiple_of=pad_to_multiple_of, verbose=verbose,
        )  # fmt: skip
        encoded = self._encode(
            batch, None, steps, rows, add_special_tokens=add_special_tokens, stride=stride,
            split_into_words=True, padding_side=padding_side, return_tensors=None, verbose=verbose,
            split_special=None,
        )  # fmt: skip
        data = dict(encoded)
        data["bbox"] = self._token_boxes(encoded, places, question=question)
        if labels is not None:
            data["labels"] = self._token_labels(encoded, labels)
            if not return_offsets_mapping:
                del data["offset_mapping"]
        if not many and return_tensors is None and not return_overflowing_tokens:
            data = {key: value[0] for key, value in data.items()}
        return BatchEncoding(data, encoded.encodings, tensor_type=return_tensors)

    def tokenize(
        self,
        text: str,
        pair: str | None = None,
        add_special_tokens: bool = False,  # noqa: FBT001, FBT002 - as of Tokenizer
        **kwargs: Any,  # noqa: ANN401 - same
    ) -> list[str]:
        """The tokens of a text, which needs no boxes."""
        return super().__call__(text, pair, add_special_tokens=add_special_tokens, **kwargs).tokens()

    def _token_boxes(
        self, encoded: BatchEncoding, places: Sequence[Any], *, question: bool
    ) -> list[list[Any]]:
        marks = {
            self.pad_token_id: self.pad_token_box,
            self.sep_token_id: self.sep_token_box,
            self.cls_token_id: self.cls_token_box,
        }
        result = []
        for row, (page, encoding) in enumerate(zip(_pages(encoded), encoded.encodings or (), strict=True)):
            found = []
            for index, sequence, word in zip(
                encoded["input_ids"][row], encoding.sequence_ids, encoding.word_ids, strict=True
            ):
                if word is None:
                    if index not in marks:
                        raise ValueError(f"the token {index} belongs to no word and is no mark with a box")
                    found.append(marks[index])
                else:
                    asked = question and sequence == 0
                    found.append(self.pad_token_box if asked else places[page][word])
            result.append(found)
        return result

    def _token_labels(self, encoded: BatchEncoding, labels: Sequence[Any]) -> list[list[Any]]:
        """The label of each word at its first token, or at all of them."""
        result = []
        for row, (page, encoding) in enumerate(zip(_pages(encoded), encoded.encodings or (), strict=True)):
            result.append(
                [
                    labels[page][word]
                    if word is not None and (offset[0] == 0 or not self.only_label_first_subword)
                    else self.pad_token_label
                    for offset, word in zip(encoded["offset_mapping"][row], encoding.word_ids, strict=True)
                ]
            )
        return result


def _pages(encoded: BatchEncoding) -> Sequence[int]:
    """For each row the page that it is from."""
    pages: Sequence[int] | None = encoded.get("overflow_to_sample_mapping")
    return range(len(encoded["input_ids"])) if pages is None else pages


def _differ(page: Any, boxes: Any) -> bool:  # noqa: ANN401 - lists
    return len(page) != len(boxes)


def _box(value: Any, name: str) -> Box:  # noqa: ANN401 - checked here
    if not isinstance(value, list | tuple) or len(value) != 4 or not all(type(item) is int for item in value):
        raise UsageError(f"{name} is a box of four numbers, not {value!r}")
    return list(value)
