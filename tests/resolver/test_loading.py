"""A whole load: judged files in, a model out, or one clear refusal."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

import safeload
from safeload.errors import FormatError, PolicyDenied, UsageError
from safeload.resolver.weights import BackboneIncomplete, ShapeMismatch
from tests.forge.encoders import batch, reference, save

WORDS = "bert.embeddings.word_embeddings.weight"


@pytest.fixture
def masked(tmp_path: Path) -> Path:
    """A bert checkpoint with a masked-language head, as safetensors."""
    return save(reference("bert", "AutoModelForMaskedLM"), tmp_path / "masked")


def _rewrite(folder: Path, change: Any) -> Path:
    """Write model.safetensors anew with changed tensors."""
    path = folder / "model.safetensors"
    tensors = safetensors.torch.load(path.read_bytes())
    safetensors.torch.save_file(change(tensors), path, metadata={"format": "pt"})
    return folder


def _as_pickle(folder: Path, tensors: dict[str, torch.Tensor] | None = None, *, legacy: bool = False) -> Path:
    """Replace model.safetensors by a pytorch_model.bin, of today or of the format before torch 1.6."""
    path = folder / "model.safetensors"
    value = tensors or safetensors.torch.load(path.read_bytes())
    torch.save(value, folder / "pytorch_model.bin", _use_new_zipfile_serialization=not legacy)
    path.unlink()
    return folder


def _same(ours: Any, theirs: Any) -> bool:
    with torch.no_grad():
        return bool(((ours(**batch())[0] - theirs(**batch())[0]).abs() <= 1e-5).all())


def test_shards(tmp_path: Path) -> None:
    """A sharded checkpoint gives the same model as one file."""
    theirs = reference("bert", "AutoModelForMaskedLM")
    save(theirs, tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 2
    assert not (tmp_path / "model.safetensors").exists()
    assert _same(safeload.AutoModelForMaskedLM.from_pretrained(tmp_path), theirs)


def test_a_shard_that_lacks_its_tensor(tmp_path: Path) -> None:
    """A tensor that is not in the shard the index names stops the load."""
    save(reference("bert", "AutoModel"), tmp_path, max_shard_size="20KB")
    path = tmp_path / "model.safetensors.index.json"
    index = json.loads(path.read_text())
    first, *others = sorted(set(index["weight_map"].values()))
    name = next(key for key, shard in index["weight_map"].items() if shard == first)
    index["weight_map"][name] = others[0]
    path.write_text(json.dumps(index))
    with pytest.raises((FormatError, PolicyDenied)):
        safeload.AutoModel.from_pretrained(tmp_path)


@pytest.mark.parametrize("layout", ["zip", "legacy"])
@pytest.mark.parametrize("kind", ["bert", "distilbert"])
def test_inert_pickles(kind: str, layout: str, tmp_path: Path) -> None:
    """Weights in a .bin come out of the trace and the file's bytes; tied pairs share one storage."""
    theirs = reference(kind, "AutoModelForMaskedLM")
    save(theirs, tmp_path)
    _as_pickle(tmp_path, theirs.state_dict(), legacy=layout == "legacy")
    ours = safeload.AutoModelForMaskedLM.from_pretrained(tmp_path)
    assert _same(ours, theirs)
    for target, source in ours.tied.items():
        assert ours.get_parameter(target) is ours.get_parameter(source)
    ours(**batch(), labels=batch()["input_ids"]).loss.backward()


@pytest.mark.parametrize("layout", ["zip", "legacy"])
def test_strided_pickles(layout: str, tmp_path: Path) -> None:
    """Transposed and sliced tensors of a .bin keep their values."""
    theirs = reference("bert", "AutoModel")
    save(theirs, tmp_path)
    tensors = {
        name: torch.cat([value.t().contiguous()] * 2)[: value.shape[1]].t() if value.dim() == 2 else value
        for name, value in theirs.state_dict().items()
    }
    _as_pickle(tmp_path, tensors, legacy=layout == "legacy")
    assert _same(safeload.AutoModel.from_pretrained(tmp_path), theirs)


def test_which_file_is_read(masked: Path) -> None:
    """Safe files come before pickles unless the caller turns it round; a missing kind is an error."""
    tensors = safetensors.torch.load((masked / "model.safetensors").read_bytes())
    torch.save({key: value.clone() for key, value in tensors.items()}, masked / "pytorch_model.bin")
    default = safeload.AutoModel.from_pretrained(masked)
    pickled = safeload.AutoModel.from_pretrained(masked, use_safetensors=False)
    assert _same(default, pickled)
    (masked / "model.safetensors").unlink()
    assert _same(safeload.AutoModel.from_pretrained(masked), default)
    with pytest.raises(UsageError, match=r"no weights: none of model\.safetensors"):
        safeload.AutoModel.from_pretrained(masked, use_safetensors=True)


def test_variant(masked: Path) -> None:
    """`variant` picks model.<variant>.safetensors, and does not fall back to another file."""
    (masked / "model.safetensors").rename(masked / "model.fp16.safetensors")
    safeload.AutoModel.from_pretrained(masked, variant="fp16")
    with pytest.raises(UsageError, match="no weights"):
        safeload.AutoModel.from_pretrained(masked)


def test_pickles_are_denied_by_strict(masked: Path) -> None:
    """`use_safetensors=False` cannot get past a policy that denies pickled weights."""
    _as_pickle(masked)
    with pytest.raises(PolicyDenied, match=r"format\.pickle-weights"):
        safeload.AutoModelForMaskedLM.from_pretrained(masked, use_safetensors=False, policy="strict")


def test_new_head(masked: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A task that the file was not trained for gets a new head: reported, logged, and in the info."""
    torch.manual_seed(0)
    with caplog.at_level(logging.WARNING, logger="safeload.load"):
        model, info = safeload.AutoModelForSequenceClassification.from_pretrained(
            masked, num_labels=3, output_loading_info=True
        )
    head = {"classifier.weight", "classifier.bias"}
    assert info["missing_keys"] == {*head, "bert.pooler.dense.weight", "bert.pooler.dense.bias"}
    assert "cls.predictions.bias" in info["unexpected_keys"]
    assert "untrained" in caplog.text
    assert model.classifier.weight.shape == (3, 32)
    assert 0.01 < model.classifier.weight.std().item() < 0.03
    assert not model.classifier.bias.any()
    assert model.config.id2label == {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}


def test_a_policy_may_deny_new_heads(masked: Path, tmp_path: Path) -> None:
    """A policy may refuse untrained heads, and then no model leaves the load."""
    default = Path(__file__).parents[2] / "policies" / "default.toml"
    text = default.read_text(encoding="utf-8").replace(
        'weights.new-head = "warn"', 'weights.new-head = "deny"'
    )
    policy = tmp_path / "policy.toml"
    policy.write_text(text, encoding="utf-8")
    safeload.AutoModelForMaskedLM.from_pretrained(masked, policy=policy)
    with pytest.raises(PolicyDenied, match=r"starts untrained in classifier\.bias.*\n.*weights\.new-head"):
        safeload.AutoModelForTokenClassification.from_pretrained(masked, policy=policy)


def test_mismatched_head(tmp_path: Path) -> None:
    """Another number of labels than the file has needs the caller's word."""
    head = safeload.AutoModelForSequenceClassification
    save(reference("bert", "AutoModelForSequenceClassification", num_labels=5), tmp_path)
    assert head.from_pretrained(tmp_path).config.num_labels == 5
    with pytest.raises(UsageError, match="ignore_mismatched_sizes=True"):
        head.from_pretrained(tmp_path, num_labels=3)
    model, info = head.from_pretrained(
        tmp_path, num_labels=3, ignore_mismatched_sizes=True, output_loading_info=True
    )
    assert model(**batch()).logits.shape == (3, 3)
    assert ("classifier.bias", (5,), (3,)) in info["mismatched_keys"]


def test_a_hollow_checkpoint(masked: Path) -> None:
    """A checkpoint without part of the backbone does not load, whatever the caller allows."""
    _rewrite(masked, lambda tensors: {key: value for key, value in tensors.items() if key != WORDS})
    with pytest.raises(BackboneIncomplete, match=r"lacks embeddings\.word_embeddings\.weight of"):
        safeload.AutoModel.from_pretrained(masked, ignore_mismatched_sizes=True)


def test_a_config_that_does_not_fit(masked: Path) -> None:
    """A config with other sizes than the weights is found out before any weight is read."""
    path = masked / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "vocab_size": 60}))
    with pytest.raises(ShapeMismatch, match="word_embeddings"):
        safeload.AutoModel.from_pretrained(masked)


def test_tied_but_different(masked: Path) -> None:
    """Where a file holds both of a tied pair with different values, both are kept."""

    def change(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {**tensors, "cls.predictions.decoder.weight": tensors[WORDS] + 1.0}

    model = safeload.AutoModelForMaskedLM.from_pretrained(_rewrite(masked, change))
    decoder = model.get_parameter("cls.predictions.decoder.weight")
    assert torch.equal(decoder, model.get_parameter(WORDS) + 1.0)


def test_training_leaves_the_snapshot_alone(masked: Path) -> None:
    """One optimiser step works on the loaded model and changes no byte of the checkpoint."""
    before = {path.name: path.read_bytes() for path in masked.iterdir()}
    model = safeload.AutoModelForMaskedLM.from_pretrained(masked).train()
    old = model.get_input_embeddings().weight.detach().clone()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(**batch(), labels=batch()["input_ids"]).loss.backward()
    optimizer.step()
    assert not torch.equal(model.get_input_embeddings().weight, old)
    assert {path.name: path.read_bytes() for path in masked.iterdir()} == before
    again = safeload.AutoModelForMaskedLM.from_pretrained(masked)
    assert torch.equal(again.get_input_embeddings().weight, old)


def test_a_config_of_the_callers(masked: Path) -> None:
    """`config=` takes a Config, which the load does not change."""
    config = safeload.AutoConfig.from_pretrained(masked, output_hidden_states=True)
    model = safeload.AutoModel.from_pretrained(masked, config=config, output_attentions=True)
    output = model(**batch())
    assert len(output.hidden_states) == 3
    assert len(output.attentions) == 2
    assert config.output_attentions is False
    with pytest.raises(UsageError, match="config= takes"):
        safeload.AutoModel.from_pretrained(masked, config={"model_type": "bert"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trust_remote_code": True}, "never run"),
        ({"hiden_size": 3}, "unknown argument hiden_size"),
        ({"dtype": "int8"}, "none of auto"),
        ({"dtype": "load"}, "none of auto"),
        ({"device": "nowhere"}, "device='nowhere'"),
        ({"num_labels": 0.5}, "num_labels is not an integer"),
        ({"id2label": ["a"]}, "id2label is not an object"),
    ],
)
def test_arguments_are_never_ignored(options: dict[str, Any], message: str, masked: Path) -> None:
    """An argument that cannot be honoured stops the load, with its name."""
    with pytest.raises(UsageError, match=message):
        safeload.AutoModel.from_pretrained(masked, **options)


def test_unsupported_architectures(tmp_path: Path) -> None:
    """Another model_type, and a config that asks for a decoder, each get one line."""
    save(reference("bert", "AutoModel"), tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "model_type": "mamba"}))
    with pytest.raises(UsageError, match="model_type mamba is not supported yet; supported: bert"):
        safeload.AutoModel.from_pretrained(tmp_path)
    path.write_text(json.dumps({**config, "is_decoder": True}))
    with pytest.raises(UsageError, match="cannot be built: it is a decoder"):
        safeload.AutoModel.from_pretrained(tmp_path)


@pytest.mark.parametrize("auto_class", ["AutoModel", "AutoModelForMaskedLM"])
def test_from_config(auto_class: str) -> None:
    """An untrained model has memory, the reference's start values, and trains."""
    config = safeload.AutoConfig.for_model("distilbert", dim=32, n_heads=4, n_layers=1, vocab_size=99)
    model = getattr(safeload, auto_class).from_config(config)
    assert model.training
    assert not any(value.is_meta for value in model.parameters())
    assert not model.get_input_embeddings().weight[0].any()
    assert model(**batch())[0].shape[:2] == (3, 11)


def test_from_config_refuses_what_it_would_get_wrong() -> None:
    """Sinusoidal positions come with a checkpoint; an untrained model would have random ones."""
    config = safeload.AutoConfig.for_model("distilbert", dim=32, n_heads=4, sinusoidal_pos_embds=True)
    with pytest.raises(UsageError, match="from checkpoints only"):
        safeload.AutoModel.from_config(config)
    with pytest.raises(UsageError, match="from_config takes"):
        safeload.AutoModel.from_config({"model_type": "bert"})


def test_frame(masked: Path) -> None:
    """The attributes that programs read."""
    model = safeload.AutoModelForMaskedLM.from_pretrained(masked)
    assert model.device == torch.device("cpu")
    assert model.dtype is torch.float32
    assert model.base_model is model.bert
    assert model.name_or_path == str(masked)
    assert model.get_memory_footprint() == 4 * model.num_parameters()
    with pytest.raises(UsageError, match="used through from_pretrained"):
        safeload.AutoModel()


@pytest.mark.parametrize(
    "fields",
    [
        {"num_labels": "3"},
        {"num_labels": -1},
        {"id2label": 5},
        {"id2label": ["a"]},
        {"label2id": 5},
        {"hidden_size": 17},
        {"num_labels": 3, "id2label": {0: "a"}},
    ],
)
def test_a_given_config_is_checked_like_a_file(masked: Path, fields: dict[str, Any]) -> None:
    """Fields set beside `config=` are under the same checks: refused in one line, by no other exception."""
    config = safeload.AutoConfig.from_pretrained(masked)
    with pytest.raises(UsageError, match="config:"):
        safeload.AutoModelForSequenceClassification.from_pretrained(masked, config=config, **fields)


def test_labels_set_beside_a_given_config(masked: Path) -> None:
    """Names are numbered by integers and inverted, and the caller's own Config stays as it was."""
    config = safeload.AutoConfig.from_pretrained(masked)
    config.mine = "kept"
    model = safeload.AutoModelForSequenceClassification.from_pretrained(
        masked, config=config, id2label={"0": "a", "1": "b", "2": "c"}
    )
    assert model.config.id2label == {0: "a", 1: "b", 2: "c"}
    assert model.config.label2id == {"a": 0, "b": 1, "c": 2}
    assert (model.config.mine, config.num_labels) == ("kept", 2)


def test_a_broken_config_object_is_refused(masked: Path) -> None:
    """What a program did to its Config is checked before anything is built from it."""
    config = safeload.AutoConfig.from_pretrained(masked)
    config.id2label = 5
    with pytest.raises(UsageError, match="id2label"):
        safeload.AutoModelForSequenceClassification.from_pretrained(masked, config=config)
    with pytest.raises(UsageError, match="id2label"):
        safeload.AutoModelForSequenceClassification.from_config(config)
    with pytest.raises(UsageError, match="num_labels"):
        config.num_labels = "3"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without the device")
def test_a_device_that_is_not_there_is_a_usage_error(masked: Path) -> None:
    """Whichever exception torch has for it, the caller gets one of ours."""
    with pytest.raises(UsageError, match="device='cuda'"):
        safeload.AutoModel.from_pretrained(masked, device="cuda")


def test_a_tied_parameter_that_is_missing_is_reported(tmp_path: Path) -> None:
    """The dictionary of `output_loading_info` names it like the reference's."""
    import transformers

    save(reference("bert", "AutoModelForSequenceClassification"), tmp_path)
    ours, theirs = (
        package.AutoModelForMaskedLM.from_pretrained(tmp_path, output_loading_info=True)[1]
        for package in (safeload, transformers)
    )
    assert ours["missing_keys"] == theirs["missing_keys"]
    assert "cls.predictions.decoder.bias" in ours["missing_keys"]
