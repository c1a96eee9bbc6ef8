"""tokenizer.json against the schema: what the library writes parses, and everything else is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.formats import tokenizer_json as format_
from safeload.formats.json_strict import parse_json
from safeload.formats.tokenizer_json import RegexUse, parse_tokenizer_json
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.tokenizers import VOCABULARY, tokenizer_json


def parse(document: Any) -> format_.TokenizerJson:
    return parse_tokenizer_json(BytesView(json.dumps(document).encode()), DEFAULT_LIMITS)


def model(**fields: Any) -> dict[str, Any]:
    return tokenizer_json(model={**tokenizer_json()["model"], **fields})


def bpe(**fields: Any) -> dict[str, Any]:
    plain = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}
    return tokenizer_json(model={**plain, **fields}, added_tokens=[])


def mark(**fields: Any) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    return {"id": 7, "content": "<x>", **flags, **fields}


def test_record() -> None:
    """The record has the vocabulary, the added tokens and the type."""
    record = parse(tokenizer_json())
    assert record.model_type == "WordPiece"
    assert record.vocab == {token: index for index, token in enumerate(VOCABULARY)}
    assert [token["content"] for token in record.added_tokens][:2] == ["[PAD]", "[UNK]"]
    assert record.regexes == ()


def test_canonical_form_is_the_record_without_dormant_lengths() -> None:
    """The library gets the judged document; a fixed padding of the file is not among it."""
    padding = {
        "strategy": {"Fixed": 2_000_000_000}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
        "pad_type_id": 0, "pad_token": "[PAD]",
    }  # fmt: skip
    record = parse(tokenizer_json(padding=padding))
    again = parse_json(record.canonical(), DEFAULT_LIMITS)
    assert again == tokenizer_json(padding=None)


def test_what_the_library_writes_parses() -> None:
    """Every part that the library can write is in the schema, and comes back the same."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    parts = {
        "normalizer": [
            normalizers.BertNormalizer(), normalizers.Strip(), normalizers.Replace("a", "b"),
            normalizers.Replace(Regex(" {2,}"), " "), normalizers.Prepend("x"), normalizers.ByteLevel(),
            normalizers.Nmt(), normalizers.NFC(), normalizers.NFD(), normalizers.NFKC(), normalizers.NFKD(),
            normalizers.Lowercase(), normalizers.StripAccents(),
            normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()]),
        ],
        "pre_tokenizer": [
            pre_tokenizers.ByteLevel(), pre_tokenizers.CharDelimiterSplit("x"), pre_tokenizers.Metaspace(),
            pre_tokenizers.Split(Regex("a+"), "isolated"), pre_tokenizers.Punctuation(),
            pre_tokenizers.Digits(), pre_tokenizers.FixedLength(3), pre_tokenizers.UnicodeScripts(),
            pre_tokenizers.Whitespace(), pre_tokenizers.WhitespaceSplit(), pre_tokenizers.BertPreTokenizer(),
            pre_tokenizers.Sequence([pre_tokenizers.Digits(), pre_tokenizers.ByteLevel()]),
        ],
        "decoder": [
            decoders.BPEDecoder(), decoders.ByteLevel(), decoders.WordPiece(), decoders.Metaspace(),
            decoders.CTC(), decoders.Replace("a", "b"), decoders.Fuse(), decoders.Strip("a", 1, 1),
            decoders.ByteFallback(), decoders.Sequence([decoders.Fuse(), decoders.ByteFallback()]),
        ],
        "post_processor": [
            processors.BertProcessing(("a", 1), ("b", 2)), processors.RobertaProcessing(("a", 1), ("b", 2)),
            processors.ByteLevel(), processors.TemplateProcessing("x $A", "x $A $B", [("x", 1)]),
            processors.Sequence([processors.ByteLevel(), processors.ByteLevel()]),
        ],
    }  # fmt: skip
    for name, values in parts.items():
        for value in values:
            tokenizer = Tokenizer(models.BPE())
            setattr(tokenizer, name, value)
            tokenizer.enable_padding(length=4)
            tokenizer.enable_truncation(9)
            tokenizer.add_tokens(["x"])
            written = json.loads(tokenizer.to_str())
            assert dict(parse(written).document) == written
    for value in (models.WordPiece({"a": 0}), models.WordLevel({"a": 0}), models.Unigram([("a", 0.5)], 0)):
        written = json.loads(Tokenizer(value).to_str())
        record = parse(written)
        assert dict(record.document) == written
        assert Tokenizer.from_str(record.canonical().decode()).to_str() == Tokenizer(value).to_str()


def test_expressions_are_listed_with_their_place() -> None:
    """Each regular expression of each part, in a fixed order; a plain string is none."""
    split = {"type": "Split", "pattern": {"Regex": "(a+)+"}, "behavior": "Isolated", "invert": False}
    record = parse(
        tokenizer_json(
            normalizer={"type": "Replace", "pattern": {"String": "(b+)+"}, "content": ""},
            pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, split]},
            decoder={"type": "Replace", "pattern": {"Regex": "c"}, "content": ""},
        )
    )
    assert record.regexes == (
        RegexUse(where="pre_tokenizer.pretokenizers.1.pattern", pattern="(a+)+"),
        RegexUse(where="decoder.pattern", pattern="c"),
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"vocab": {"a": 0}, "merges": []}, "BPE"),
        ({"vocab": {"a": 0}, "unk_token": "a", "continuing_subword_prefix": "##",
          "max_input_chars_per_word": 9}, "WordPiece"),
        ({"vocab": {"a": 0}, "unk_token": "a"}, "WordLevel"),
        ({"vocab": [["a", 0.5]], "unk_id": 0}, "Unigram"),
    ],
)  # fmt: skip
def test_models_without_type(fields: dict[str, Any], expected: str) -> None:
    """An old file's model gets its type, and the library agrees on it."""
    from tokenizers import Tokenizer

    record = parse(tokenizer_json(model=fields, added_tokens=[]))
    assert record.model_type == expected
    backend = Tokenizer.from_str(record.canonical().decode())
    assert type(backend.model).__name__ == expected


WRONG: list[tuple[str, Any, str]] = [
    ("no object", [], "TokenizerJsonNotAnObject"),
    ("no version", {**tokenizer_json(), "version": "2.0"}, "TokenizerVersionUnknown"),
    ("no model", tokenizer_json(model=None), "TokenizerModelMissing"),
    ("path key", {**tokenizer_json(), "vocab_file": "/etc/passwd"}, "TokenizerFieldUnknown"),
    ("path in model", model(vocab_file="../x"), "TokenizerFieldUnknown"),
    ("model type", model(type="Pickle"), "TokenizerTypeUnknown"),
    ("model type list", model(type=["BPE"]), "TokenizerTypeUnknown"),
    ("part type", tokenizer_json(normalizer={"type": "Python"}), "TokenizerTypeUnknown"),
    ("part of another section", tokenizer_json(decoder={"type": "BertNormalizer"}), "TokenizerTypeUnknown"),
    ("part no object", tokenizer_json(decoder="Fuse"), "TokenizerJsonNotAnObject"),
    ("part field", tokenizer_json(decoder={"type": "Fuse", "path": "x"}), "TokenizerFieldUnknown"),
    ("flag", tokenizer_json(pre_tokenizer={"type": "Digits", "individual_digits": 1}), "TokenizerFieldWrong"),
    ("behaviour", tokenizer_json(pre_tokenizer={"type": "Punctuation", "behavior": "Eval"}),
     "TokenizerFieldWrong"),
    ("pattern", tokenizer_json(decoder={"type": "Replace", "pattern": {"Regex": 1}, "content": ""}),
     "TokenizerFieldWrong"),
    ("sequence", tokenizer_json(decoder={"type": "Sequence", "decoders": {}}), "TokenizerFieldWrong"),
    ("sequence field", tokenizer_json(decoder={"type": "Sequence", "decoders": [], "x": 1}),
     "TokenizerFieldUnknown"),
    ("many parts", tokenizer_json(decoder={"type": "Sequence", "decoders": [{"type": "Fuse"}] * 300}),
     "TokenizerTooLarge"),
    ("template", tokenizer_json(post_processor={"type": "TemplateProcessing", "single": [{"Code": {}}]}),
     "TokenizerFieldWrong"),
    ("template tokens", tokenizer_json(post_processor={
        "type": "TemplateProcessing", "special_tokens": {"x": {"id": "x", "ids": [1, 2], "tokens": ["x"]}}}),
     "TokenizerFieldWrong"),
    ("id text", model(vocab={"a": "0"}), "TokenIdInvalid"),
    ("id flag", model(vocab={"a": True}), "TokenIdInvalid"),
    ("id negative", model(vocab={"a": -1}), "TokenIdInvalid"),
    ("id large", model(vocab={"a": 1 << 31}), "TokenIdInvalid"),
    ("id twice", model(vocab={"a": 0, "b": 0}), "TokenIdRepeated"),
    ("vocab list", model(vocab=["a"]), "TokenizerJsonNotAnObject"),
    ("no vocab", tokenizer_json(model={"type": "WordPiece"}), "TokenizerJsonNotAnObject"),
    ("long word", model(max_input_chars_per_word=10**6), "TokenizerFieldWrong"),
    ("long token", model(vocab={"a" * 9000: 0}), "TokenTooLong"),
    ("long piece", tokenizer_json(model={"type": "Unigram", "vocab": [["a" * 9000, 0]]}), "TokenTooLong"),
    ("long replacement", tokenizer_json(normalizer={"type": "Prepend", "prepend": "a" * 65}),
     "TokenizerFieldWrong"),
    ("no length", tokenizer_json(pre_tokenizer={"type": "FixedLength", "length": 0}), "TokenizerFieldWrong"),
    ("text twice", tokenizer_json(post_processor={
        "type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}] * 2}),
     "TokenizerFieldWrong"),
    ("many ids", tokenizer_json(post_processor={
        "type": "TemplateProcessing",
        "special_tokens": {"x": {"id": "x", "ids": [1] * 65, "tokens": ["x"] * 65}}}), "TokenizerFieldWrong"),
    ("doubling", tokenizer_json(normalizer={"type": "Sequence", "normalizers": [
        {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}] * 32}), "TextGrows"),
    ("doubling by expression", tokenizer_json(decoder={"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"Regex": "."}, "content": "a" * 40}] * 2}), "TextGrows"),
    ("bytes of bytes", tokenizer_json(normalizer={"type": "Sequence", "normalizers": [
        {"type": "ByteLevel"}] * 6}), "TextGrows"),
    ("word length", model(max_input_chars_per_word=-1), "TokenizerFieldWrong"),
    ("merges", bpe(merges={"a": "b"}), "TokenizerFieldWrong"),
    ("no merges", tokenizer_json(model={"type": "BPE", "vocab": {}}), "TokenizerFieldWrong"),
    ("merge of three", bpe(merges=["a b c"]), "MergeInvalid"),
    ("merge of one", bpe(merges=[["a"]]), "MergeInvalid"),
    ("merge of numbers", bpe(merges=[[1, 2]]), "MergeInvalid"),
    ("dropout", bpe(dropout=2), "TokenizerFieldWrong"),
    ("scores", tokenizer_json(model={"type": "Unigram", "vocab": [["a"]]}), "TokenizerFieldWrong"),
    ("no scores", tokenizer_json(model={"type": "Unigram", "vocab": []}), "TokenizerFieldWrong"),
    ("unk_id", tokenizer_json(model={"type": "Unigram", "vocab": [["a", 0]], "unk_id": 1}), "TokenIdInvalid"),
    ("added no list", tokenizer_json(added_tokens={}), "TokenizerFieldWrong"),
    ("added short", tokenizer_json(added_tokens=[{"id": 1, "content": "x"}]), "TokenizerFieldWrong"),
    ("added field", tokenizer_json(added_tokens=[mark(file="x")]), "TokenizerFieldUnknown"),
    ("added id", tokenizer_json(added_tokens=[mark(id=-1)]), "TokenizerFieldWrong"),
    ("added twice", tokenizer_json(added_tokens=[mark(), mark(id=8)]), "AddedTokenRepeated"),
    ("added id twice", tokenizer_json(added_tokens=[mark(), mark(content="y")]), "AddedTokenRepeated"),
    ("padding", tokenizer_json(padding={"strategy": "Eval"}), "TokenizerFieldWrong"),
    ("padding length", tokenizer_json(padding={"strategy": {"Fixed": -1}}), "TokenizerFieldWrong"),
    ("truncation", tokenizer_json(truncation={"max_length": "9"}), "TokenizerFieldWrong"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "code"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_each_way_to_be_wrong(document: Any, code: str) -> None:
    """One error for each."""
    with pytest.raises(FormatError) as caught:
        parse(document)
    assert caught.value.code == code


def test_budgets() -> None:
    """Size and number of tokens are checked."""
    small = replace(DEFAULT_LIMITS, json_bytes=10)
    with pytest.raises(format_.TokenizerTooLarge):
        parse_tokenizer_json(BytesView(b" " * 11), small)
    few = replace(DEFAULT_LIMITS, vocab_entries=2)
    for document in (
        bpe(), bpe(vocab={"a": 0}, merges=["a a"] * 3), tokenizer_json(),
        tokenizer_json(model={"type": "Unigram", "vocab": [["a", 0.0]] * 3}),
        tokenizer_json(model={"type": "WordLevel", "vocab": {}}),
    ):  # fmt: skip
        with pytest.raises(format_.TokenizerTooLarge):
            parse_tokenizer_json(BytesView(json.dumps(document).encode()), few)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "vocab", "id", "Fixed", "Regex", "decoders", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(where=st.sampled_from([*tokenizer_json(), "x"]), value=JSON)
def test_any_value_anywhere_parses_or_raises_a_format_error(where: str, value: Any) -> None:
    """No value in any place leads to another exception."""
    document = {**bpe(), where: value}
    try:
        record = parse(document)
    except FormatError:
        return
    assert record.canonical()
