"""A saved model is one that the reference and we can load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
import transformers

import safeload
from safeload.architectures import find
from safeload.errors import UsageError
from tests.forge.encoders import HEADS, SIZES, batch, reference, save

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("head", HEADS)
def test_the_reference_loads_it(kind: str, head: str, tmp_path: Path) -> None:
    """After one change, the reference loads every parameter and computes the same."""
    save(reference(kind, head, num_labels=2), tmp_path / "first")
    ours = getattr(safeload, head).from_pretrained(tmp_path / "first")
    with torch.no_grad():
        ours.get_input_embeddings().weight.add_(0.5)
    written = ours.save_pretrained(tmp_path / "second")
    assert sorted(written) == [
        str(tmp_path / "second" / name) for name in ("config.json", "model.safetensors")
    ]
    theirs, info = getattr(transformers, head).from_pretrained(tmp_path / "second", output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    with torch.no_grad():
        inputs = batch(padding=1, choices=2 if "Choice" in head else 0)
        assert (ours(**inputs)[0] - theirs(**inputs)[0]).abs().max().item() <= 1e-5
    assert theirs.config.architectures == [type(theirs).__name__]


def test_labels_survive(tmp_path: Path) -> None:
    """Label names are written and read back."""
    config = safeload.AutoConfig.for_model("distilbert", dim=32, n_heads=4, n_layers=1, vocab_size=9)
    config.id2label, config.label2id = {0: "BAD", 1: "GOOD", 2: "UGLY"}, {"BAD": 0, "GOOD": 1, "UGLY": 2}
    safeload.AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    again = safeload.AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert again.config.id2label == config.id2label
    assert not again.load_report.new_head


def test_untied_is_kept(tmp_path: Path) -> None:
    """A pair that training has taken apart is written as two."""
    config = safeload.AutoConfig.for_model("distilbert", dim=32, n_heads=4, n_layers=1, vocab_size=9)
    model = safeload.AutoModelForMaskedLM.from_config(config)
    model.vocab_projector.weight = torch.nn.Parameter(torch.ones(9, 32))
    model.save_pretrained(tmp_path)
    assert safeload.AutoModelForMaskedLM.from_pretrained(tmp_path).vocab_projector.weight.eq(1).all()


def test_only_auto_classes_save() -> None:
    """A bare model has nothing to write with, and says so."""
    model = find("bert").classes["AutoModel"](safeload.AutoConfig.for_model("bert", num_hidden_layers=0))
    with pytest.raises(UsageError, match="from an Auto class"):
        model.save_pretrained("anywhere")


@pytest.mark.parametrize("value", [object(), float("nan")])
def test_a_config_that_json_cannot_hold_is_not_saved(tmp_path: Path, value: object) -> None:
    """What a program set is named in one line, nothing is written, and the config can still be shown."""
    model = safeload.AutoModel.from_config(safeload.AutoConfig.for_model("bert", num_hidden_layers=0))
    model.config.mine = value
    with pytest.raises(UsageError, match="as JSON"):
        model.save_pretrained(tmp_path / "saved")
    assert not (tmp_path / "saved").exists()
    assert "mine" in repr(model.config)
