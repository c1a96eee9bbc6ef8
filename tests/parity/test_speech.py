"""wav2vec2 and hubert against the reference: same files, same sounds, same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import safetensors
import torch
import transformers
from safetensors.torch import load_file, save_file

import safeload
from tests.forge.encoders import save
from tests.forge.speech import HEADS, LARGE, SAMPLES, SIZES, batch, reference

if TYPE_CHECKING:
    from pathlib import Path

TOLERANCE = 1e-5
VARIANTS: dict[str, dict[str, Any]] = {
    "base": {},
    "large": LARGE,
    "layer norms, post-norm": {"feat_extract_norm": "layer", "conv_bias": True, "layer_norm_eps": 1e-3},
    "group norm, pre-norm, weighted sum": {"do_stable_layer_norm": True, "use_weighted_layer_sum": True},
    "odd kernel, relu, nothing hidden": {
        "num_conv_pos_embeddings": 7,
        "hidden_act": "relu",
        "feat_extract_activation": "gelu_new",
        "mask_time_prob": 0.0,
        "num_attention_heads": 1,
    },
}
ALL = [pytest.param(kind, head, id=f"{kind}-{head}") for kind in SIZES for head in HEADS[kind]]
CASES = [
    pytest.param(kind, head, changes, id=f"{kind}-{head}-{variant}")
    for kind in SIZES
    for head in HEADS[kind]
    for variant, changes in VARIANTS.items()
]


def _frames(model: Any) -> int:
    return int(model._get_feat_extract_output_lengths(torch.tensor(max(SAMPLES))))


def _labels(model: Any, head: str) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    rows, frames = len(SAMPLES), _frames(model)
    if head == "AutoModelForCTC":
        labels = torch.randint(1, 23, (rows, 4), generator=generator)
        labels[1, 3] = -100
        labels[2, 2:] = 0
        return {"labels": labels}
    if head == "AutoModelForAudioFrameClassification":
        labels = torch.randint(0, 5, (rows, frames), generator=generator)
        return {"labels": torch.nn.functional.one_hot(labels, 5)}
    if head == "AutoModelForPreTraining":
        hidden = torch.rand((rows, frames), generator=generator) > 0.5
        negatives = torch.randint(0, rows * frames, (rows, frames, 6), generator=generator)
        return {"mask_time_indices": hidden, "sampled_negative_indices": negatives}
    return {} if head == "AutoModel" else {"labels": torch.tensor([0, 4, 2])}


def _assert_same(ours: Any, theirs: Any) -> None:
    assert list(ours) == list(theirs)
    for key, expected in theirs.items():
        found = ours[key]
        many = isinstance(expected, tuple)
        for left, right in zip(found if many else [found], expected if many else [expected], strict=True):
            assert left.shape == right.shape
            assert right.isfinite().all(), key
            assert (left - right).abs().max().item() <= TOLERANCE, key


@pytest.mark.parametrize(("kind", "head", "changes"), CASES)
def test_same_numbers(kind: str, head: str, changes: dict[str, Any], tmp_path: Path) -> None:
    """Logits, embeddings, hidden states and loss of a padded batch equal the reference's."""
    theirs = reference(kind, head, **changes)
    save(theirs, tmp_path)
    ours = getattr(safeload, head).from_pretrained(tmp_path)
    assert not ours.training
    labels = _labels(theirs, head)
    if not changes.get("mask_time_prob", 1):
        labels = {}  # frames cannot be hidden by a model that has nothing to put in their place
    with torch.no_grad():
        inputs = {**batch(), **labels, "output_hidden_states": True}
        _assert_same(ours(**inputs), theirs(**inputs))
        sounds = batch(1, padded=False)["input_values"]
        _assert_same(ours(sounds), theirs(sounds))


@pytest.mark.parametrize(("kind", "head"), ALL)
def test_same_names(kind: str, head: str, tmp_path: Path) -> None:
    """Our state dict has the reference's names, which are the file's; all of them are loaded."""
    theirs = reference(kind, head)
    save(theirs, tmp_path)
    ours, info = getattr(safeload, head).from_pretrained(tmp_path, output_loading_info=True)
    with safetensors.safe_open(tmp_path / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(ours.state_dict()) == set(theirs.state_dict())
    assert not any(info.values())
    assert ours.num_parameters() == theirs.num_parameters()
    assert ours.config.inputs_to_logits_ratio == theirs.config.inputs_to_logits_ratio == 20


@pytest.mark.parametrize(("kind", "head"), ALL)
def test_the_reference_reads_what_we_save(kind: str, head: str, tmp_path: Path) -> None:
    """A model that we saved is the same model to the reference, without a missing or unexpected name."""
    save(reference(kind, head, **LARGE), tmp_path / "theirs")
    ours = getattr(safeload, head).from_pretrained(tmp_path / "theirs")
    ours.save_pretrained(tmp_path / "ours")
    theirs, info = getattr(transformers, head).from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not any(info.values())
    with torch.no_grad():
        _assert_same(ours(**batch()), theirs(**batch()))


@pytest.mark.parametrize("kind", SIZES)
def test_names_of_older_files(kind: str, tmp_path: Path) -> None:
    """Weight norm under its names before torch 2 goes to the same two parameters."""
    theirs = reference(kind, "AutoModelForCTC")
    save(theirs, tmp_path)
    path = tmp_path / "model.safetensors"
    names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    older = {}
    for name, value in load_file(path).items():
        for new, old in names.items():
            name = name.replace(new, old)  # noqa: PLW2901 - the point
        older[name] = value
    assert f"{kind}.encoder.pos_conv_embed.conv.weight_g" in older
    save_file(older, path, metadata={"format": "pt"})
    ours, info = safeload.AutoModelForCTC.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values())
    with torch.no_grad():
        _assert_same(ours(**batch()), theirs(**batch()))


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("changes", [{}, LARGE])
def test_same_attentions(kind: str, changes: dict[str, Any], tmp_path: Path) -> None:
    """Asked for attentions, both compute them step by step and agree on them."""
    theirs = reference(kind, "AutoModelForCTC", **changes)
    save(theirs, tmp_path)
    theirs.set_attn_implementation("eager")
    ours = safeload.AutoModelForCTC.from_pretrained(tmp_path)
    inputs = {**batch(), "output_attentions": True, "output_hidden_states": True}
    with torch.no_grad():
        _assert_same(ours(**inputs), theirs(**inputs))


@pytest.mark.parametrize("width", [None, 28])
def test_adapters(width: int | None, tmp_path: Path) -> None:
    """Convolutions that shorten the output, and the layers that were trained for one language."""
    changes = {
        **LARGE,
        "add_adapter": True,
        "output_hidden_size": width,
        "num_adapter_layers": 2,
        "adapter_attn_dim": 9,
    }
    for head in ("AutoModel", "AutoModelForCTC"):
        theirs = reference("wav2vec2", head, **changes)
        folder = save(theirs, tmp_path / head)
        ours = getattr(safeload, head).from_pretrained(folder)
        assert set(ours.state_dict()) == set(theirs.state_dict())
        inputs = {**batch(), "output_hidden_states": True, **_labels(theirs, head)}
        if "labels" in inputs:
            inputs["labels"][:, 2:] = -100  # the output is a quarter as long
        with torch.no_grad():
            _assert_same(ours(**inputs), theirs(**inputs))
    with pytest.raises(safeload.UsageError, match="has no adapter"):
        safeload.AutoModelForAudioClassification.from_pretrained(folder)


@pytest.mark.parametrize(("kind", "head"), ALL)
def test_same_training(kind: str, head: str, tmp_path: Path) -> None:
    """With the same seeds, dropout, LayerDrop and SpecAugment hide the same: same loss, same gradients."""
    changes = {
        "hidden_dropout": 0.2,
        "attention_dropout": 0.1,
        "activation_dropout": 0.1,
        "feat_proj_dropout": 0.1,
        "final_dropout": 0.1,
        "layerdrop": 0.4,
        "mask_time_prob": 0.3,
        "mask_feature_prob": 0.2,
        "use_weighted_layer_sum": head == "AutoModelForAudioXVector",
    }
    if changes["use_weighted_layer_sum"]:
        changes["layerdrop"] = 0.0  # the reference fails on a sum of fewer layers
    theirs = reference(kind, head, **changes)
    save(theirs, tmp_path)
    ours = getattr(safeload, head).from_pretrained(tmp_path)
    losses = []
    for model in (ours.train(), theirs.train()):
        torch.manual_seed(3)
        np.random.seed(3)  # noqa: NPY002 - the generator that the reference draws from
        output = model(**batch(), **_labels(theirs, head))
        loss = output.last_hidden_state.square().mean() if head == "AutoModel" else output.loss
        loss.backward()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    expected = dict(theirs.named_parameters())
    for name, value in ours.named_parameters():
        if value.grad is None:
            assert expected[name].grad is None, name
        else:
            # losses of pretraining are sums over frames, so gradients are in the hundreds
            scale = max(1.0, expected[name].grad.abs().max().item())
            assert (value.grad - expected[name].grad).abs().max().item() <= TOLERANCE * scale, name


def test_features_without_a_norm(tmp_path: Path) -> None:
    """Some hubert models project the features as they are."""
    theirs = reference("hubert", "AutoModelForCTC", feat_proj_layer_norm=False)
    save(theirs, tmp_path)
    ours, info = safeload.AutoModelForCTC.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values())
    with torch.no_grad():
        _assert_same(ours(**batch()), theirs(**batch()))


def test_tuples_and_states_by_the_config(tmp_path: Path) -> None:
    """What a call does not say, the config does."""
    theirs = reference("wav2vec2", "AutoModelForCTC", output_hidden_states=True)
    save(theirs, tmp_path)
    ours = safeload.AutoModelForCTC.from_pretrained(tmp_path, output_hidden_states=True)
    sounds = batch()["input_values"]
    with torch.no_grad():
        _assert_same(ours(sounds), theirs(sounds))
        pair = ours(sounds, return_dict=False)
    assert isinstance(pair, tuple)
    assert len(pair[1]) == 4


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
@pytest.mark.parametrize("kind", SIZES)
def test_other_types(kind: str, dtype: torch.dtype, tmp_path: Path) -> None:
    """A checkpoint keeps the type that its config names."""
    theirs = reference(kind, "AutoModelForAudioClassification", **LARGE).to(dtype)
    save(theirs, tmp_path)
    ours = safeload.AutoModelForAudioClassification.from_pretrained(tmp_path)
    assert ours.dtype is dtype
    inputs = batch()
    inputs["input_values"] = inputs["input_values"].to(dtype)
    with torch.no_grad():
        _assert_same(ours(**inputs), theirs(**inputs))


def test_a_sound_shorter_than_a_frame(tmp_path: Path) -> None:
    """A mask that leaves no whole frame hears all of them, as in the reference; one too long is refused."""
    theirs = reference("wav2vec2", "AutoModelForAudioClassification")
    save(theirs, tmp_path)
    ours = safeload.AutoModelForAudioClassification.from_pretrained(tmp_path)
    inputs = batch()
    inputs["attention_mask"][2, 12:] = 0
    with torch.no_grad():
        _assert_same(ours(**inputs), theirs(**inputs))
        with pytest.raises(ValueError, match="frames, and the sound"):
            ours(inputs["input_values"][:, :300], inputs["attention_mask"])


def test_named_frames_are_hidden(tmp_path: Path) -> None:
    """`mask_time_indices` hides frames in evaluation, too, and needs the frame that stands for them."""
    theirs = reference("wav2vec2", "AutoModel")
    save(theirs, tmp_path)
    ours = safeload.AutoModel.from_pretrained(tmp_path)
    hidden = torch.zeros((3, _frames(theirs)), dtype=torch.bool)
    hidden[:, 4:7] = True
    with torch.no_grad():
        _assert_same(ours(**batch(), mask_time_indices=hidden), theirs(**batch(), mask_time_indices=hidden))
    nothing = safeload.AutoModel.from_pretrained(tmp_path, mask_time_prob=0.0)
    with pytest.raises(safeload.UsageError, match="cannot be hidden"):
        nothing(**batch(), mask_time_indices=hidden)


def test_freezing(tmp_path: Path) -> None:
    """The convolutions, or the whole backbone, stay as they are in training."""
    save(reference("wav2vec2", "AutoModelForCTC"), tmp_path)
    model = safeload.AutoModelForCTC.from_pretrained(tmp_path)
    model.freeze_feature_encoder()
    frozen = {name for name, item in model.named_parameters() if not item.requires_grad}
    assert frozen == {name for name in model.state_dict() if "feature_extractor" in name}
    model.freeze_base_model()
    free = {name for name, item in model.named_parameters() if item.requires_grad}
    assert free == {"lm_head.weight", "lm_head.bias"}


@pytest.mark.parametrize("kind", SIZES)
def test_an_untrained_model_starts_as_the_references_does(kind: str) -> None:
    """Means and spreads of a model from a config are near the reference's, parameter by parameter."""
    config = {**SIZES[kind], "hidden_size": 64, "conv_dim": [32, 32, 32]}
    theirs = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(kind, **config))
    ours = safeload.AutoModel.from_config(safeload.AutoConfig.for_model(kind, **config))
    expected = dict(theirs.named_parameters())
    for name, value in ours.named_parameters():
        other = expected[name]
        assert value.isfinite().all()
        assert value.shape == other.shape
        if "norm" in name:
            assert torch.equal(value, other), name
        elif kind == "wav2vec2" and value.numel() > 1000 and "feature_" in name:
            assert value.std().item() == pytest.approx(other.std().item(), rel=0.2), name
