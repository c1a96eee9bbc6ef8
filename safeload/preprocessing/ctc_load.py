"""Judged records -> the tokenizer of a speech recogniser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tokenizers import AddedToken

from safeload.core import visible
from safeload.errors import UsageError
from safeload.preprocessing.ctc import CtcTokenizer, some
from safeload.preprocessing.letters import Letters
from safeload.preprocessing.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safeload.formats.tokenizer_classes import TokenizerClass
    from safeload.formats.vocabulary import Vocabulary
    from safeload.preprocessing.settings import Records
    from safeload.preprocessing.tokenizer import Writer

_OWN = ("word_delimiter_token", "replace_word_delimiter_char", "target_lang", "do_lower_case")
_FOR_PROCESSORS = ("return_attention_mask", "padding", "max_length", "truncation", "pad_to_multiple_of")
"""Settings of a tokenizer_config.json that a processor takes as defaults of its calls."""


def load_ctc(
    known: TokenizerClass,
    records: Records,
    vocabulary: Vocabulary | None,
    arguments: Mapping[str, Any],
    *,
    name_or_path: str = "",
    writer: Writer | None = None,
) -> CtcTokenizer:
    """The tokenizer of judged records.

    Raises:
        UsageError: no vocabulary, or an argument or a setting that cannot be.
    """
    if vocabulary is None:
        raise UsageError(f"{known.name} needs vocab.json, and the snapshot has none")
    settings = settings_of(
        known, records, {name: value for name, value in arguments.items() if name not in _OWN}
    )
    values = {**(records.config.values if records.config else {}), **arguments}
    special = dict(settings.special)
    if isinstance(arguments.get("word_delimiter_token"), str | AddedToken):
        special["word_delimiter_token"] = arguments["word_delimiter_token"]
    languages = dict(vocabulary.languages)
    language = values.get("target_lang")
    lower = values.get("do_lower_case", False)
    space = values.get("replace_word_delimiter_char", " ")
    for name, value, kind in (
        ("target_lang", language, str | None),
        ("do_lower_case", lower, bool | None),
        ("replace_word_delimiter_char", space, str),
    ):
        if not isinstance(value, kind):
            raise UsageError(f"{name} cannot be {visible(str(value)[:100])!r}")
    if languages and language is None:
        raise UsageError(f"the vocabulary has several languages: pass target_lang=, one of {some(languages)}")
    if language is not None and language not in languages:
        raise UsageError(
            f"target_lang {visible(language)!r} is none of {some(languages) or 'them: there are none'}"
        )
    chosen = vocabulary.ids if language is None else languages[language]
    letters = Letters(chosen, _added(records, settings.added), upper=bool(lower))
    named = [token for token in (*special.values(), *settings.extra) if token is not None]
    there = {token.content for token in letters.added.values()}
    letters.add_special_tokens(_as_token(token) for token in named if str(token) not in there)
    letters.add_words()
    return CtcTokenizer(
        letters,
        settings._replace(
            special=special,
            saved={
                **{name: values[name] for name in ("processor_class", *_FOR_PROCESSORS) if name in values},
                "do_lower_case": bool(lower),
                "replace_word_delimiter_char": space,
                "target_lang": language,
            },
        ),
        languages=languages,
        class_name=known.name,
        name_or_path=name_or_path,
        writer=writer,
    )


def _added(records: Records, tokens: Iterable[AddedToken]) -> dict[int, AddedToken]:
    """Added tokens by the ids that their files give them."""
    values = records.config.values if records.config else {}
    described = values.get("added_tokens_decoder")
    ids: dict[str, int] = {}
    if isinstance(described, dict):
        entries = cast("Mapping[str, Mapping[str, Any]]", described)
        ids = {str(entry["content"]): int(index) for index, entry in entries.items()}
    else:
        ids.update(records.added.ids if records.added else {})
        for entry in records.tokenizer.added_tokens if records.tokenizer else ():
            ids[str(entry["content"])] = cast("int", entry["id"])
    return {ids[token.content]: token for token in tokens if token.content in ids}


def _as_token(token: str | AddedToken) -> AddedToken:
    if isinstance(token, AddedToken):
        return token
    return AddedToken(token, rstrip=False, lstrip=False, normalized=False, special=True)
