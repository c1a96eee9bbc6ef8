"""VerifiedSnapshot -> Tokenizer, from judged records alone.

The tokenizers library never sees a file of a repository: it gets a vocabulary and settings, or the
canonical form of the judged `tokenizer.json`.

Classes of the BERT family make their own normaliser and pre-tokeniser from `do_lower_case`,
`strip_accents` and `tokenize_chinese_chars`, and take from tokenizer.json only the vocabulary and the
added tokens. That is what transformers 5 does, too; where the file says something else, a warning
tells.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, TypeVar

from safeload.core import visible
from safeload.errors import FormatError, UsageError
from safeload.formats.json_strict import parse_json
from safeload.formats.layout import CONFIG
from safeload.formats.tokenizer_classes import CLASSES, MODEL_TYPES, TokenizerClass, choose_class
from safeload.formats.tokenizer_config import AddedTokens, SpecialTokensMap, Template, TokenizerConfig
from safeload.formats.tokenizer_json import TokenizerJson
from safeload.formats.vocabulary import Vocabulary
from safeload.limits import DEFAULT_LIMITS
from safeload.preprocessing.settings import Records, Settings, settings_of
from safeload.preprocessing.tokenizer import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import tokenizers

    from safeload.core import VerifiedSnapshot
    from safeload.preprocessing.tokenizer import Writer

_Record = TypeVar("_Record")


def load_tokenizer(
    snapshot: VerifiedSnapshot,
    *,
    name_or_path: str = "",
    tokenizer_type: str | None = None,
    writer: Writer | None = None,
    **arguments: Any,  # noqa: ANN401 - checked against a closed list
) -> Tokenizer:
    """The tokenizer of an admitted snapshot.

    Args:
        snapshot: what was admitted.
        name_or_path: what the user asked for, kept as an attribute.
        tokenizer_type: a model type, to choose the class by instead of the configuration.
        writer: what `save_pretrained` writes with.
        **arguments: settings that replace those of tokenizer_config.json.

    Raises:
        UsageError: the class is not supported, a file is missing, or an argument is unknown.
    """
    records = _records(snapshot)
    known = _class(snapshot, records.config, tokenizer_type)
    if known.build == "ctc":
        from safeload.preprocessing.ctc import load_ctc  # only speech recognisers write letters

        vocabulary = _record(snapshot, "vocab.json", Vocabulary)
        return load_ctc(known, records, vocabulary, arguments, name_or_path=name_or_path, writer=writer)
    settings = settings_of(known, records, arguments)
    backend = _BUILDERS[known.build](known, records, settings)
    return Tokenizer(
        backend,
        settings,
        class_name=known.name,
        name_or_path=name_or_path,
        chat_template=_template(records),
        writer=writer,
    )


def _records(snapshot: VerifiedSnapshot) -> Records:
    vocabulary = _record(snapshot, "vocab.txt", Vocabulary)
    template = _record(snapshot, "chat_template.jinja", Template)
    return Records(
        tokenizer=_record(snapshot, "tokenizer.json", TokenizerJson),
        config=_record(snapshot, "tokenizer_config.json", TokenizerConfig),
        special=_record(snapshot, "special_tokens_map.json", SpecialTokensMap),
        added=_record(snapshot, "added_tokens.json", AddedTokens),
        vocab=vocabulary.ids if vocabulary else None,
        template=template.text if template else None,
    )


def _record(snapshot: VerifiedSnapshot, path: str, kind: type[_Record]) -> _Record | None:
    """The record of a file that may be absent; a file without its record is an error, not absent."""
    if path not in snapshot.paths:
        return None
    record = snapshot.record(path)
    if not isinstance(record, kind):
        reason = snapshot.artifact(path).reason or "it was not read as one"
        raise UsageError(f"{path} cannot be used: {visible(reason)}")
    return record


def _class(
    snapshot: VerifiedSnapshot, config: TokenizerConfig | None, tokenizer_type: str | None
) -> TokenizerClass:
    if tokenizer_type is not None:
        if tokenizer_type not in MODEL_TYPES:
            raise UsageError(f"tokenizer_type {tokenizer_type!r} is not a model type in the table")
        name = MODEL_TYPES[tokenizer_type]
    else:
        model_type, named = _model_type(snapshot)
        name = choose_class(
            named=(config.tokenizer_class if config else None) or named, model_type=model_type
        )
    known = CLASSES.get(name)
    if known is None:
        raise UsageError(f"the tokenizer class {visible(name)} is not in the table of known classes")
    return known


def _model_type(snapshot: VerifiedSnapshot) -> tuple[str | None, str | None]:
    """`model_type` and `tokenizer_class` of config.json, read from the judged bytes."""
    if CONFIG not in snapshot.paths:
        return None, None
    try:
        value = parse_json(snapshot.content(CONFIG), DEFAULT_LIMITS)
    except FormatError as error:
        raise UsageError(f"{CONFIG} cannot be used: {error}") from error
    found = value if isinstance(value, dict) else {}
    model_type, named = found.get("model_type"), found.get("tokenizer_class")
    return (
        model_type if isinstance(model_type, str) else None,
        named if isinstance(named, str) else None,
    )


def _template(records: Records) -> str | None:
    if records.template is not None:
        return records.template
    templates = records.config.templates if records.config else ()
    return next((template.text for template in templates if template.name == "default"), None)


def _build_bert(known: TokenizerClass, records: Records, settings: Settings) -> tokenizers.Tokenizer:
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


def _build_mpnet(known: TokenizerClass, records: Records, settings: Settings) -> tokenizers.Tokenizer:
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

    return _checked(build, settings, finish)


def _build_file(known: TokenizerClass, records: Records, settings: Settings) -> tokenizers.Tokenizer:
    """The canonical form of tokenizer.json, as it stands."""
    import tokenizers
    from tokenizers import processors

    record = records.tokenizer
    if record is None:
        raise UsageError(
            f"{known.name} needs tokenizer.json: other forms (sentencepiece, tiktoken, vocab.json with "
            "merges.txt) are not read; convert the tokenizer once with its original library"
        )

    def build() -> tokenizers.Tokenizer:
        return tokenizers.Tokenizer.from_str(record.canonical().decode("utf-8"))

    def finish(backend: tokenizers.Tokenizer) -> None:
        if record.document.get("post_processor") is None:
            backend.post_processor = processors.TemplateProcessing(
                single="$A:0", pair="$A:0 $B:1", special_tokens=[]
            )

    return _checked(build, settings, finish)


def _unsupported(known: TokenizerClass, records: Records, settings: Settings) -> tokenizers.Tokenizer:  # noqa: ARG001 - one signature
    supported = sorted({entry.name for entry in CLASSES.values() if entry.build != "unsupported"})
    raise UsageError(f"{known.name} is not supported; these are: {', '.join(supported)}")


_BUILDERS: Mapping[str, Callable[[TokenizerClass, Records, Settings], tokenizers.Tokenizer]] = {
    "bert": _build_bert,
    "mpnet": _build_mpnet,
    "file": _build_file,
    "ctc": _unsupported,  # has no backend of the tokenizers library
    "unsupported": _unsupported,
}


def _checked(
    build: Callable[[], tokenizers.Tokenizer],
    settings: Settings,
    finish: Callable[[tokenizers.Tokenizer], None],
) -> tokenizers.Tokenizer:
    """Build, add the tokens that the model lacks in the order that fixes their ids, then finish.

    Raises:
        UsageError: the library refuses the record.
    """
    try:
        backend = build()
        backend.encode_special_tokens = settings.split_special_tokens
        wanted = _tokens_to_add(backend, settings)
        if wanted:
            backend.add_tokens(wanted)
        finish(backend)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the library is no Exception
        raise UsageError(f"the tokenizers library refuses this tokenizer: {visible(str(error))}") from error
    return backend


def _tokens_to_add(backend: tokenizers.Tokenizer, settings: Settings) -> list[tokenizers.AddedToken]:
    from tokenizers import AddedToken

    wanted: list[str | AddedToken] = list(settings.added)
    there = {token.content for token in backend.get_added_tokens_decoder().values()}
    there.update(token.content for token in settings.added)
    for token in (*settings.special.values(), *settings.extra):
        if token is not None and str(token) not in there:
            wanted.append(token)
            there.add(str(token))
    named = {str(token) for token in settings.special.values() if token}
    result = []
    for item in wanted:
        token = AddedToken(item, special=True) if isinstance(item, str) else item
        if not token.special and str(token) in named:
            token.special = True
        result.append(token)
    return result


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
