"""A recipe and judged vocabularies -> a tokenizer of the tokenizers library.

Parts go in as canonical JSON and the vocabulary as plain values: the library sees no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from safeload.core import visible
from safeload.errors import UsageError
from safeload.formats.json_strict import dump_canonical
from safeload.formats.tokenizer_classes import PLAIN, SENTENCEPIECE
from safeload.preprocessing.recipe_parts import Need, Recipe, ends
from safeload.preprocessing.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import tokenizers

    from safeload.core import Json
    from safeload.formats.sentencepiece import SentencePieceModel
    from safeload.formats.tokenizer_classes import TokenizerClass
    from safeload.formats.tokenizer_json import TokenizerJson
    from safeload.preprocessing.recipe_parts import Lookup, Part
    from safeload.preprocessing.settings import Records, Settings

    Steps = tuple[Callable[[], tokenizers.Tokenizer], Callable[[tokenizers.Tokenizer], None]]

_SECTIONS = ("normalizer", "pre_tokenizer", "post_processor", "decoder")


def build_own(known: TokenizerClass, records: Records, settings: Settings) -> Steps:
    """What builds the tokenizer of a class with a recipe, and what finishes it once it has its tokens.

    Raises:
        UsageError: the vocabulary is missing or of another kind.
    """
    model = records.sentencepiece
    if records.tokenizer is not None:
        pieces = pieces_of(records.tokenizer)
    elif model is not None:
        return _from_sentencepiece(known, model, records, settings)
    elif records.vocab_json is not None and records.merges is not None and known.name not in SENTENCEPIECE:
        pieces = Pieces("BPE", records.vocab_json, records.merges)
    else:
        files = SENTENCEPIECE.get(known.name, "vocab.json with merges.txt")
        raise UsageError(
            f"{known.name} needs tokenizer.json or {files}; other forms (tiktoken, tekken) are not read"
        )
    recipe = RECIPES[known.name](Need(settings.values, settings.special, pieces.charsmap))
    if pieces.model != recipe.model:
        raise UsageError(f"{known.name} needs a {recipe.model} model, not {pieces.model}")
    return _built(known, recipe, pieces, records, settings)


def _from_sentencepiece(
    known: TokenizerClass, model: SentencePieceModel, records: Records, settings: Settings
) -> Steps:
    from safeload.preprocessing import spm  # most tokenizers have tokenizer.json

    if known.name == PLAIN:
        recipe = spm.plain_recipe(model)
    else:
        values = {**settings.values, "unk_id": model.settings.unk_id}
        recipe = RECIPES[known.name](Need(values, settings.special, spm.charsmap_of(model)))
    if recipe.model == "Unigram":
        pieces = Pieces("Unigram", spm.scored(known, model, settings))
    else:
        vocab = spm.ids(model)
        pairs = spm.merges(vocab)
        if known.name == PLAIN:
            vocab = spm.renamed(vocab, settings.placed)
        pieces = Pieces("BPE", vocab, pairs)
    return _built(known, recipe, pieces, records, settings)


def _built(
    known: TokenizerClass, recipe: Recipe, pieces: Pieces, records: Records, settings: Settings
) -> Steps:
    def build() -> tokenizers.Tokenizer:
        import tokenizers

        backend = tokenizers.Tokenizer(_model(recipe, pieces))
        set_parts(
            backend,
            normalizer=recipe.normalizer,
            pre_tokenizer=recipe.pre_tokenizer,
            decoder=recipe.decoder,
        )
        return backend

    def finish(backend: tokenizers.Tokenizer) -> None:
        lookup = lookup_in(backend, settings)
        document = records.tokenizer.document if records.tokenizer else {}
        if recipe.finish is not None:
            set_parts(backend, post_processor=recipe.finish(lookup))
            return
        found = document.get("post_processor")
        if found is not None:
            set_parts(backend, post_processor=cast("Part", found))
        elif recipe.otherwise is not None:
            set_parts(backend, post_processor=recipe.otherwise(lookup))
        set_ends(backend, settings, lookup)
        if known.name == "Qwen2Tokenizer":  # its class adds them once more
            add_special(backend, settings)

    return build, finish


class Pieces:
    """A vocabulary, whatever file it is from."""

    __slots__ = ("charsmap", "merges", "model", "vocab")

    def __init__(
        self,
        model: str,
        vocab: Mapping[str, int] | Sequence[tuple[str, float]],
        merges: Sequence[tuple[str, str]] = (),
        charsmap: Part | None = None,
    ) -> None:
        self.model = model
        self.vocab = vocab
        self.merges = merges
        self.charsmap = charsmap


def pieces_of(record: TokenizerJson) -> Pieces:
    """Vocabulary, merges and normalisation table of a judged tokenizer.json."""
    model = cast("Mapping[str, Any]", record.document["model"])
    charsmap = _charsmap(record.document.get("normalizer"))
    if record.model_type == "Unigram":
        return Pieces("Unigram", [(text, float(score)) for text, score in model["vocab"]], (), charsmap)
    merges: list[Any] = [
        tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge)
        for merge in model.get("merges") or ()
    ]
    return Pieces(record.model_type, model["vocab"], merges, charsmap)


def _charsmap(normalizer: Json) -> Part | None:
    """The first normaliser with a table, at the top or in a sequence there."""
    if not isinstance(normalizer, dict):
        return None
    inner = normalizer.get("normalizers") if normalizer.get("type") == "Sequence" else [normalizer]
    for item in inner if isinstance(inner, list) else ():
        if isinstance(item, dict) and item.get("type") == "Precompiled" and item.get("precompiled_charsmap"):
            return item
    return None


def _model(recipe: Recipe, pieces: Pieces) -> Any:  # noqa: ANN401 - a model of the library
    from tokenizers import models

    options = dict(recipe.options)
    if recipe.model == "BPE":
        return models.BPE(
            vocab=dict(cast("Mapping[str, int]", pieces.vocab)), merges=pieces.merges, **options
        )
    vocab = cast("list[tuple[str, float]]", pieces.vocab)
    zero = options.pop("unk_zero", None)
    unknown = options["unk_id"]
    if zero is not None and (zero, 0.0) in vocab:
        unknown = vocab.index((zero, 0.0))
    elif isinstance(unknown, str):
        unknown = next((index for index, (text, _) in enumerate(vocab) if text == unknown), 0)
    fallback = bool(options.get("byte_fallback", False))
    return models.Unigram(vocab=vocab, unk_id=unknown, byte_fallback=fallback)


def set_parts(backend: tokenizers.Tokenizer, **parts: Part | None) -> None:
    """Give a tokenizer parts that are described as tokenizer.json does it."""
    import tokenizers

    document: dict[str, Any] = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": []}
    document.update(dict.fromkeys(_SECTIONS))
    document.update(parts)
    document["model"] = {"type": "WordLevel", "vocab": {}, "unk_token": ""}
    made = tokenizers.Tokenizer.from_str(dump_canonical(document).decode("utf-8"))
    for section, value in parts.items():
        if value is not None:
            setattr(backend, section, getattr(made, section))


def lookup_in(backend: tokenizers.Tokenizer, settings: Settings) -> Lookup:
    """Text and id of a named special token.

    Raises, when it is called:
        UsageError: the tokenizer has no such token.
    """

    def lookup(name: str) -> tuple[str, int]:
        text = str(settings.special.get(name))
        index = backend.token_to_id(text)
        if index is None:
            raise UsageError(f"the vocabulary has no {name}, which this class puts around each text")
        return text, index

    return lookup


def set_ends(backend: tokenizers.Tokenizer, settings: Settings, lookup: Lookup) -> None:
    """The plain class's post-processor, where it is asked for or there is no other."""
    asked = settings.add_bos_token is not None or settings.add_eos_token is not None
    if asked or backend.post_processor is None:
        made = ends(settings.special, bos=bool(settings.add_bos_token), eos=bool(settings.add_eos_token))
        set_parts(backend, post_processor=made(lookup))


def add_special(backend: tokenizers.Tokenizer, settings: Settings) -> None:
    """Add every special token that is set, as its text."""
    from tokenizers import AddedToken

    tokens = [*settings.special.values(), *settings.extra]
    texts = dict.fromkeys(str(token) for token in tokens if token is not None)
    backend.add_tokens([AddedToken(text, special=True) for text in texts])


def checked(
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
    except (KeyboardInterrupt, SystemExit, MemoryError, UsageError):
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
