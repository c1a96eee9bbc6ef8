"""AutoTokenizer: what it refuses, and that it reads nothing but what was judged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from safeload import AutoTokenizer
from safeload.errors import PolicyDenied, SafeloadError, UsageError
from tests.forge.sentencepiece import piece, small_model, vocabulary
from tests.forge.tokenizers import bert_folder, tokenizer_json, write_json

BERT = {"tokenizer_class": "BertTokenizer"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"trust_remote_code": True}, "never run"),
        ({"use_fast": False}, "not supported"),
        ({"gguf_file": "x.gguf"}, "GGUF"),
        ({"subfolder": "x"}, "subfolder"),
        ({"revision": "refs/pr/1"}, "no revisions"),
        ({"code_revision": "x"}, "never run"),
        ({"no_such_thing": 1}, "no_such_thing"),
        ({"vocab_file": "/etc/passwd"}, "vocab_file"),
        ({"tokenizer_type": "no-such-type"}, "no-such-type"),
        ({"padding_side": "top"}, "padding_side"),
        ({"cls_token": 5}, "special token"),
        ({"extra_special_tokens": {"padding_side": "x"}}, "padding_side"),
        ({"chat_template": 5}, "chat_template"),
        ({"add_bos_token": "yes"}, "add_bos_token"),
        ({"chat_control_tokens": "x"}, "chat_control_tokens"),
    ],
)
def test_refused_arguments(tmp_path: Path, arguments: dict[str, Any], reason: str) -> None:
    """What cannot be honoured safely is refused with a reason, never ignored."""
    bert_folder(tmp_path, settings=BERT)
    with pytest.raises(UsageError, match=reason):
        AutoTokenizer.from_pretrained(tmp_path, **arguments)


def test_accepted_arguments(tmp_path: Path) -> None:
    """Values that change nothing are taken."""
    bert_folder(tmp_path, settings=BERT)
    tokenizer = AutoTokenizer.from_pretrained(
        str(tmp_path), trust_remote_code=False, use_fast=True, local_files_only=True, revision=None
    )
    assert tokenizer.name_or_path == str(tmp_path)
    AutoTokenizer.from_pretrained(tmp_path, cache_dir="/cache", token="t", revision="main", proxies={})


def test_a_path_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`org/name` may name a repository; a Path of that folder does not, as for the models."""
    bert_folder(tmp_path / "org" / "name", settings=BERT)
    monkeypatch.chdir(tmp_path)
    assert AutoTokenizer.from_pretrained(Path("org/name")).name_or_path == "org/name"
    with pytest.raises(PolicyDenied, match="may be a Hub repository"):
        AutoTokenizer.from_pretrained("org/name")


@pytest.mark.parametrize("target", [5, None, b"x", ["x"]])
def test_what_is_no_path_is_refused(target: Any) -> None:
    """No other value is turned into a path."""
    with pytest.raises(UsageError, match="not the path of a checkpoint"):
        AutoTokenizer.from_pretrained(target)


@pytest.mark.parametrize("name", ["tokenizer.model", "spiece.model", "sentencepiece.bpe.model"])
def test_a_sentencepiece_model_beside_tokenizer_json_denies_nothing(tmp_path: Path, name: str) -> None:
    """Most repositories of the T5, XLM-R and Llama families hold one, and nothing reads it here."""
    bert_folder(tmp_path, settings=BERT)
    (tmp_path / name).write_bytes(b"\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02" + bytes(40))
    assert AutoTokenizer.from_pretrained(tmp_path).cls_token == "[CLS]"


@pytest.mark.parametrize(
    "arguments",
    [
        {"extra_special_tokens": 5},
        {"model_input_names": 5},
        {"model_input_names": [5]},
        {"model_max_length": "x"},
    ],
)
def test_values_of_a_wrong_type_are_refused(tmp_path: Path, arguments: dict[str, Any]) -> None:
    """No other exception than ours leaves."""
    bert_folder(tmp_path, settings=BERT)
    with pytest.raises(UsageError, match=next(iter(arguments))):
        AutoTokenizer.from_pretrained(tmp_path, **arguments)


def test_named_tokens_set_the_known_ones_too(tmp_path: Path) -> None:
    """`extra_special_tokens` as an object may name a token of the class: it is set, not passed over."""
    bert_folder(tmp_path, settings={**BERT, "extra_special_tokens": {"pad_token": "<p>"}})
    assert AutoTokenizer.from_pretrained(tmp_path).pad_token == "<p>"


@pytest.mark.parametrize(
    ("settings", "model_type", "message"),
    [
        ({"tokenizer_class": "LayoutLMv3Tokenizer"}, "layoutlmv3", "LayoutLMv3Tokenizer is not supported"),
        (None, "byt5", "ByT5Tokenizer is not supported; these are: AlbertTokenizer"),
        ({"tokenizer_class": "DebertaV2Tokenizer"}, "deberta-v2", "needs tokenizer.json"),
    ],
)
def test_unsupported_classes(
    tmp_path: Path, settings: dict[str, Any] | None, model_type: str, message: str
) -> None:
    """One clear line for each."""
    bert_folder(tmp_path, settings=settings, vocab_only=True)
    write_json(tmp_path, config={"model_type": model_type})
    with pytest.raises(UsageError, match=message):
        AutoTokenizer.from_pretrained(tmp_path)


def test_a_class_name_never_reaches_a_module(tmp_path: Path) -> None:
    """A model's name as tokenizer class loads no model, whatever the policy says about the finding."""
    bert_folder(tmp_path, settings={"tokenizer_class": "BertForSequenceClassification"})
    with pytest.raises(SafeloadError, match="BertForSequenceClassification"):
        AutoTokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tokenizer_class": "RobertaTokenizer"}, "needs a BPE model, not WordPiece"),
        ({"tokenizer_class": "T5Tokenizer"}, "needs a Unigram model, not WordPiece"),
        ({"tokenizer_class": "T5Tokenizer", "extra_ids": 10**9}, "extra_ids"),
        ({"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": None}, "needs a BPE model"),
        ({"tokenizer_class": "LlamaTokenizer", "legacy": "x"}, "legacy"),
        ({"tokenizer_class": "AlbertTokenizer", "keep_accents": 1}, "keep_accents"),
        ({"tokenizer_class": "DebertaV2Tokenizer", "unk_id": -1}, "unk_id"),
    ],
)
def test_settings_that_do_not_fit(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    """A vocabulary of another kind, or a setting of another type, is told in one line."""
    bert_folder(tmp_path, settings=settings)
    with pytest.raises(UsageError, match=message):
        AutoTokenizer.from_pretrained(tmp_path)


def test_models_of_sentencepiece_that_cannot_be_built(tmp_path: Path) -> None:
    """A broken one denies where it is needed, one with wild scores or long pieces is refused."""
    write_json(tmp_path, config={"model_type": "xlm-roberta"})
    path = tmp_path / "sentencepiece.bpe.model"
    path.write_bytes(vocabulary(piece("\u2581a")))
    with pytest.raises(PolicyDenied, match="stands twice"):
        AutoTokenizer.from_pretrained(tmp_path)
    path.write_bytes(vocabulary(piece("b", float("nan")), piece("c")))
    with pytest.raises(UsageError, match="no number"):
        AutoTokenizer.from_pretrained(tmp_path)
    write_json(
        tmp_path, config={"model_type": "llama"}, tokenizer_config={"tokenizer_class": "LlamaTokenizer"}
    )
    path.rename(tmp_path / "tokenizer.model")
    pieces = [piece(chr(0x4E00 + index) * 5_000) for index in range(30)]
    (tmp_path / "tokenizer.model").write_bytes(vocabulary(*pieces))
    with pytest.raises(UsageError, match="too long"):
        AutoTokenizer.from_pretrained(tmp_path)


def test_a_policy_may_keep_sentencepiece_out(tmp_path: Path) -> None:
    """Only formats that the policy allows are handed out."""
    folder = write_json(tmp_path / "model", config={"model_type": "xlm-roberta"})
    (folder / "sentencepiece.bpe.model").write_bytes(small_model())
    usual = (Path(__file__).parents[2] / "policies" / "default.toml").read_text(encoding="utf-8")
    policy = tmp_path / "policy.toml"
    policy.write_text(usual.replace('"sentencepiece",', ""), encoding="utf-8")
    with pytest.raises(PolicyDenied, match="is of format sentencepiece"):
        AutoTokenizer.from_pretrained(folder, policy=policy)


def test_no_vocabulary(tmp_path: Path) -> None:
    """A folder without tokenizer files says so."""
    write_json(tmp_path, config={"model_type": "bert"})
    with pytest.raises(UsageError, match=r"neither"):
        AutoTokenizer.from_pretrained(tmp_path)


def test_malformed_file_is_not_taken_as_absent(tmp_path: Path) -> None:
    """A broken tokenizer.json beside a good vocab.txt ends the load."""
    bert_folder(tmp_path, settings=BERT, vocab_only=True)
    write_json(tmp_path, tokenizer={**tokenizer_json(), "version": "9"})
    with pytest.raises(PolicyDenied):
        AutoTokenizer.from_pretrained(tmp_path)


def test_what_the_library_refuses_is_a_usage_error(tmp_path: Path) -> None:
    """A model that passes the schema and fails in the library: no other exception leaves."""
    model = {"type": "BPE", "vocab": {"a": 0}, "merges": [["x", "y"]]}
    write_json(tmp_path, tokenizer=tokenizer_json(model=model, added_tokens=[]), config={})
    with pytest.raises(UsageError, match="tokenizers library refuses"):
        AutoTokenizer.from_pretrained(tmp_path)


def test_a_marker_that_is_no_piece_of_a_template(tmp_path: Path) -> None:
    """A token whose text the library would read as something else: no other exception leaves."""
    bert_folder(tmp_path, settings={**BERT, "cls_token": "$A $B:7 x"})
    with pytest.raises(UsageError, match="tokenizers library refuses"):
        AutoTokenizer.from_pretrained(tmp_path)


def test_disagreeing_tokenizer_json_warns(tmp_path: Path) -> None:
    """A cased tokenizer.json of a class that lower-cases by default is told."""
    bert_folder(tmp_path, settings=BERT, normalizer=None)
    with pytest.warns(UserWarning, match="normalizer"):
        tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.tokenize("HOLE") == ["hole"]


def test_not_built_directly() -> None:
    """As in transformers."""
    with pytest.raises(UsageError, match="from_pretrained"):
        AutoTokenizer()


def test_the_judged_template_is_rendered(tmp_path: Path) -> None:
    """What the scanner read is what a conversation goes through, also if the file has changed since."""
    bert_folder(tmp_path, settings={**BERT, "chat_template": "old"})
    (tmp_path / "chat_template.jinja").write_text(
        "{{ messages[0].content }} {{ cls_token }}", encoding="utf-8"
    )
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    (tmp_path / "chat_template.jinja").write_text("swapped", encoding="utf-8")
    chat = [{"role": "user", "content": "a hole"}]
    assert tokenizer.apply_chat_template(chat, tokenize=False) == "a hole [CLS]"
    assert tokenizer.apply_chat_template(chat)["input_ids"] == tokenizer.convert_tokens_to_ids(
        ["a", "hole", "[CLS]"]
    )


@pytest.mark.parametrize(
    "where", ["tokenizer_config.json", "chat_template.jinja", "additional_chat_templates/x.jinja"]
)
def test_an_unsafe_template_denies_the_tokenizer(tmp_path: Path, where: str) -> None:
    """In each place where loaders look for one."""
    text = "{{ ''.__class__.__mro__ }}"
    bert_folder(tmp_path, settings={**BERT, "chat_template": text} if where.endswith("json") else BERT)
    if not where.endswith("json"):
        (tmp_path / where).parent.mkdir(exist_ok=True)
        (tmp_path / where).write_text(text, encoding="utf-8")
    with pytest.raises(PolicyDenied, match="__class__"):
        AutoTokenizer.from_pretrained(tmp_path)


def test_a_tokenizer_script_imports_nothing_heavy(tmp_path: Path) -> None:
    """Neither torch nor numpy nor any network library is imported to tokenize."""
    bert_folder(tmp_path, settings=BERT)
    script = (
        "import sys; from safeload import AutoTokenizer\n"
        f"AutoTokenizer.from_pretrained({str(tmp_path)!r})('a hole', truncation=True)\n"
        "heavy = {'torch', 'numpy', 'jinja2', 'huggingface_hub', 'transformers', 'fickling', 'rich', 'click',"
        " 'pydantic', 'ssl'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert result.stdout == "[]\n"
