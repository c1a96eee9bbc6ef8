"""Small tokenizers of each kind, trained when a test runs, in folders as model families publish them."""

from __future__ import annotations

import base64
import functools
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from safeload.formats.sentencepiece import parse_sentencepiece
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from tests.forge.tokenizers import HOBBIT, texts, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

CORPUS = tuple([HOBBIT, "Hello world, don't panic: it's 1,000 years", *texts(240)] * 3)
MARK = "\u2581"
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
LLAMA3_MARKS = ("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>")
ROBERTA_MARKS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


@functools.cache
def byte_level(*marks: str, pattern: str | None = None) -> str:
    """A BPE tokenizer over bytes, as the text of its tokenizer.json."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    tokenizer.pre_tokenizer = (
        level
        if pattern is None
        else pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), level])
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=list(marks),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer.to_str()


@functools.cache
def word_ends(*marks: str) -> str:
    """A BPE tokenizer whose words end with `</w>`: CLIP and the first GPT."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token=marks[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=900, special_tokens=list(marks), end_of_word_suffix="</w>", show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer.to_str()


@functools.cache
def spaced_bpe(*marks: str) -> str:
    """A BPE tokenizer as converted from sentencepiece, with a piece for each byte."""
    from tokenizers import Tokenizer, models, normalizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", MARK)
    pieces = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=1200, special_tokens=[*marks, *pieces], show_progress=False, limit_alphabet=300,
        max_token_length=12,
    )  # fmt: skip
    tokenizer.train_from_iterator(CORPUS, trainer)
    document = json.loads(tokenizer.to_str())
    document["added_tokens"] = [token for token in document["added_tokens"] if token["content"] in marks]
    return json.dumps(document)


@functools.cache
def unigram(*marks: str, unknown: str = "<unk>", table: bool = True) -> str:
    """A Unigram tokenizer as converted from sentencepiece, with that library's table unless told not."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=2000, special_tokens=list(marks), unk_token=unknown, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    document = json.loads(tokenizer.to_str())
    document["normalizer"] = (
        {"type": "Precompiled", "precompiled_charsmap": sentencepiece_table()} if table else None
    )
    return json.dumps(document)


@functools.cache
def trained_sentencepiece(model_type: str, *, byte_fallback: bool = False, symbols: str = "") -> bytes:
    """A sentencepiece model, trained by its own library; the test is skipped without it."""
    import io

    import pytest

    sentencepiece = pytest.importorskip("sentencepiece")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for text in CORPUS for line in text.splitlines() if line.strip()]),
        model_writer=model, vocab_size=1500, model_type=model_type, byte_fallback=byte_fallback,
        hard_vocab_limit=False, minloglevel=2, num_threads=1, character_coverage=0.98,
        control_symbols=symbols, user_defined_symbols="<u1>,hole" if symbols else "",
    )  # fmt: skip
    return model.getvalue()


def sentencepiece_table() -> str:
    """The normalisation table that sentencepiece writes into every model, in base64."""
    model = parse_sentencepiece(BytesView(trained_sentencepiece("unigram")), DEFAULT_LIMITS)
    return base64.b64encode(model.charsmap).decode("ascii")


class Kind(NamedTuple):
    """One tokenizer as a family publishes it."""

    document: Callable[[], str]
    settings: dict[str, Any] | None
    model_type: str | None


def _with(document: str, **parts: Any) -> str:
    return json.dumps({**json.loads(document), **parts})


def _template(single: Sequence[str], pair: Sequence[str], **special: int) -> dict[str, Any]:
    def piece(word: str) -> dict[str, Any]:
        name, _, kind = word.partition(":")
        where = "Sequence" if name in {"A", "B"} else "SpecialToken"
        return {where: {"id": name, "type_id": int(kind or 0)}}

    return {
        "type": "TemplateProcessing", "single": [piece(word) for word in single],
        "pair": [piece(word) for word in pair],
        "special_tokens": {
            token: {"id": token, "ids": [index], "tokens": [token]} for token, index in special.items()
        },
    }  # fmt: skip


def _llama2_post() -> dict[str, Any]:
    return _template(["<s>", "A"], ["<s>", "A", "<s>:1", "B:1"], **{"<s>": 1})


def _llama3_post() -> dict[str, Any]:
    begin = {"<|begin_of_text|>": 0}
    template = _template(
        ["<|begin_of_text|>", "A"], ["<|begin_of_text|>", "A", "<|begin_of_text|>:1", "B:1"], **begin
    )
    level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    return {"type": "Sequence", "processors": [level, template]}


def _albert_post() -> dict[str, Any]:
    return _template(
        ["[CLS]", "A", "[SEP]"], ["[CLS]", "A", "[SEP]", "B:1", "[SEP]:1"], **{"[CLS]": 2, "[SEP]": 3}
    )


def _named(name: str, **more: Any) -> dict[str, Any]:
    return {"tokenizer_class": name, "model_max_length": 512, **more}


_ENDOFTEXT = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
_T5_MARKS = ("<pad>", "</s>", "<unk>")
_CLIP_MARKS = ("<|endoftext|>", "<|startoftext|>")
_GEMMA_MARKS = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>")


def _gpt2_bytes() -> str:
    return byte_level("<|endoftext|>")


KINDS: dict[str, Kind] = {
    "roberta": Kind(lambda: byte_level(*ROBERTA_MARKS), _named("RobertaTokenizer"), "roberta"),
    "roberta-fast": Kind(
        lambda: byte_level(*ROBERTA_MARKS),
        _named("RobertaTokenizerFast", add_prefix_space=True, trim_offsets=False), "roberta",
    ),
    "roberta-by-type": Kind(lambda: byte_level(*ROBERTA_MARKS), None, "roberta"),
    "bart": Kind(lambda: byte_level(*ROBERTA_MARKS), _named("BartTokenizer"), "bart"),
    "gpt2": Kind(_gpt2_bytes, _named("GPT2Tokenizer", **_ENDOFTEXT), "gpt2"),
    "gpt2-prefix": Kind(
        _gpt2_bytes, _named("GPT2Tokenizer", add_prefix_space=True, add_bos_token=True,
                            pad_token="<|endoftext|>"), "gpt2",
    ),
    "gpt-neox": Kind(
        lambda: byte_level("<|endoftext|>", "<|padding|>"),
        _named("GPTNeoXTokenizer", add_bos_token=True, trim_offsets=False), "gpt_neox",
    ),
    "qwen2": Kind(
        lambda: byte_level("<|endoftext|>", "<|im_start|>", "<|im_end|>", pattern=QWEN2),
        _named("Qwen2Tokenizer", additional_special_tokens=["<|im_start|>", "<|im_end|>"],
               eos_token="<|im_end|>", pad_token="<|endoftext|>", bos_token=None, unk_token=None), "qwen2",
    ),
    "qwen2-plain": Kind(
        lambda: byte_level("<|endoftext|>", pattern=QWEN2), _named("Qwen2TokenizerFast"), "qwen3"
    ),
    "llama-3": Kind(
        lambda: _with(byte_level(*LLAMA3_MARKS, pattern=LLAMA3), post_processor=_llama3_post()),
        _named("PreTrainedTokenizerFast", bos_token="<|begin_of_text|>", eos_token="<|eot_id|>",
               model_input_names=["input_ids", "attention_mask"], clean_up_tokenization_spaces=True), "llama",
    ),
    "llama-3-named-llama": Kind(
        lambda: _with(byte_level(*LLAMA3_MARKS, pattern=LLAMA3), post_processor=_llama3_post()),
        _named("LlamaTokenizerFast", bos_token="<|begin_of_text|>", eos_token="<|eot_id|>"), "llama",
    ),
    "llama-2": Kind(
        lambda: _with(spaced_bpe("<unk>", "<s>", "</s>"), post_processor=_llama2_post()),
        _named("LlamaTokenizer", legacy=False, add_bos_token=True, add_eos_token=False), "llama",
    ),
    "llama-2-legacy": Kind(
        lambda: _with(spaced_bpe("<unk>", "<s>", "</s>"), post_processor=_llama2_post()),
        _named("LlamaTokenizerFast", legacy=True, pad_token="<unk>", padding_side="right"), "llama",
    ),
    "llama-2-unspaced": Kind(
        lambda: spaced_bpe("<unk>", "<s>", "</s>"), _named("LlamaTokenizer", add_prefix_space=False), "llama"
    ),
    "gemma": Kind(
        lambda: _with(spaced_bpe(*_GEMMA_MARKS),
                      post_processor=_template(["<bos>", "A"], ["<bos>", "A", "<bos>:1", "B:1"],
                                               **{"<bos>": 2})),
        _named("GemmaTokenizer", additional_special_tokens=["<start_of_turn>"]), "gemma",
    ),
    "clip": Kind(lambda: word_ends(*_CLIP_MARKS), _named("CLIPTokenizer"), "clip"),
    "openai-gpt": Kind(
        lambda: word_ends("<unk>"), _named("OpenAIGPTTokenizer"), "openai-gpt"
    ),
    "xlm-roberta": Kind(lambda: unigram(*ROBERTA_MARKS), _named("XLMRobertaTokenizer"), "xlm-roberta"),
    "xlm-roberta-unspaced": Kind(
        lambda: unigram(*ROBERTA_MARKS, table=False),
        _named("XLMRobertaTokenizerFast", add_prefix_space=False), "xlm-roberta",
    ),
    "camembert": Kind(
        lambda: unigram("<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<mask>", "<s>",
                        "</s>"),
        _named("CamembertTokenizer"), "camembert",
    ),
    "camembert-named": Kind(
        lambda: unigram("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
        _named("CamembertTokenizerFast", additional_special_tokens=["<x>"], mask_token="<mask>"), "camembert",
    ),
    "t5": Kind(lambda: unigram(*_T5_MARKS), _named("T5Tokenizer", extra_ids=10), "t5"),
    "t5-named": Kind(
        lambda: unigram(*_T5_MARKS, table=False),
        _named("T5TokenizerFast", extra_ids=3,
               additional_special_tokens=[f"<extra_id_{index}>" for index in range(3)]), "t5",
    ),
    "albert": Kind(
        lambda: _with(unigram("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"), post_processor=_albert_post()),
        _named("AlbertTokenizer", model_input_names=["input_ids", "token_type_ids", "attention_mask"]),
        "albert",
    ),
    "albert-cased": Kind(
        lambda: unigram("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", table=False),
        _named("AlbertTokenizerFast", do_lower_case=False, keep_accents=True), "albert",
    ),
    "fnet": Kind(
        lambda: unigram("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"), _named("FNetTokenizer"), "fnet"
    ),
    "deberta-v2": Kind(
        lambda: unigram("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]", unknown="[UNK]"),
        _named("DebertaV2Tokenizer"), "deberta-v2",
    ),
    "deberta-v2-split": Kind(
        lambda: unigram("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]", unknown="[UNK]"),
        _named("DebertaV2TokenizerFast", do_lower_case=True, split_by_punct=True), "deberta-v2",
    ),
    "qwen3.5": Kind(
        lambda: byte_level("<|endoftext|>", "<|im_end|>", pattern=QWEN2),
        _named("Qwen3_5Tokenizer", eos_token="<|im_end|>"), "qwen3_5_text",
    ),
    "deberta": Kind(
        lambda: byte_level("[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]"), _named("DebertaTokenizer"),
        "deberta",
    ),
    "codegen": Kind(_gpt2_bytes, _named("CodeGenTokenizer"), "codegen"),
    "codegen-no-post": Kind(
        lambda: _with(_gpt2_bytes(), post_processor=None), _named("CodeGenTokenizerFast"), "codegen"
    ),
    "blenderbot": Kind(lambda: byte_level(*ROBERTA_MARKS), _named("BlenderbotTokenizer"), "blenderbot"),
    "siglip2": Kind(lambda: spaced_bpe(*_GEMMA_MARKS), _named("GemmaTokenizer"), "siglip2"),
    "barthez": Kind(lambda: unigram(*ROBERTA_MARKS), _named("BarthezTokenizer"), "barthez"),
    "big-bird": Kind(
        lambda: unigram("<pad>", "</s>", "<s>", "<unk>", "[CLS]", "[SEP]", "[MASK]"),
        _named("BigBirdTokenizer"), "big_bird",
    ),
    "pegasus": Kind(
        lambda: unigram("<pad>", "</s>", "<unk>", "<mask_1>", "<mask_2>"), _named("PegasusTokenizer"),
        "pegasus",
    ),
    "xglm": Kind(lambda: unigram("<s>", "<pad>", "</s>", "<unk>"), _named("XGLMTokenizer"), "xglm"),
    "xlnet": Kind(
        lambda: unigram("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>"),
        _named("XLNetTokenizer", do_lower_case=True), "xlnet",
    ),
    "backend-bos": Kind(
        lambda: byte_level("<s>", "<pad>"),
        _named("PreTrainedTokenizerFast", pad_token="<pad>", bos_token="<s>", add_bos_token=True), None,
    ),
}  # fmt: skip
"""Name -> tokenizer."""


def folder_of(kind: Kind, folder: Path) -> Path:
    """Write one as a checkpoint folder."""
    write_json(folder, tokenizer=json.loads(kind.document()), config={})
    if kind.model_type is not None:
        write_json(folder, config={"model_type": kind.model_type})
    if kind.settings is not None:
        write_json(folder, tokenizer_config=kind.settings)
    return folder


class Model(NamedTuple):
    """One tokenizer without tokenizer.json: a sentencepiece model, and its name in the folder."""

    trained: str
    """How it is trained: `unigram`, `bpe`, or either with `+bytes` for a piece for each byte."""
    file: str
    settings: dict[str, Any] | None
    family: str | None
    symbols: str = ""


_XLM_FILE = "sentencepiece.bpe.model"
MODELS: dict[str, Model] = {
    "xlm-roberta": Model("unigram", _XLM_FILE, _named("XLMRobertaTokenizer"), "xlm-roberta"),
    "camembert": Model("unigram", _XLM_FILE, _named("CamembertTokenizer"), "camembert"),
    "camembert-other-name": Model("unigram", "tokenizer.model", _named("CamembertTokenizer"), "camembert"),
    "t5": Model("unigram", "spiece.model", _named("T5Tokenizer", extra_ids=5), "t5"),
    "albert": Model("unigram", "spiece.model", _named("AlbertTokenizer"), "albert",
                    "<pad>,[CLS],[SEP],[MASK]"),
    "deberta-v2": Model("unigram", "spm.model", _named("DebertaV2Tokenizer", unk_token="<unk>"),
                        "deberta-v2"),
    "llama": Model("bpe+bytes", "tokenizer.model",
                   _named("LlamaTokenizer", add_bos_token=True, legacy=False, pad_token=None), "llama"),
    "llama-by-default": Model("bpe+bytes", "tokenizer.model", _named("LlamaTokenizer"), "llama",
                              "<|x|>"),
    "gemma": Model("bpe+bytes", "tokenizer.model",
                   _named("GemmaTokenizer", bos_token="<s>", eos_token="</s>", add_bos_token=True,
                          add_eos_token=True), "gemma"),
    "plain-bpe": Model("bpe+bytes", "tokenizer.model", _named("PreTrainedTokenizerFast"), "mistral"),
    "plain-placed": Model(
        "bpe", "tokenizer.model",
        _named("PreTrainedTokenizerFast", added_tokens_decoder={
            "1": {"content": "<|begin|>", "special": True}, "2": {"content": "<|seven|>"},
        }, bos_token="<|begin|>"), "mistral"),
    "plain-unigram": Model("unigram+bytes", "tokenizer.model", _named("PreTrainedTokenizerFast"), None),
}  # fmt: skip
"""Name -> model."""


def model_folder(kind: Model, folder: Path) -> Path:
    """Write one as a checkpoint folder."""
    write_json(folder, config={"model_type": kind.family} if kind.family else {})
    if kind.settings is not None:
        write_json(folder, tokenizer_config=kind.settings)
    model_type, _, with_bytes = kind.trained.partition("+")
    data = trained_sentencepiece(model_type, byte_fallback=bool(with_bytes), symbols=kind.symbols)
    (folder / kind.file).write_bytes(data)
    return folder


def files_folder(kind: Kind, folder: Path) -> Path:
    """The same tokenizer as vocab.json and merges.txt."""
    folder_of(kind, folder)
    (folder / "tokenizer.json").unlink()
    model = json.loads(kind.document())["model"]
    write_json(folder, vocab=model["vocab"])
    lines = [" ".join(pair) for pair in model["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *lines, ""]), encoding="utf-8")
    return folder
