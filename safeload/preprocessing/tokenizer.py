"""The tokenizer that `AutoTokenizer` returns: text -> ids and back, on the tokenizers library.

Same arguments, defaults and results as transformers' tokenizers. It holds no path and reads nothing.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from safeload.errors import UsageError
from safeload.preprocessing.batch_encoding import BatchEncoding
from safeload.preprocessing.chat import ChatTemplates
from safeload.preprocessing.padding import Plan, pad_encoded, plan
from safeload.preprocessing.rows import Rows, is_text, plain
from safeload.preprocessing.saving import tokenizer_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    import tokenizers

    from safeload.preprocessing.settings import Settings

    Writer = Callable[[str | PathLike[str], Mapping[str, bytes]], tuple[str, ...]]

_CLEANED = (
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
    (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
)  # fmt: skip


class Tokenizer(ChatTemplates):
    """Turns text into the input of a model.

    Args:
        backend: built from judged records.
        settings: special tokens, sides and lengths.
        class_name: what a saved configuration calls this class.
        name_or_path: what the user asked for.
        chat_template: one template, or several by name.
        writer: writes files for `save_pretrained`.
    """

    def __init__(
        self,
        backend: tokenizers.Tokenizer,
        settings: Settings,
        *,
        class_name: str,
        name_or_path: str = "",
        chat_template: str | dict[str, str] | None = None,
        writer: Writer | None = None,
    ) -> None:
        super().__init__(backend, settings.special, settings.extra)
        self.class_name = class_name
        self.name_or_path = name_or_path
        self.chat_template = chat_template
        self.chat_control_tokens = settings.chat_control_tokens
        self.model_max_length = settings.model_max_length
        self.padding_side = settings.padding_side
        self.truncation_side = settings.truncation_side
        self.model_input_names = list(settings.model_input_names)
        self.clean_up_tokenization_spaces = settings.clean_up_tokenization_spaces
        self.split_special_tokens = settings.split_special_tokens
        self.pad_token_type_id = 0
        self.fillings: dict[str, Any] = {}
        """What `pad` fills other lists with."""
        self.saved_settings = dict(settings.saved)
        # the only class whose decoder leaves the ends of words in the text
        self._word_end = "</w>" if class_name == "CLIPTokenizer" else None
        self.add_prefix_space = bool(settings.values.get("add_prefix_space", False))
        self._asked = (bool(settings.add_bos_token), bool(settings.add_eos_token))
        self._writer = writer
        self._told_length = False

    def __repr__(self) -> str:
        """Class, sizes and special tokens."""
        return (
            f"Tokenizer({self.class_name}, name_or_path={self.name_or_path!r}, vocab_size={self.vocab_size}, "
            f"model_max_length={self.model_max_length}, padding_side={self.padding_side!r}, "
            f"truncation_side={self.truncation_side!r}, special_tokens={self.special_tokens_map})"
        )

    def __call__(  # noqa: PLR0917 - the arguments are transformers' own
        self,
        text: str | Sequence[Any] | None = None,
        text_pair: str | Sequence[Any] | None = None,
        text_target: str | Sequence[Any] | None = None,
        text_pair_target: str | Sequence[Any] | None = None,
        add_special_tokens: bool = True,  # noqa: FBT001, FBT002 - the signature that callers know
        padding: bool | str = False,  # noqa: FBT001, FBT002 - same
        truncation: bool | str | None = None,  # noqa: FBT001 - same
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,  # noqa: FBT001, FBT002 - same
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
        *,
        split_special_tokens: bool | None = None,
        max_target_length: int | None = None,
    ) -> BatchEncoding:
        """Encode a text, a pair, or a batch of either.

        A single string gives flat lists; a list, or `return_tensors`, gives one row per text.
        `text_target` gives the `labels`.

        Raises:
            ValueError: neither text nor target, texts of another type, arguments that contradict, or a
                text that cannot be cut as asked.
            MissingExtra: `return_tensors` names a library that is not installed.
        """
        if text is None and text_target is None:
            raise ValueError("give a text or a text_target")
        steps = plan(
            self,
            padding=padding,
            truncation=truncation,
            max_length=max_length,
            pad_to_multiple_of=pad_to_multiple_of,
            verbose=verbose,
        )
        rows = Rows(
            type_ids="token_type_ids" in self.model_input_names
            if return_token_type_ids is None
            else return_token_type_ids,
            mask="attention_mask" in self.model_input_names
            if return_attention_mask is None
            else return_attention_mask,
            special_mask=return_special_tokens_mask,
            offsets=return_offsets_mapping,
            length=return_length,
            overflow=return_overflowing_tokens,
        )

        def encode(texts: Any, pairs: Any, longest: int | None) -> BatchEncoding:  # noqa: ANN401 - as above
            return self._encode(
                texts,
                pairs,
                steps._replace(max_length=longest),
                rows,
                add_special_tokens=add_special_tokens,
                stride=stride,
                split_into_words=is_split_into_words,
                padding_side=padding_side,
                return_tensors=return_tensors,
                verbose=verbose,
                split_special=split_special_tokens,
            )

        target_length = steps.max_length if max_target_length is None else max_target_length
        if text is None:
            return encode(text_target, text_pair_target, target_length)
        encoded = encode(text, text_pair, steps.max_length)
        if text_target is not None:
            encoded["labels"] = encode(text_target, text_pair_target, target_length)["input_ids"]
        return encoded

    def encode(  # noqa: PLR0917 - same
        self,
        text: str | Sequence[Any],
        text_pair: str | Sequence[Any] | None = None,
        add_special_tokens: bool = True,  # noqa: FBT001, FBT002 - the signature that callers know
        padding: bool | str = False,  # noqa: FBT001, FBT002 - same
        truncation: bool | str | None = None,  # noqa: FBT001 - same
        max_length: int | None = None,
        stride: int = 0,
        **kwargs: Any,  # noqa: ANN401 - the arguments of a call
    ) -> Any:  # noqa: ANN401 - a list, or a tensor
        """The ids alone, with the arguments of a call."""
        return self(
            text,
            text_pair,
            add_special_tokens=add_special_tokens,
            padding=padding,
            truncation=truncation,
            max_length=max_length,
            stride=stride,
            **kwargs,
        )["input_ids"]

    def tokenize(
        self,
        text: str,
        pair: str | None = None,
        add_special_tokens: bool = False,  # noqa: FBT001, FBT002 - same
        **kwargs: Any,  # noqa: ANN401 - same
    ) -> list[str]:
        """The tokens of a text, as strings."""
        return self(text, pair, add_special_tokens=add_special_tokens, **kwargs).tokens()

    def decode(
        self,
        token_ids: Any,  # noqa: ANN401 - ids, lists of ids, arrays, tensors
        skip_special_tokens: bool = False,  # noqa: FBT001, FBT002 - same
        clean_up_tokenization_spaces: bool | None = None,  # noqa: FBT001 - same
    ) -> Any:  # noqa: ANN401 - one text, or one per row
        """The text of ids; of rows of ids, a list of texts."""
        ids = plain(token_ids["input_ids"] if isinstance(token_ids, dict | BatchEncoding) else token_ids)
        if isinstance(ids, list) and ids and isinstance(ids[0], list):
            return [self.decode(row, skip_special_tokens, clean_up_tokenization_spaces) for row in ids]
        text = self._backend.decode(
            [ids] if isinstance(ids, int) else ids, skip_special_tokens=skip_special_tokens
        )
        if self._word_end is not None:
            text = text.replace(self._word_end, " ").strip()
        clean = clean_up_tokenization_spaces
        if clean is None:
            clean = self.clean_up_tokenization_spaces
        if clean and type(self._backend.model).__name__ != "BPE":  # BPE keeps its own spaces
            text = self.clean_up_tokenization(text)
        return text

    def batch_decode(
        self,
        sequences: Any,  # noqa: ANN401 - rows of ids
        skip_special_tokens: bool = False,  # noqa: FBT001, FBT002 - same
        clean_up_tokenization_spaces: bool | None = None,  # noqa: FBT001 - same
    ) -> list[str]:
        """One text per row of ids."""
        texts = self.decode(sequences, skip_special_tokens, clean_up_tokenization_spaces)
        return [texts] if isinstance(texts, str) else texts

    def clean_up_tokenization(self, text: str) -> str:
        """The text without the spaces that WordPiece leaves before punctuation."""
        for spaced, joined in _CLEANED:
            text = text.replace(spaced, joined)
        return text

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """Join tokens to text."""
        decoder = self._backend.decoder
        return " ".join(tokens) if decoder is None else decoder.decode(tokens)

    def num_special_tokens_to_add(self, pair: bool = False) -> int:  # noqa: FBT001, FBT002 - same
        """How many special tokens a text, or a pair, gets."""
        return self._backend.num_special_tokens_to_add(pair)

    @property
    def max_len_single_sentence(self) -> float:
        """Tokens that one text may have beside its special tokens."""
        return self.model_max_length - self.num_special_tokens_to_add(pair=False)

    @property
    def max_len_sentences_pair(self) -> float:
        """Tokens that a pair may have beside its special tokens."""
        return self.model_max_length - self.num_special_tokens_to_add(pair=True)

    def pad(  # noqa: PLR0917 - same
        self,
        encoded_inputs: Any,  # noqa: ANN401 - a mapping, or a list of mappings
        padding: bool | str = True,  # noqa: FBT001, FBT002 - same
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_attention_mask: bool | None = None,  # noqa: FBT001 - same
        return_tensors: str | None = None,
        verbose: bool = True,  # noqa: FBT001, FBT002 - same
    ) -> BatchEncoding:
        """Pad what was encoded before: one mapping, or a list of them (as a data collator does).

        Raises:
            ValueError: no `input_ids`, no padding token, or lists of different numbers of rows.
        """
        steps = plan(self, padding=padding, max_length=max_length, verbose=verbose)
        return pad_encoded(
            self,
            encoded_inputs,
            steps._replace(pad_to_multiple_of=pad_to_multiple_of),
            padding_side=padding_side,
            return_attention_mask=return_attention_mask,
            return_tensors=return_tensors,
        )

    def save_pretrained(
        self, save_directory: str | PathLike[str], filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Write tokenizer.json and tokenizer_config.json, which transformers reads as well.

        Returns:
            The paths written.

        Raises:
            UsageError: this tokenizer was built without a writer, or the folder cannot be written.
        """
        if self._writer is None:
            raise UsageError("this tokenizer was built without a writer, so it cannot be saved")
        return self._writer(save_directory, tokenizer_files(self, filename_prefix))

    def _encode(
        self,
        text: Any,  # noqa: ANN401 - checked here
        pair: Any,  # noqa: ANN401 - checked here
        steps: Plan,
        rows: Rows,
        *,
        add_special_tokens: bool,
        stride: int,
        split_into_words: bool,
        padding_side: str | None,
        return_tensors: str | None,
        verbose: bool,
        split_special: bool | None,
    ) -> BatchEncoding:
        for value in (text, pair):
            if value is not None and not is_text(value):
                raise ValueError("a text is a string, a list of strings, or a list of lists of words")
        batched = isinstance(text, list | tuple)
        if split_into_words:
            batched = batched and bool(text) and isinstance(text[0], list | tuple)
        if not batched:
            batch: Sequence[Any] = [(text, pair)] if pair else [text]
        elif isinstance(pair, str):
            raise TypeError("text_pair is one string, and text a batch of them")
        elif pair is None:
            batch = text
        elif len(text) != len(pair):
            raise ValueError(f"{len(text)} texts, but {len(pair)} in text_pair")
        else:
            batch = list(zip(text, pair, strict=True))
        split = self.split_special_tokens if split_special is None else split_special
        if self._backend.encode_special_tokens != split:
            self._backend.encode_special_tokens = split
        try:
            self._configure(steps, stride, padding_side or self.padding_side)
            encodings = self._backend.encode_batch(
                batch, add_special_tokens=add_special_tokens, is_pretokenized=split_into_words
            )
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException as error:  # a panic of the library is no Exception
            raise ValueError(f"the tokenizers library refuses this call: {error}") from error
        data, flat = rows.collect(encodings)
        if verbose and steps.max_length is None:
            self._tell_length(data["input_ids"])
        if not batched and return_tensors is None and not rows.overflow:
            data = {
                key: value[0] if value and isinstance(value[0], list) else value
                for key, value in data.items()
            }
        return BatchEncoding(data, flat, tensor_type=return_tensors)

    def _configure(self, steps: Plan, stride: int, side: str) -> None:
        """Set what the backend does beside encoding, where it differs from the last call."""
        backend = self._backend
        if steps.truncation == "do_not_truncate":
            if backend.truncation is not None:
                backend.no_truncation()
        else:
            wanted = {
                "max_length": steps.max_length,
                "stride": stride,
                "strategy": steps.truncation,
                "direction": self.truncation_side,
            }
            if backend.truncation != wanted:
                backend.enable_truncation(**wanted)  # type: ignore[arg-type]  # the values have its types
        if steps.padding == "do_not_pad":
            if backend.padding is not None:
                backend.no_padding()
            return
        padding = {
            "length": steps.max_length if steps.padding == "max_length" else None,
            "direction": side,
            "pad_id": self.pad_token_id,
            "pad_token": self.pad_token,
            "pad_type_id": self.pad_token_type_id,
            "pad_to_multiple_of": steps.pad_to_multiple_of,
        }
        if backend.padding != padding:
            backend.enable_padding(**padding)

    def _tell_length(self, rows: Sequence[Sequence[int]]) -> None:
        """Say once that a text is longer than the model takes."""
        longest = max(map(len, rows), default=0)
        if self._told_length or not 0 < self.model_max_length < longest:
            return
        self._told_length = True
        warnings.warn(
            f"a text has {longest} tokens, and the model takes {self.model_max_length}: "
            "use truncation=True, or the model fails on it",
            stacklevel=4,
        )
