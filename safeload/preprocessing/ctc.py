"""The tokenizer of speech recognisers: letters, a token that delimits words, and decoding with grouping.

    ids of frames   T T <pad> E E <pad> E | | ...
    1. equal neighbours become one            T <pad> E <pad> E |
    2. the padding token goes (CTC's blank)   T E E |
    3. the delimiter becomes a space

Connectionist temporal classification: Graves et al. 2006. Same arguments, defaults and results as
`Wav2Vec2CTCTokenizer` of transformers. It holds no path and reads nothing.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from safeload.core import visible
from safeload.errors import UsageError
from safeload.preprocessing.rows import plain
from safeload.preprocessing.tokenizer import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    import tokenizers
    from tokenizers import AddedToken

    from safeload.preprocessing.batch_encoding import BatchEncoding
    from safeload.preprocessing.letters import Letters
    from safeload.preprocessing.padding import Plan
    from safeload.preprocessing.rows import Rows

_CLEANED = (
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
    (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
)  # fmt: skip


class Decoded(dict[str, Any]):
    """Text, and where its characters or words stand, in frames; as items and as attributes."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - text or lists
        """`text`, `char_offsets` or `word_offsets`; None where that was not asked for."""
        if name in {"text", "char_offsets", "word_offsets"}:
            return self.get(name)
        raise AttributeError(name)


class CtcTokenizer(Tokenizer):
    """Turns transcriptions into ids, and the ids of frames into transcriptions.

    Args:
        letters: vocabulary and added tokens.
        settings: special tokens, sides and lengths; in `saved` what is this class's own.
        languages: a vocabulary for each language, where there are several.
        **options: those of `Tokenizer`.
    """

    def __init__(
        self,
        letters: Letters,
        settings: Any,  # noqa: ANN401 - settings.Settings
        *,
        languages: Mapping[str, Mapping[str, int]],
        **options: Any,  # noqa: ANN401 - as above
    ) -> None:
        super().__init__(cast("tokenizers.Tokenizer", letters), settings, **options)
        self.languages = languages
        self.do_lower_case = bool(settings.saved["do_lower_case"])
        self.replace_word_delimiter_char = str(settings.saved["replace_word_delimiter_char"])
        self.target_lang = settings.saved["target_lang"]
        self._tell()

    @property
    def _letters(self) -> Letters:
        return cast("Letters", self._backend)

    @property
    def is_fast(self) -> bool:
        """False: there is no tokenizer of the tokenizers library."""
        return False

    def set_target_lang(self, target_lang: str) -> None:
        """Write and read another language.

        Raises:
            ValueError: the vocabulary has none, or not this one.
        """
        if target_lang not in self.languages:
            raise ValueError(f"{target_lang!r} is none of the languages {some(self.languages) or '(none)'}")
        self.target_lang = target_lang
        self.saved_settings["target_lang"] = target_lang
        self._letters.use(self.languages[target_lang])
        self._letters.add_words()

    def convert_tokens_to_string(  # type: ignore[override]  # several results, as in the reference
        self,
        tokens: list[str],
        group_tokens: bool = True,  # noqa: FBT001, FBT002 - the signature that callers know
        spaces_between_special_tokens: bool = False,  # noqa: FBT001, FBT002 - same
        output_char_offsets: bool = False,  # noqa: FBT001, FBT002 - same
        output_word_offsets: bool = False,  # noqa: FBT001, FBT002 - same
    ) -> dict[str, Any]:
        """The text of the tokens of frames, and where asked for the frames of characters and words."""
        if not tokens:
            return {"text": "", "char_offsets": [], "word_offsets": []}
        runs = [(token, len(list(run))) for token, run in groupby(tokens)] if group_tokens else [
            (token, 1) for token in tokens
        ]  # fmt: skip
        space = self.replace_word_delimiter_char
        heard: list[dict[str, Any]] = []
        start = 0
        for token, count in runs:
            if token != self.pad_token:
                char = space if token == self.word_delimiter_token else token
                heard.append({"char": char, "start_offset": start, "end_offset": start + count})
            start += count
        text = (" " if spaces_between_special_tokens else "").join(item["char"] for item in heard).strip()
        return {
            "text": text.lower() if self.do_lower_case else text,
            "char_offsets": heard if output_char_offsets else None,
            "word_offsets": _words(heard, space) if output_word_offsets else None,
        }

    def decode(  # noqa: PLR0917 - the arguments are the reference's
        self,
        token_ids: Any,  # noqa: ANN401 - ids, lists of ids, arrays, tensors
        skip_special_tokens: bool = False,  # noqa: FBT001, FBT002 - same
        clean_up_tokenization_spaces: bool | None = None,  # noqa: FBT001 - same
        output_char_offsets: bool = False,  # noqa: FBT001, FBT002 - same
        output_word_offsets: bool = False,  # noqa: FBT001, FBT002 - same
        group_tokens: bool = True,  # noqa: FBT001, FBT002 - same
        spaces_between_special_tokens: bool = False,  # noqa: FBT001, FBT002 - same
    ) -> Any:  # noqa: ANN401 - text, or Decoded where offsets are asked for; of rows, a list of them
        """The text of the ids of frames, one per frame; of rows of ids, a list of texts."""
        ids = plain(token_ids)
        options = (
            skip_special_tokens, clean_up_tokenization_spaces, output_char_offsets, output_word_offsets,
            group_tokens, spaces_between_special_tokens,
        )  # fmt: skip
        if isinstance(ids, list) and ids and isinstance(ids[0], list):
            return [self.decode(row, *options) for row in ids]
        tokens = self.convert_ids_to_tokens([ids] if isinstance(ids, int) else ids)
        if skip_special_tokens:
            special = set(self.all_special_tokens) - {self.word_delimiter_token}
            tokens = [token for token in tokens if token not in special]
        found = self.convert_tokens_to_string(
            tokens,
            group_tokens,
            spaces_between_special_tokens,
            output_char_offsets,
            output_word_offsets,
        )
        clean = clean_up_tokenization_spaces
        if clean is None:
            clean = self.clean_up_tokenization_spaces
        for spaced, joined in _CLEANED if clean else ():
            found["text"] = found["text"].replace(spaced, joined)
        if not (output_char_offsets or output_word_offsets):
            return found["text"]
        return Decoded((name, value) for name, value in found.items() if value is not None)

    def batch_decode(
        self,
        sequences: Any,  # noqa: ANN401 - rows of ids
        skip_special_tokens: bool = False,  # noqa: FBT001, FBT002 - same
        clean_up_tokenization_spaces: bool | None = None,  # noqa: FBT001 - same
        output_char_offsets: bool = False,  # noqa: FBT001, FBT002 - same
        output_word_offsets: bool = False,  # noqa: FBT001, FBT002 - same
        **kwargs: Any,  # noqa: ANN401 - options of `decode`
    ) -> Any:  # noqa: ANN401 - a list of texts, or Decoded with lists in it
        """One text per row of ids; with offsets, texts and offsets as lists of one object."""
        decoded = [
            self.decode(
                row,
                skip_special_tokens,
                clean_up_tokenization_spaces,
                output_char_offsets,
                output_word_offsets,
                **kwargs,
            )
            for row in sequences
        ]
        if not (output_char_offsets or output_word_offsets) or not decoded:
            return decoded
        return Decoded({name: [item[name] for item in decoded] for name in decoded[0]})

    def save_pretrained(
        self, save_directory: str | PathLike[str], filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Write vocab.json, tokenizer_config.json and, where there are any, added_tokens.json.

        Returns:
            The paths written.

        Raises:
            UsageError: this tokenizer was built without a writer, or the folder cannot be written.
        """
        if self._writer is None:
            raise UsageError("this tokenizer was built without a writer, so it cannot be saved")
        return self._writer(save_directory, self._files(filename_prefix))

    def _files(self, prefix: str | None) -> dict[str, bytes]:
        letters = self._letters
        added = letters.get_added_tokens_decoder()
        config: dict[str, Any] = {
            **self.saved_settings,
            **self.special_tokens_map,
            "added_tokens_decoder": {str(index): _described(token) for index, token in added.items()},
            "backend": "custom",
            "clean_up_tokenization_spaces": self.clean_up_tokenization_spaces,
            "model_input_names": self.model_input_names,
            "model_max_length": self.model_max_length,
            "padding_side": self.padding_side,
            "split_special_tokens": self.split_special_tokens,
            "tokenizer_class": self.class_name,
            "truncation_side": self.truncation_side,
        }
        if self.extra_special_tokens:
            config["extra_special_tokens"] = self.extra_special_tokens
        beyond = {token.content: index for index, token in added.items() if index >= len(letters.by_id)}
        start = f"{prefix}-" if prefix else ""
        files = {
            f"{start}vocab.json": _json(
                {name: dict(ids) for name, ids in self.languages.items()} or letters.vocabulary
            ),
            f"{start}tokenizer_config.json": _json(config),
        }
        if beyond:
            files[f"{start}added_tokens.json"] = _json(beyond)
        return files

    def __setattr__(self, key: str, value: Any) -> None:  # noqa: ANN401 - as the base class
        super().__setattr__(key, value)
        if key.removesuffix("_id") in {"unk_token", "word_delimiter_token"}:
            self._tell()

    def _tell(self) -> None:
        """Tell the backend which special tokens it writes with."""
        letters = self._letters
        letters.unknown = self.unk_token
        letters.delimiter = self.word_delimiter_token or " "

    def _encode(
        self,
        text: Any,  # noqa: ANN401 - checked by the base class
        pair: Any,  # noqa: ANN401 - same
        steps: Plan,
        rows: Rows,
        **options: Any,  # noqa: ANN401 - those of the base class
    ) -> BatchEncoding:
        if pair is not None:
            raise ValueError("a transcription has no second text")
        if rows.overflow:
            raise ValueError(
                "what is cut off a transcription is not kept: leave return_overflowing_tokens out"
            )
        return super()._encode(text, pair, steps, rows, **options)


def _described(token: AddedToken) -> dict[str, Any]:
    return {
        "content": token.content,
        "lstrip": token.lstrip,
        "normalized": token.normalized,
        "rstrip": token.rstrip,
        "single_word": token.single_word,
        "special": token.special,
    }


def _words(heard: list[dict[str, Any]], space: str) -> list[dict[str, Any]]:
    """Runs of characters that are no spaces."""
    words = []
    for is_space, run in groupby(heard, key=lambda item: item["char"] == space):
        if is_space:
            continue
        chars = list(run)
        words.append(
            {
                "word": "".join(item["char"] for item in chars),
                "start_offset": chars[0]["start_offset"],
                "end_offset": chars[-1]["end_offset"],
            }
        )
    return words


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8")


def some(names: Iterable[str]) -> str:
    """A few names for a message."""
    found = sorted(names)
    return visible(", ".join(found[:8])) + (f" and {len(found) - 8} more" if len(found) > 8 else "")
