"""What the scanners state about tokenizer files: expressions, classes, templates, behaviour keys."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from safeload.core import Coverage, Location
from safeload.errors import FormatError
from safeload.formats.tokenizer_config import AddedTokens, SpecialTokensMap, Template, TokenizerConfig
from safeload.formats.tokenizer_json import TokenizerJson
from safeload.formats.view import BytesView
from safeload.formats.vocabulary import Merges, Vocabulary
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import ScanResult, Subject, chat_template, tokenizer_config, tokenizer_json, vocabulary
from tests.forge.tokenizers import tokenizer_json as document

SCANNERS = (tokenizer_json, tokenizer_config, vocabulary, chat_template)


def scan(name: str, content: Any, kind: str | None = None) -> ScanResult:
    """Scan with the one scanner that wants the name."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    kind = kind or ("json" if name.endswith(".json") else "text")
    [scanner] = [item for item in SCANNERS if kind in item.FORMATS and item.NAMES.match(name)]
    subject = Subject(view=BytesView(data), location=Location(artifact=name), format=kind)
    return scanner.scan(subject, DEFAULT_LIMITS)


def kinds(result: ScanResult) -> list[str]:
    return [fact.kind for fact in result.facts]


def split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


@pytest.mark.parametrize(
    ("name", "content", "record"),
    [
        ("tokenizer.json", document(), TokenizerJson),
        ("tokenizer_config.json", {"tokenizer_class": "BertTokenizerFast"}, TokenizerConfig),
        ("special_tokens_map.json", {"cls_token": "[CLS]"}, SpecialTokensMap),
        ("added_tokens.json", {"<x>": 9}, AddedTokens),
        ("vocab.json", {"a": 0}, Vocabulary),
        ("vocab.txt", b"a\nb\n", Vocabulary),
        ("merges.txt", b"a b\n", Merges),
        ("tokenizer.json", document(pre_tokenizer=split(" {2,}")), TokenizerJson),
    ],
)
def test_quiet_on_benign_files(sealed: Any, name: str, content: Any, record: type) -> None:
    """Each benign file gives its record and no fact, without touching the world."""
    scan(name, content)  # what is imported at first use is imported
    with sealed():
        result = scan(name, content)
    assert result.coverage is Coverage.SCANNED
    assert isinstance(result.record, record)
    assert result.facts == ()


def test_unlisted_expression() -> None:
    """A regular expression that is not in the list is stated with its place."""
    result = scan("tokenizer.json", document(pre_tokenizer=split("(a+)+$")))
    [fact] = result.facts
    assert fact.kind == "tokenizer.regex"
    assert fact.data == {"pattern": "(a+)+$", "where": "pre_tokenizer.pattern"}
    assert fact.location.key == "pre_tokenizer.pattern"


def test_near_miss_of_an_expression() -> None:
    """One character more than a listed expression is another expression."""
    assert kinds(scan("tokenizer.json", document(pre_tokenizer=split(" {2,}+")))) == ["tokenizer.regex"]


@pytest.mark.parametrize("name", ["BertForSequenceClassification", "../x", "", "os.system"])
def test_unlisted_class(name: str) -> None:
    """A class name outside the table is stated; nothing looks it up."""
    facts = scan("tokenizer_config.json", {"tokenizer_class": name}).facts
    [fact] = [fact for fact in facts if fact.kind == "tokenizer.class"]
    assert (fact.kind, fact.data) == ("tokenizer.class", {"key": "tokenizer_class", "value": name})


def test_templates_are_stated_with_their_digest() -> None:
    """Each template, in the configuration or in a file of its own."""
    text = "{{ ''.__class__ }}"
    digest = hashlib.sha256(text.encode()).hexdigest()
    result = scan("tokenizer_config.json", {"chat_template": [{"name": "default", "template": text}]})
    [fact] = result.facts
    assert fact.data == {"where": "chat_template.0", "size": len(text), "sha256": digest}
    [fact] = scan("chat_template.jinja", text.encode()).facts
    assert (fact.kind, fact.data["sha256"]) == ("template.found", digest)
    assert isinstance(scan("chat_template.jinja", b"x").record, Template)


def test_behaviour_keys() -> None:
    """Remote code and names of other files in a tokenizer's configuration."""
    result = scan(
        "tokenizer_config.json",
        {"auto_map": {"AutoTokenizer": ["code.Tok", None]}, "model_file": "/etc/passwd"},
    )
    assert set(kinds(result)) == {"config.remote-code", "config.redirect"}


def test_where_the_writer_had_its_copy() -> None:
    """Published configurations hold local paths in `name_or_path`, which nothing follows."""
    assert kinds(scan("tokenizer_config.json", {"name_or_path": "/home/me/bert"})) == []
    assert kinds(scan("tokenizer_config.json", {"audio_tokenizer_name_or_path": "a/b"})) == [
        "config.redirect"
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer.json", {**document(), "vocab_file": "x"}),
        ("tokenizer_config.json", {"do_lower_case": "yes"}),
        ("tokenizer_config.json", b'{"a": 1, "a": 2}'),
        ("vocab.txt", b"\xff"),
        ("chat_template.jinja", b"\xff"),
    ],
)
def test_broken_files_raise_a_format_error(name: str, content: Any) -> None:
    """The pipeline turns it into MALFORMED."""
    with pytest.raises(FormatError):
        scan(name, content)


@pytest.mark.parametrize(
    ("name", "data"), [("vocab.txt", b'["\n{\n"\n'), ("chat_template.jinja", b'{"role": {{ x }} }')]
)
def test_text_that_looks_like_json(name: str, data: bytes) -> None:
    """Loaders read these files by name, so they are read as text whatever they look like."""
    assert scan(name, data, kind="json").coverage is Coverage.SCANNED


def test_text_under_a_json_name() -> None:
    """A vocabulary in JSON has to be JSON."""
    with pytest.raises(FormatError):
        scan("vocab.json", b"a\nb\n", kind="text")
