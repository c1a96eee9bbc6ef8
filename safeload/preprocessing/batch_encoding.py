"""What a tokenizer returns: a mapping of lists or tensors, and where each token came from.

Same keys, attributes and methods as transformers' class of this name. Nothing is imported until
tensors are asked for.
"""

from __future__ import annotations

import sys
from collections import UserDict
from typing import TYPE_CHECKING, Any, NamedTuple

from safeload.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tokenizers import Encoding


class CharSpan(NamedTuple):
    """Characters of the text: from `start` up to, not including, `end`."""

    start: int
    end: int


class TokenSpan(NamedTuple):
    """Tokens of an encoding: from `start` up to, not including, `end`."""

    start: int
    end: int


class BatchEncoding(UserDict[str, Any]):
    """Encoded text. A string key gives a list or tensor, a number the `tokenizers.Encoding`.

    Args:
        data: the lists, by name.
        encoding: the encodings that they were made from, one per row.
        tensor_type: `pt` or `np` to convert at once.
        prepend_batch_axis: put each value into a batch of one when converting.
        n_sequences: how many texts are in one row: 1, or 2 for a pair.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        encoding: Encoding | Sequence[Encoding] | None = None,
        tensor_type: str | None = None,
        prepend_batch_axis: bool = False,  # noqa: FBT001, FBT002 - the signature that callers know
        n_sequences: int | None = None,
    ) -> None:
        super().__init__(data)
        one_or_many: Any = encoding
        self._encodings: list[Encoding] | None
        if encoding is None or isinstance(encoding, list):
            self._encodings = encoding
        else:
            self._encodings = list(one_or_many) if isinstance(encoding, tuple) else [one_or_many]
        if n_sequences is None and self._encodings:
            n_sequences = self._encodings[0].n_sequences
        self._n_sequences = n_sequences
        self.convert_to_tensors(tensor_type, prepend_batch_axis)

    def __getitem__(self, item: str | int | slice) -> Any:  # noqa: ANN401 - lists, tensors or an Encoding
        """The value of a key, the encoding of a row, or a slice of rows."""
        if isinstance(item, str):
            return self.data[item]
        if self._encodings is not None:
            return self._encodings[item]
        if isinstance(item, slice):
            return {key: value[item] for key, value in self.data.items()}
        raise KeyError(f"{item!r}: without encodings, the keys are {', '.join(self.data)}")

    def __getattr__(self, item: str) -> Any:  # noqa: ANN401 - same
        """The value of a key: `encoding.input_ids`."""
        if item != "data" and item in self.data:
            return self.data[item]
        raise AttributeError(item)

    def __getstate__(self) -> dict[str, Any]:
        """The parts, for copies and workers."""
        return {"data": self.data, "encodings": self._encodings, "n_sequences": self._n_sequences}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.data = state["data"]
        self._encodings = state["encodings"]
        self._n_sequences = state["n_sequences"]

    @property
    def n_sequences(self) -> int | None:
        """How many texts are in one row, or None where that is not known."""
        return self._n_sequences

    @property
    def is_fast(self) -> bool:
        """Whether the encodings are there, which the methods below need."""
        return self._encodings is not None

    @property
    def encodings(self) -> list[Encoding] | None:
        """One encoding per row."""
        return self._encodings

    def tokens(self, batch_index: int = 0) -> list[str]:
        """The tokens of a row."""
        return self._row(batch_index).tokens

    def sequence_ids(self, batch_index: int = 0) -> list[int | None]:
        """For each token, which text it is from; None for special tokens."""
        return self._row(batch_index).sequence_ids

    def word_ids(self, batch_index: int = 0) -> list[int | None]:
        """For each token, which word it is from; None for special tokens."""
        return self._row(batch_index).word_ids

    def token_to_sequence(self, batch_or_token_index: int, token_index: int | None = None) -> int | None:
        """Which text a token is from."""
        row, token = self._token(batch_or_token_index, token_index)
        return row.token_to_sequence(token)

    def token_to_word(self, batch_or_token_index: int, token_index: int | None = None) -> int | None:
        """Which word a token is from."""
        row, token = self._token(batch_or_token_index, token_index)
        return row.token_to_word(token)

    def word_to_tokens(
        self, batch_or_word_index: int, word_index: int | None = None, sequence_index: int = 0
    ) -> TokenSpan | None:
        """The tokens that a word became."""
        row, word = self._place(batch_or_word_index, word_index)
        span = row.word_to_tokens(word, sequence_index)
        return None if span is None else TokenSpan(*span)

    def token_to_chars(self, batch_or_token_index: int, token_index: int | None = None) -> CharSpan | None:
        """The characters that a token stands for."""
        row, token = self._token(batch_or_token_index, token_index)
        span = row.token_to_chars(token)
        return None if span is None else CharSpan(*span)

    def char_to_token(
        self, batch_or_char_index: int, char_index: int | None = None, sequence_index: int = 0
    ) -> int | None:
        """The token that holds a character."""
        row, char = self._place(batch_or_char_index, char_index)
        return row.char_to_token(char, sequence_index)

    def word_to_chars(
        self, batch_or_word_index: int, word_index: int | None = None, sequence_index: int = 0
    ) -> CharSpan:
        """The characters of a word."""
        row, word = self._place(batch_or_word_index, word_index)
        span = row.word_to_chars(word, sequence_index)
        if span is None:
            raise ValueError(f"there is no word {word}")
        return CharSpan(*span)

    def char_to_word(
        self, batch_or_char_index: int, char_index: int | None = None, sequence_index: int = 0
    ) -> int | None:
        """The word that holds a character."""
        row, char = self._place(batch_or_char_index, char_index)
        return row.char_to_word(char, sequence_index)

    def convert_to_tensors(
        self,
        tensor_type: str | None = None,
        prepend_batch_axis: bool = False,  # noqa: FBT001, FBT002 - the signature that callers know
    ) -> BatchEncoding:
        """Turn every list into a tensor, in place.

        Raises:
            MissingExtra: torch or numpy is not installed.
            ValueError: another type than `pt` or `np`, or rows of different lengths.
        """
        if tensor_type is None:
            return self
        if tensor_type not in _CONVERTERS:
            raise ValueError(f"{tensor_type!r} is no tensor type: use 'pt' or 'np'")
        as_tensor = _CONVERTERS[tensor_type]()
        for key, value in self.data.items():
            try:
                self.data[key] = as_tensor([value] if prepend_batch_axis else value)
            except (ValueError, TypeError, RuntimeError) as error:
                raise ValueError(
                    f"{key} cannot become one tensor: its rows differ in length or nesting; "
                    "use padding=True and truncation=True to make them alike"
                ) from error
        return self

    def to(self, device: Any, *, non_blocking: bool = False) -> BatchEncoding:  # noqa: ANN401 - torch's types
        """Move every tensor to a device, in place."""
        self.data = {
            key: value.to(device=device, non_blocking=non_blocking) if callable(_method(value)) else value
            for key, value in self.data.items()
        }
        return self

    def _row(self, index: int) -> Encoding:
        if self._encodings is None:
            raise ValueError("this needs the encodings that a tokenizer call returns")
        return self._encodings[index]

    def _place(self, first: int, second: int | None) -> tuple[Encoding, int]:
        """Row and index: a call with one number means the first row."""
        return (self._row(0), first) if second is None else (self._row(first), second)

    def _token(self, first: int, second: int | None) -> tuple[Encoding, int]:
        row, token = self._place(first, second)
        return row, token + len(row) if token < 0 else token


def _method(value: object) -> object:
    return getattr(value, "to", None)


def _is_empty(value: object) -> bool:
    """True for nested lists without a single number in them."""
    todo = [value]
    while todo:
        item = todo.pop()
        if not isinstance(item, list | tuple):
            return False
        todo.extend(item)
    return True


def _torch() -> Callable[[Any], Any]:
    try:
        import torch
    except ImportError:
        raise MissingExtra("return_tensors='pt'", "torch", "torch") from None

    def as_tensor(value: Any) -> Any:  # noqa: ANN401 - what the tensor libraries take
        if torch.is_tensor(value):
            return value
        numpy = sys.modules.get("numpy")
        if numpy and isinstance(value, list) and value and isinstance(value[0], numpy.ndarray):
            return torch.from_numpy(numpy.array(value))
        return torch.tensor(value, dtype=torch.int64 if _is_empty(value) else None)

    return as_tensor


def _numpy() -> Callable[[Any], Any]:
    try:
        import numpy as np
    except ImportError:
        raise MissingExtra("return_tensors='np'", "numpy", "torch") from None

    def as_tensor(value: Any) -> Any:  # noqa: ANN401 - same
        if isinstance(value, np.ndarray):
            return value
        nested = isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple | np.ndarray)
        if nested and len({len(row) for row in value}) > 1:  # ragged rows: an array of arrays
            rows = np.empty(len(value), dtype=object)
            rows[:] = [np.asarray(row) for row in value]
            return rows
        return np.asarray(value, dtype=np.int64 if _is_empty(value) else None)

    return as_tensor


_CONVERTERS: dict[str, Callable[[], Callable[[Any], Any]]] = {"pt": _torch, "np": _numpy}
