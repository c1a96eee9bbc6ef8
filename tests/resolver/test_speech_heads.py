"""Heads that are not the reference's: recognised and named, or refused; and what training alone uses."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import safeload
from safeload.errors import UsageError
from tests.forge.encoders import save
from tests.forge.speech import batch, reference


def _emotions(folder: Path, *, kind: str = "wav2vec2", outer: str = "output", **changes: Any) -> Any:
    """A checkpoint with a head of its own, as the published emotion recognisers have it; its backbone."""
    theirs = reference(kind, "AutoModel", **changes)
    save(theirs, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"architectures": [f"{kind.title()}ForSpeechClassification"], "finetuning_task": "wav2vec2_clf"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    generator = torch.Generator().manual_seed(5)
    tensors = {f"{kind}.{name}": value for name, value in load_file(folder / "model.safetensors").items()}
    for name, shape in {
        "dense.weight": (32, 32),
        "dense.bias": (32,),
        f"{outer}.weight": (5, 32),
        f"{outer}.bias": (5,),
    }.items():
        tensors[f"classifier.{name}"] = torch.randn(shape, generator=generator)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return theirs


def _no_new_heads(folder: Path) -> Path:
    """The default policy, but a new head is denied; beside the checkpoint, not in it."""
    text = (Path(__file__).parents[2] / "policies" / "default.toml").read_text(encoding="utf-8")
    changed = text.replace('weights.new-head = "warn"', 'weights.new-head = "deny"')
    assert changed != text
    path = folder.with_suffix(".toml")
    path.write_text(changed, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert"])
@pytest.mark.parametrize("outer", ["output", "out_proj"])
@pytest.mark.parametrize("mode", [None, "mean", "sum", "max"])
def test_a_head_with_a_hidden_layer_is_recognised(
    tmp_path: Path, kind: str, outer: str, mode: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """The tutorial's own checkpoint: nothing is new or left over, and the report says what was assumed."""
    backbone = _emotions(tmp_path, kind=kind, outer=outer, **({"pooling_mode": mode} if mode else {}))
    with caplog.at_level(logging.WARNING, "safeload.load"):
        ours, info = safeload.AutoModelForAudioClassification.from_pretrained(
            tmp_path, output_loading_info=True
        )
    assert not any(info.values())
    assert type(ours).__name__.endswith("ForSpeechClassification")
    assert "classifier.dense" in ours.load_report.note
    assert "does not state the activation" in ours.load_report.render()
    assert "does not state the activation" in caplog.text
    tensors = load_file(tmp_path / "model.safetensors")
    assert set(ours.state_dict()) == set(tensors)
    with torch.no_grad():
        x = backbone(**batch()).last_hidden_state
        pooled = {"mean": x.mean(1), "sum": x.sum(1), "max": x.max(1).values}[mode or "mean"]
        hidden = torch.tanh(pooled @ tensors["classifier.dense.weight"].T + tensors["classifier.dense.bias"])
        expected = hidden @ tensors[f"classifier.{outer}.weight"].T + tensors[f"classifier.{outer}.bias"]
        found = ours(**batch(), labels=torch.tensor([0, 1, 4]))
    assert (found.logits - expected).abs().max().item() <= 1e-5
    assert found.loss.isfinite()


def test_such_a_model_saves_and_loads(tmp_path: Path) -> None:
    """Saved by us, the head keeps its names and is recognised again."""
    _emotions(tmp_path / "a")
    first = safeload.AutoModelForAudioClassification.from_pretrained(tmp_path / "a")
    first.save_pretrained(tmp_path / "b")
    again = safeload.AutoModelForAudioClassification.from_pretrained(tmp_path / "b")
    with torch.no_grad():
        assert torch.equal(first(**batch()).logits, again(**batch()).logits)


def test_other_tasks_do_not_take_the_head(tmp_path: Path) -> None:
    """The backbone loads without it, and the report lists the head's tensors as another head's."""
    _emotions(tmp_path)
    ours, info = safeload.AutoModel.from_pretrained(tmp_path, output_loading_info=True)
    assert all(name.startswith("classifier.") for name in info["unexpected_keys"])
    assert len(info["unexpected_keys"]) == 4
    assert not ours.load_report.unknown
    assert not ours.load_report.note


def test_a_head_of_unknown_making_is_refused(tmp_path: Path) -> None:
    """`classifier.dense` without an output layer that we know: no random head takes its place."""
    _emotions(tmp_path, outer="final")
    with pytest.raises(UsageError, match="which class made it is unknown"):
        safeload.AutoModelForAudioClassification.from_pretrained(tmp_path)


def test_a_head_of_other_sizes_is_refused(tmp_path: Path) -> None:
    """The hidden layer has the encoder's width, and there is one output per label."""
    _emotions(tmp_path, num_labels=4)
    with pytest.raises(UsageError, match=r"classifier.output.* is \[5.* and \[4"):
        safeload.AutoModelForAudioClassification.from_pretrained(tmp_path)


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert"])
def test_what_training_alone_uses_may_be_absent(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A file without the frame that stands for hidden ones loads and says so; that is no new head."""
    theirs = reference(kind, "AutoModelForCTC")
    save(theirs, tmp_path)
    path = tmp_path / "model.safetensors"
    name = f"{kind}.masked_spec_embed"
    tensors = load_file(path)
    del tensors[name]
    save_file(tensors, path, metadata={"format": "pt"})
    with caplog.at_level(logging.WARNING, "safeload.load"):
        ours, info = safeload.AutoModelForCTC.from_pretrained(
            tmp_path, output_loading_info=True, policy=_no_new_heads(tmp_path)
        )
    assert info["missing_keys"] == {name}
    assert ours.load_report.training == (name,)
    assert not ours.load_report.new_head
    assert name in ours.load_report.render()
    assert not caplog.text
    with torch.no_grad():
        assert torch.equal(ours(**batch()).logits, theirs(**batch()).logits)
    loss = ours.train()(**batch(), labels=torch.tensor([[1, 2], [3, 4], [5, 6]])).loss
    assert loss.isfinite()


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert"])
def test_what_training_alone_uses_may_be_left_over(tmp_path: Path, kind: str) -> None:
    """A config that hides nothing has no place for that frame: unexpected, but not unknown."""
    save(reference(kind, "AutoModelForCTC"), tmp_path)
    ours, info = safeload.AutoModelForCTC.from_pretrained(
        tmp_path, mask_time_prob=0.0, output_loading_info=True
    )
    assert info["unexpected_keys"] == {f"{kind}.masked_spec_embed"}
    assert not ours.load_report.unknown


def test_a_missing_head_is_new_and_said(tmp_path: Path) -> None:
    """Without a trained head the logits are an untrained head's: in the report, in the log, in the policy."""
    save(reference("wav2vec2", "AutoModelForCTC"), tmp_path)
    ours = safeload.AutoModelForAudioClassification.from_pretrained(tmp_path)
    assert set(ours.load_report.new_head) == {
        "classifier.bias", "classifier.weight", "projector.bias", "projector.weight",
    }  # fmt: skip
    with pytest.raises(safeload.PolicyDenied, match=r"weights\.new-head"):
        safeload.AutoModelForAudioClassification.from_pretrained(tmp_path, policy=_no_new_heads(tmp_path))


def test_a_language_is_not_switched(tmp_path: Path) -> None:
    """The adapters of other languages are files of their own, which are not read."""
    save(reference("wav2vec2", "AutoModelForCTC"), tmp_path)
    with pytest.raises(UsageError, match="target_lang='fra' is refused"):
        safeload.AutoModelForCTC.from_pretrained(tmp_path, target_lang="fra")


def test_a_vocabulary_has_a_size(tmp_path: Path) -> None:
    """A config may leave vocab_size open, and then there is no head for transcription."""
    save(reference("wav2vec2", "AutoModel"), tmp_path)
    with pytest.raises(UsageError, match="pass vocab_size="):
        safeload.AutoModelForCTC.from_pretrained(tmp_path, vocab_size=None)
    assert safeload.AutoModel.from_pretrained(tmp_path, vocab_size=None).config.vocab_size is None


def test_there_are_no_word_embeddings(tmp_path: Path) -> None:
    """A model that hears says so."""
    save(reference("hubert", "AutoModelForCTC"), tmp_path)
    with pytest.raises(UsageError, match="hears sound"):
        safeload.AutoModelForCTC.from_pretrained(tmp_path).get_input_embeddings()


def test_batch_norm_in_positions_is_refused(tmp_path: Path) -> None:
    """Its statistics are no parameters: a few hubert models have it."""
    save(reference("hubert", "AutoModel"), tmp_path)
    with pytest.raises(UsageError, match="conv_pos_batch_norm"):
        safeload.AutoModel.from_pretrained(tmp_path, conv_pos_batch_norm=True)
