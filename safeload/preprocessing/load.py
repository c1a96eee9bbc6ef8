"""VerifiedSnapshot -> Tokenizer, from judged records alone.

The tokenizers library never sees a file of a repository: it gets a vocabulary and settings, or the
canonical form of the judged `tokenizer.json`.

Many classes make everything but the vocabulary themselves (`wordpiece`, `recipes`); the others are what their
tokenizer.json says. How each class is built stands in one table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from safeload.core import visible
from safeload.errors import FormatError, UsageError
from safeload.formats.json_strict import parse_json
from safeload.formats.layout import CONFIG, template_name
from safeload.formats.tokenizer_classes import (
    CLASSES,
    MODEL_TYPES,
    PLAIN,
    SENTENCEPIECE,
    TokenizerClass,
    choose_class,
)
from safeload.formats.tokenizer_config import (
    CONFIG_TEMPLATE,
    AddedTokens,
    SpecialTokensMap,
    Template,
    TokenizerConfig,
)
from safeload.formats.tokenizer_json import TokenizerJson
from safeload.formats.vocabulary import Merges, Vocabulary
from safeload.limits import DEFAULT_LIMITS
from safeload.preprocessing.backends import build_own, checked, lookup_in, set_ends
from safeload.preprocessing.settings import Records, Settings, settings_of
from safeload.preprocessing.tokenizer import Tokenizer
from safeload.preprocessing.wordpiece import build_bert, build_mpnet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import tokenizers

    from safeload.core import VerifiedSnapshot
    from safeload.formats.sentencepiece import SentencePieceModel
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
    known = _class(snapshot, records, tokenizer_type)
    if known.build == "ctc":
        from safeload.preprocessing.ctc_load import load_ctc  # only speech recognisers write letters

        vocabulary = _record(snapshot, "vocab.json", Vocabulary)
        return load_ctc(known, records, vocabulary, arguments, name_or_path=name_or_path, writer=writer)
    settings = settings_of(known, records, arguments)
    backend = _BUILDERS[known.build](known, records, settings)
    kind = Tokenizer
    if known.boxes:
        from safeload.preprocessing.box_tokenizer import BoxTokenizer  # one family needs it

        kind = BoxTokenizer
    return kind(
        backend,
        settings,
        class_name=known.name,
        name_or_path=name_or_path,
        chat_template=_template(records, arguments.get("chat_template")),
        writer=writer,
    )


def vocabulary_model(snapshot: VerifiedSnapshot, tokenizer_type: str | None = None) -> str | None:
    """The sentencepiece model that this tokenizer has to be built from, or None where it needs none.

    Raises:
        UsageError: the class is not supported, or a file cannot be used.
    """
    if "tokenizer.json" in snapshot.paths:
        return None
    usual = SENTENCEPIECE.get(_class(snapshot, _records(snapshot), tokenizer_type).name)
    if usual is None:
        return None
    return next((name for name in ("tokenizer.model", usual) if name in snapshot.paths), None)


def _records(snapshot: VerifiedSnapshot) -> Records:
    vocabulary = _record(snapshot, "vocab.txt", Vocabulary)
    templates = {
        name: template.text
        for path in snapshot.paths
        if (name := template_name(path)) is not None
        and (template := _record(snapshot, path, Template)) is not None
    }
    tokenizer = _record(snapshot, "tokenizer.json", TokenizerJson)
    if tokenizer is None:
        words = _record(snapshot, "vocab.json", Vocabulary)
        merges = _record(snapshot, "merges.txt", Merges)
        model = _sentencepiece(snapshot)
    else:  # then nothing of these matters
        words = merges = model = None
    return Records(
        tokenizer=tokenizer,
        vocab_json=words.ids if words else None,
        merges=merges.pairs if merges else None,
        sentencepiece=model,
        config=_record(snapshot, "tokenizer_config.json", TokenizerConfig),
        special=_record(snapshot, "special_tokens_map.json", SpecialTokensMap),
        added=_record(snapshot, "added_tokens.json", AddedTokens),
        vocab=vocabulary.ids if vocabulary else None,
        templates=templates,
    )


def _sentencepiece(snapshot: VerifiedSnapshot) -> SentencePieceModel | None:
    """The model that was asked for, if one was."""
    path = next(filter(snapshot.hands_out, SENTENCEPIECE.values()), None)
    if path is None:
        return None
    from safeload.formats.sentencepiece import SentencePieceModel  # most tokenizers have tokenizer.json

    return _record(snapshot, path, SentencePieceModel)


def _record(snapshot: VerifiedSnapshot, path: str, kind: type[_Record]) -> _Record | None:
    """The record of a file that may be absent; a file without its record is an error, not absent."""
    if path not in snapshot.paths:
        return None
    record = snapshot.record(path)
    if not isinstance(record, kind):
        reason = snapshot.artifact(path).reason or "it was not read as one"
        raise UsageError(f"{path} cannot be used: {visible(reason)}")
    return record


def _class(snapshot: VerifiedSnapshot, records: Records, tokenizer_type: str | None) -> TokenizerClass:
    config, record = records.config, records.tokenizer
    byte_level = record is not None and record.works_on_bytes
    if tokenizer_type is not None:
        if tokenizer_type not in MODEL_TYPES:
            raise UsageError(f"tokenizer_type {tokenizer_type!r} is not a model type in the table")
        name = MODEL_TYPES[tokenizer_type]
    else:
        model_type, named = _model_type(snapshot)
        name = choose_class(
            named=(config.tokenizer_class if config else None) or named,
            model_type=model_type,
            byte_level=byte_level,
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


def _template(records: Records, argument: Any) -> str | dict[str, str] | None:  # noqa: ANN401 - checked here
    """The caller's template, else those of files, else those of tokenizer_config.json."""
    if isinstance(argument, list) and all(isinstance(item, dict) for item in argument):
        argument = {item.get("name"): item.get("template") for item in argument}
    if argument is not None:
        named = isinstance(argument, dict) and all(
            isinstance(name, str) and isinstance(text, str) for name, text in argument.items()
        )
        if not isinstance(argument, str) and not named:
            raise UsageError("chat_template is a text, or texts by name")
        return argument  # type: ignore[no-any-return]  # just checked
    if records.templates:
        templates = dict(records.templates)
        return templates["default"] if templates.keys() == {"default"} else templates
    found = records.config.templates if records.config else ()
    if len(found) == 1 and found[0].where == CONFIG_TEMPLATE:
        return found[0].text
    return {template.name: template.text for template in found} or None


def _build_file(known: TokenizerClass, records: Records, settings: Settings) -> tokenizers.Tokenizer:
    """The canonical form of tokenizer.json, as it stands."""
    import tokenizers

    record = records.tokenizer
    if record is None and known.name == PLAIN and records.sentencepiece is not None:
        return _build_own(known, records, settings)
    if record is None:
        raise UsageError(
            f"{known.name} needs tokenizer.json: its other forms (sentencepiece, tiktoken, vocab.json with "
            "merges.txt) are not read; convert the tokenizer once with its original library"
        )

    def build() -> tokenizers.Tokenizer:
        return tokenizers.Tokenizer.from_str(record.canonical().decode("utf-8"))

    def finish(backend: tokenizers.Tokenizer) -> None:
        set_ends(backend, settings, lookup_in(backend, settings))

    return checked(build, settings, finish)


def _build_own(known: TokenizerClass, records: Records, settings: Settings) -> tokenizers.Tokenizer:
    build, finish = build_own(known, records, settings)
    return checked(build, settings, finish)


def _unsupported(known: TokenizerClass, records: Records, settings: Settings) -> tokenizers.Tokenizer:  # noqa: ARG001 - one signature
    supported = sorted({entry.name for entry in CLASSES.values() if entry.build != "unsupported"})
    raise UsageError(f"{known.name} is not supported; these are: {', '.join(supported)}")


_BUILDERS: Mapping[str, Callable[[TokenizerClass, Records, Settings], tokenizers.Tokenizer]] = {
    "bert": build_bert,
    "mpnet": build_mpnet,
    "own": _build_own,
    "file": _build_file,
    "ctc": _unsupported,  # has no backend of the tokenizers library
    "unsupported": _unsupported,
}
