"""Control tokens in what users say, encoded as plain text: `sanitize_control_tokens`.

A message that holds `<|im_end|>` would end itself. So control tokens in messages, tools, documents and names
are put between two characters of the private use planes, which the caller's texts lose first; the rendered
text is cut there, and each marked token is encoded by the model alone, without added tokens.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from safeload.preprocessing.padding import plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.preprocessing.batch_encoding import BatchEncoding

_START, _END = "\U000f0000", "\U000f0001"


class Marks:
    """Marks control tokens for one tokenizer and template.

    Raises:
        TemplateFailed: the template is none.
        TemplateOverBudget: the template is too large to be read.
    """

    def __init__(self, tokenizer: Any, template: str) -> None:  # noqa: ANN401 - the tokenizer, without a cycle of imports
        self._tokenizer = tokenizer
        self._tokens = _pattern(_control_tokens(tokenizer, template))
        added = _pattern(tokenizer.added_tokens_encoder)
        self._marks = re.compile(f"{_START}({added.pattern}){_END}|[{_START}{_END}]")

    def mark(self, value: Any) -> Any:  # noqa: ANN401 - plain values
        """The value with every control token marked, but in keys."""
        if isinstance(value, str):
            value = value.replace(_START, "").replace(_END, "")
            return self._tokens.sub(f"{_START}\\g<0>{_END}", value)
        if isinstance(value, dict):
            return {key: self.mark(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.mark(item) for item in value]
        return value

    def encode(
        self,
        texts: Sequence[str],
        *,
        many: bool,
        padding: bool | str = False,
        truncation: bool | str = False,
        max_length: int | None = None,
        return_tensors: str | None = None,
        **options: Any,  # noqa: ANN401 - of `pad`
    ) -> BatchEncoding:
        """Ids and mask of marked texts."""
        tokenizer = self._tokenizer
        steps = plan(tokenizer, padding=padding, truncation=truncation, max_length=max_length)
        rows = [self._ids(text) for text in texts]
        if steps.truncation != "do_not_truncate" and steps.max_length is not None:
            right = tokenizer.truncation_side == "right"
            rows = [row[: steps.max_length] if right else row[-steps.max_length :] for row in rows]
        encoded: BatchEncoding = tokenizer.pad(
            {"input_ids": rows if many or return_tensors else rows[0]}, padding=steps.padding,
            max_length=steps.max_length, return_tensors=return_tensors, **options,
        )  # fmt: skip
        return encoded

    def _ids(self, text: str) -> list[int]:
        """Text, marked token, text and so on; a mark that a template has torn off cuts all the same."""
        tokenizer = self._tokenizer
        pieces = self._marks.split(text)
        ids: list[int] = tokenizer.encode(pieces[0], add_special_tokens=False)
        for index, piece in enumerate(pieces[1:], start=1):
            if not piece:
                continue
            marked = index % 2 == 1
            added = self._behind(piece, marked=marked)
            if marked and tokenizer.convert_tokens_to_ids(piece) in added:
                raise ValueError(f"{piece!r} cannot be plain text: the model itself gives that token")
            ids += added
        return ids

    def _behind(self, piece: str, *, marked: bool) -> list[int]:
        """Ids of a piece inside a text: encoded behind a line end, so that no space is put before it."""
        line = self._tokenizer.encode("\n", add_special_tokens=False)
        found = self._plainly("\n" + piece, marked=marked)
        return found[len(line) :] if found[: len(line)] == line else self._plainly(piece, marked=marked)

    def _plainly(self, text: str, *, marked: bool) -> list[int]:
        if not marked:
            ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
            return ids
        backend = self._tokenizer.backend_tokenizer
        if backend.normalizer is not None:
            text = backend.normalizer.normalize_str(text)
        words = [text]
        if backend.pre_tokenizer is not None:
            words = [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(text)]
        return [token.id for word in words for token in backend.model.tokenize(word)]


def _control_tokens(tokenizer: Any, template: str) -> list[str]:  # noqa: ANN401 - as above
    added = tokenizer.added_tokens_decoder.values()
    named = tokenizer.chat_control_tokens
    if named is not None:
        return [token.content for token in added if token.special or token.content in set(named)]
    from safeload.isolation.renderer import literal_text

    text = literal_text(template)
    return [
        token.content
        for token in added
        if token.special or (token.content in text and not token.content.isspace())
    ]


def _pattern(tokens: Any) -> re.Pattern[str]:  # noqa: ANN401 - texts
    """Any of the tokens, the longest first; nothing where there is none."""
    longest = sorted(tokens, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest)) or "(?!)")
