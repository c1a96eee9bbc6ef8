"""AutoConfig and the Config that models carry."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers

from safeload import AutoConfig
from safeload.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def _folder(path: Path, value: Any) -> Path:
    (path / "config.json").write_text(json.dumps(value), encoding="utf-8")
    return path


def test_attributes(tmp_path: Path) -> None:
    """Fields, aliases and labels are attributes; a field that does not exist is an AttributeError."""
    config = AutoConfig.from_pretrained(
        _folder(tmp_path, {"model_type": "distilbert", "dim": 96, "n_heads": 4, "num_labels": 3})
    )
    assert (config.dim, config.hidden_size, config.num_attention_heads) == (96, 96, 4)
    assert (config.num_labels, config.id2label[2]) == (3, "LABEL_2")
    assert config.name_or_path == str(tmp_path)
    with pytest.raises(AttributeError, match="has no rope_theta"):
        _ = config.rope_theta


@pytest.mark.parametrize("theirs", [transformers.BertConfig(), transformers.DistilBertConfig(num_labels=5)])
def test_agrees_with_the_reference(theirs: Any, tmp_path: Path) -> None:
    """Every value that the reference's config has after a round trip, ours has too."""
    theirs.save_pretrained(tmp_path)
    ours = AutoConfig.from_pretrained(tmp_path)
    for key, value in theirs.to_dict().items():
        if key not in {"architectures", "transformers_version", "chunk_size_feed_forward", "_name_or_path"}:
            assert getattr(ours, key, None) == value, key
    assert ours.num_labels == theirs.num_labels


def test_overrides(tmp_path: Path) -> None:
    """Known fields can be set by keyword, under the table's bounds; unknown ones are named."""
    _folder(tmp_path, {"model_type": "bert", "hidden_size": 96, "num_attention_heads": 4})
    config = AutoConfig.from_pretrained(
        tmp_path, num_labels=4, output_hidden_states=True, dtype=torch.float16
    )
    assert (config.num_labels, config.output_hidden_states, config.dtype) == (4, True, torch.float16)
    with pytest.raises(UsageError, match="num_hidden_layers is -1"):
        AutoConfig.from_pretrained(tmp_path, num_hidden_layers=-1)
    with pytest.raises(UsageError, match="unknown argument hiden_size"):
        AutoConfig.from_pretrained(tmp_path, hiden_size=3)
    config, unused = AutoConfig.from_pretrained(tmp_path, foo=1, num_labels=3, return_unused_kwargs=True)
    assert (config.num_labels, unused) == (3, {"foo": 1})


def test_set_attributes_keep_their_type(tmp_path: Path) -> None:
    """A field set later obeys the same table, and its alias follows."""
    config = AutoConfig.for_model("distilbert", dim=96, n_heads=4)
    config.hidden_size = 48
    assert config.dim == 48
    config.my_note = "kept"
    assert config.to_dict()["my_note"] == "kept"
    with pytest.raises(UsageError, match="dim is text"):
        config.hidden_size = "48"
    with pytest.raises(UsageError, match="dtype is 'load'"):
        config.dtype = "load"
    config.num_labels = 3
    assert config.label2id == {"LABEL_0": 0, "LABEL_1": 1, "LABEL_2": 2}


def test_copies_are_independent() -> None:
    """A deep copy shares nothing with its original."""
    config = AutoConfig.for_model("bert")
    other = copy.deepcopy(config)
    assert other == config
    other.id2label[0] = "changed"
    other.vocab_size = 7
    assert config.id2label[0] == "LABEL_0"
    assert config.vocab_size == 30522


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"model_type": "mamba"}, "model_type mamba is not supported yet; supported: bert, camembert"),
        ({"hidden_size": 3}, "names no model_type"),
        ([], "names no model_type"),
    ],
)
def test_what_is_no_config_of_ours(value: Any, message: str, tmp_path: Path) -> None:
    """Another architecture, and a config.json of something else, each get one clear line."""
    with pytest.raises(UsageError, match=message):
        AutoConfig.from_pretrained(_folder(tmp_path, value))


def test_no_config_at_all(tmp_path: Path) -> None:
    """A folder without config.json says so; the folder's name is never a hint."""
    folder = tmp_path / "bert-base"
    folder.mkdir()
    (folder / "vocab.txt").write_text("a\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"no config\.json"):
        AutoConfig.from_pretrained(folder)


def test_for_model_refuses_unknown_types() -> None:
    """A model_type outside the table is not looked up anywhere else."""
    with pytest.raises(UsageError, match="supported: bert, camembert"):
        AutoConfig.for_model("os")
    with pytest.raises(UsageError, match="used through"):
        AutoConfig()
