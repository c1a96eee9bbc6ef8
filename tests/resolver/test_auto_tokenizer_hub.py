"""Tokenizers of a Hub: what is downloaded for them, and that it is of one commit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from huggingface_hub import constants

from safeload import AutoTokenizer
from safeload.resolver import auto_tokenizer
from tests.forge.hub import Hub, Lfs, serve
from tests.forge.sentencepiece import USER, piece, small_model
from tests.forge.tokenizers import tokenizer_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "acme/tokens"
CONFIG = json.dumps({"model_type": "xlm-roberta"}).encode()
MODEL = "sentencepiece.bpe.model"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub with an empty repository, and an empty cache."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for variable, folder in (("SAFELOAD_CACHE", "commits"), ("XDG_STATE_HOME", "state")):
        monkeypatch.setenv(variable, str(tmp_path / folder))
    with serve() as served:
        monkeypatch.setattr(constants, "ENDPOINT", served.endpoint)
        template = served.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        served.repository(NAME)
        yield served


def test_templates_in_their_folder(hub: Hub) -> None:
    """They come along with the other files of the tokenizer."""
    hub.repositories[NAME].commit(
        {
            "config.json": json.dumps({"model_type": "bert"}).encode(),
            "tokenizer.json": json.dumps(tokenizer_json()).encode(),
            "chat_template.jinja": b"D",
            "additional_chat_templates/rag.jinja": b"R{{ messages[0].content }}",
        }
    )
    tokenizer = AutoTokenizer.from_pretrained(NAME)
    assert tokenizer.chat_template == {"default": "D", "rag": "R{{ messages[0].content }}"}
    chat = [{"role": "user", "content": "x"}]
    assert tokenizer.apply_chat_template(chat, chat_template="rag", tokenize=False) == "Rx"


def test_a_sentencepiece_model(hub: Hub) -> None:
    """It is downloaded where there is no tokenizer.json."""
    hub.repositories[NAME].commit({"config.json": CONFIG, MODEL: Lfs(small_model())})
    tokenizer = AutoTokenizer.from_pretrained(NAME)
    assert tokenizer.tokenize("a") == ["\u2581a"]


def test_both_looks_are_at_one_commit(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A branch that moves while the first files are judged does not mix two tokenizers."""
    repository = hub.repositories[NAME]
    repository.commit({"config.json": CONFIG, MODEL: Lfs(small_model())})
    usual = auto_tokenizer.vocabulary_model

    def moves(*args, **kwargs):
        later = small_model() + piece("later", 0, USER)
        repository.commit({"config.json": CONFIG, MODEL: Lfs(later)})
        return usual(*args, **kwargs)

    monkeypatch.setattr(auto_tokenizer, "vocabulary_model", moves)
    assert "later" not in AutoTokenizer.from_pretrained(NAME).get_vocab()
    assert "later" in AutoTokenizer.from_pretrained(NAME).get_vocab()
