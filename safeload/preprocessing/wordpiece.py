"""WordPiece tokenizers of the BERT family: the vocabulary is the file's, everything else the class's own.

Normaliser and pre-tokeniser are made from `do_lower_case`, `strip_accents` and `tokenize_chinese_chars`, as
in transformers 5. Where tokenizer.json says something else, a warning tells.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from safeload.errors import UsageError
from safeload.preprocessing.backends import checked

if TYPE_CHECKING:
    from collections.abc import Callable

    import tokenizers

    from safeload.formats.tokenizer_classes import TokenizerClass
    from safeload.formats.tokenizer_json import TokenizerJson
    from safeload.preprocessing.settings import Records, Settings


def build_bert(known: TokenizerClass, records: Records, settings: Settings) -> tokenizers.Tokenizer:
    """The tokenizer of BERT: `[CLS]` before a text and `[SEP]` behind each.

    Raises:
        UsageError: there is no vocabulary, or the library refuses it.
    """
    from tokenizers import processors

    def finish(backend: tokenizers.Tokenizer) -> None:
        cls, cls_id = _marker(backend, settings, "cls_token", 2)
        sep, sep_id = _marker(backend, settings, "sep_token", 3)
        backend.post_processor = processors.TemplateProcessing(
            single=f"{cls}:0 $A:0 {sep}:0",
            pair=f"{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1",
            special_tokens=[(cls, cls_id), (sep, sep_id)],
        )

    return _build_wordpiece(known, records, settings, finish)


def build_mpnet(known: TokenizerClass, records: Records, settings: Settings) -> tokenizers.Tokenizer:
    """The same with the marks of RoBERTa.

    Raises:
        UsageError: there is no vocabulary, or the library refuses it.
    """
    from tokenizers import processors

    def finish(backend: tokenizers.Tokenizer) -> None:
        backend.post_processor = processors.RobertaProcessing(
            _marker(backend, settings, "sep_token", 2),
            _marker(backend, settings, "cls_token", 0),
            trim_offsets=True,
            add_prefix_space=False,
        )

    return _build_wordpiece(known, records, settings, finish)


def _marker(backend: tokenizers.Tokenizer, settings: Settings, name: str, otherwise: int) -> tuple[str, int]:
    """A marker and its id; `otherwise` where the vocabulary lacks it."""
    text = str(settings.special[name])
    index = backend.token_to_id(text)
    return text, otherwise if index is None else index


def _build_wordpiece(
    known: TokenizerClass,
    records: Records,
    settings: Settings,
    finish: Callable[[tokenizers.Tokenizer], None],
) -> tokenizers.Tokenizer:
    """WordPiece over the judged vocabulary, with normaliser and pre-tokeniser from the settings."""
    import tokenizers
    from tokenizers import decoders, models, normalizers, pre_tokenizers

    if records.tokenizer is not None:
        if records.tokenizer.model_type != "WordPiece":
            raise UsageError(f"{known.name} needs a WordPiece model, not {records.tokenizer.model_type}")
        vocab = records.tokenizer.vocab
        _warn_of_difference(known, records.tokenizer, settings)
    elif records.vocab is not None:
        vocab = records.vocab
    else:
        raise UsageError(f"{known.name} needs tokenizer.json or vocab.txt, and the snapshot has neither")
    unknown = settings.special["unk_token"]

    def build() -> tokenizers.Tokenizer:
        backend = tokenizers.Tokenizer(
            models.WordPiece(dict(vocab), unk_token="[UNK]" if unknown is None else str(unknown))
        )
        backend.normalizer = normalizers.BertNormalizer(
            clean_text=True,
            handle_chinese_chars=settings.tokenize_chinese_chars,
            strip_accents=settings.strip_accents,
            lowercase=settings.do_lower_case,
        )
        backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        backend.decoder = decoders.WordPiece(prefix="##")
        return backend

    return checked(build, settings, finish)


def _warn_of_difference(known: TokenizerClass, record: TokenizerJson, settings: Settings) -> None:
    made = {
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": settings.tokenize_chinese_chars,
            "strip_accents": settings.strip_accents,
            "lowercase": settings.do_lower_case,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
    }
    for part, expected in made.items():
        if record.document.get(part) != expected:
            warnings.warn(
                f"{known.name} makes its {part} from the settings (do_lower_case, strip_accents, "
                f"tokenize_chinese_chars), and tokenizer.json describes another one, which is not used",
                stacklevel=2,
            )
