"""Every vision encoder against the reference: same files, same images, same numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import safetensors
import torch
import transformers

import safeload
from tests.forge.encoders import save
from tests.forge.vision import HEADS, PATCHES, VIT, masked, pixels, randomised, reference

if TYPE_CHECKING:
    from pathlib import Path

TOLERANCE = 1e-5
MODEL_TYPES = ("vit", "deit")
CLASSIFIER = "AutoModelForImageClassification"
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "no bias, relu, eps": {"qkv_bias": False, "hidden_act": "relu", "layer_norm_eps": 1e-3},
    "small patches, gelu_new": {"patch_size": 4, "encoder_stride": 4, "hidden_act": "gelu_new"},
    "one head, one channel": {"num_attention_heads": 1, "num_channels": 1, "num_hidden_layers": 1},
    "another pooler": {"pooler_act": "relu", "pooler_output_size": 20},
}
CASES = [
    pytest.param(kind, head, changes, id=f"{kind}-{head}-{variant}")
    for kind in MODEL_TYPES
    for head in HEADS
    for variant, changes in VARIANTS.items()
]


def _same(ours: Any, theirs: Any) -> None:
    assert list(ours) == list(theirs)
    for key, expected in theirs.items():
        actual = ours[key]
        pairs = [(actual, expected)]
        if isinstance(expected, tuple):
            assert len(actual) == len(expected)
            pairs = list(zip(actual, expected, strict=True))
        for left, right in pairs:
            assert left.shape == right.shape
            assert (left - right).abs().max().item() <= TOLERANCE, key


def _inputs(model: Any, head: str, **more: Any) -> dict[str, Any]:
    config = model.config
    inputs = {"pixel_values": pixels(channels=config.num_channels), **more}
    if head == "AutoModelForMaskedImageModeling":
        inputs["bool_masked_pos"] = masked((24 // config.patch_size) ** 2)
    elif head == CLASSIFIER and "labels" not in more:
        inputs["labels"] = torch.tensor([0, 1])
    return inputs


@pytest.mark.parametrize(("kind", "head", "changes"), CASES)
def test_same_numbers(kind: str, head: str, changes: dict[str, Any], tmp_path: Path) -> None:
    """Logits, hidden states, reconstruction and loss equal the reference's."""
    theirs = reference(kind, head, **changes)
    save(theirs, tmp_path)
    ours = getattr(safeload, head).from_pretrained(tmp_path)
    assert not ours.training
    inputs = _inputs(theirs, head, output_hidden_states=True)
    with torch.no_grad():
        _same(ours(**inputs), theirs(**inputs))


@pytest.mark.parametrize("kind", MODEL_TYPES)
@pytest.mark.parametrize("head", HEADS)
def test_same_names(kind: str, head: str, tmp_path: Path) -> None:
    """Our state dict has the names of the file, all of them are loaded, and it counts the same."""
    theirs = reference(kind, head)
    save(theirs, tmp_path)
    ours, info = getattr(safeload, head).from_pretrained(tmp_path, output_loading_info=True)
    with safetensors.safe_open(tmp_path / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(ours.state_dict())
    assert info == {
        "missing_keys": set(),
        "unexpected_keys": set(),
        "mismatched_keys": set(),
        "error_msgs": [],
    }
    assert ours.num_parameters() == theirs.num_parameters()


@pytest.mark.parametrize("kind", MODEL_TYPES)
@pytest.mark.parametrize("head", HEADS)
def test_the_reference_reads_what_we_save(kind: str, head: str, tmp_path: Path) -> None:
    """The other direction: every tensor finds its place, and the numbers are the same."""
    save(reference(kind, head), tmp_path / "theirs")
    ours = getattr(safeload, head).from_pretrained(tmp_path / "theirs")
    ours.save_pretrained(tmp_path / "ours")
    theirs, info = getattr(transformers, head).from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    inputs = _inputs(theirs, head)
    with torch.no_grad():
        _same(ours(**inputs), theirs(**inputs))


@pytest.mark.parametrize("kind", MODEL_TYPES)
def test_same_attentions(kind: str, tmp_path: Path) -> None:
    """Asked for attentions, both compute them step by step and agree on them, with a mask as without."""
    theirs = reference(kind, "AutoModel")
    save(theirs, tmp_path)
    theirs.set_attn_implementation("eager")
    ours = safeload.AutoModel.from_pretrained(tmp_path, attn_implementation="eager")
    mask = torch.ones(2, PATCHES + (2 if kind == "deit" else 1), dtype=torch.long)
    mask[1, 5:] = 0
    with torch.no_grad():
        for more in ({}, {"attention_mask": mask}):
            inputs = _inputs(theirs, "AutoModel", output_attentions=True, output_hidden_states=True, **more)
            _same(ours(**inputs), theirs(**inputs))


@pytest.mark.parametrize("kind", MODEL_TYPES)
@pytest.mark.parametrize("size", [(24, 24), (40, 40), (16, 32), (25, 31)])
def test_images_of_another_size(kind: str, size: tuple[int, int], tmp_path: Path) -> None:
    """`interpolate_pos_encoding` puts positions between the trained ones."""
    theirs = reference(kind, CLASSIFIER)
    save(theirs, tmp_path)
    ours = safeload.AutoModelForImageClassification.from_pretrained(tmp_path)
    with torch.no_grad():
        inputs = {"pixel_values": pixels(*size), "interpolate_pos_encoding": True}
        _same(ours(**inputs), theirs(**inputs))


@pytest.mark.parametrize("kind", MODEL_TYPES)
def test_rectangles(kind: str, tmp_path: Path) -> None:
    """Images and patches that are no squares, as pairs in the config."""
    theirs = reference(kind, CLASSIFIER, image_size=[16, 24], patch_size=[8, 6])
    save(theirs, tmp_path)
    ours = safeload.AutoModelForImageClassification.from_pretrained(tmp_path)
    with torch.no_grad():
        _same(ours(pixels(16, 24)), theirs(pixels(16, 24)))


@pytest.mark.parametrize(
    "named", ["DeiTForImageClassification", "DeiTForImageClassificationWithTeacher", None]
)
def test_deit_of_one_or_two_heads(named: str | None, tmp_path: Path) -> None:
    """Which of deit's two classes is meant, the config's `architectures` say, as for the reference."""
    kind = getattr(transformers, named or "DeiTForImageClassification")
    theirs = randomised(kind(transformers.DeiTConfig(**VIT)))
    save(theirs, tmp_path)
    if named is None:
        stated = json.loads((tmp_path / "config.json").read_text())
        (tmp_path / "config.json").write_text(json.dumps({**stated, "architectures": ["Unheard"]}))
    ours = safeload.AutoModelForImageClassification.from_pretrained(tmp_path)
    assert type(ours).__name__ == (named or "DeiTForImageClassification")
    with torch.no_grad():
        inputs = {"pixel_values": pixels(), "output_hidden_states": True}
        _same(ours(**inputs), theirs(**inputs))


@pytest.mark.parametrize("kind", MODEL_TYPES)
@pytest.mark.parametrize("head", [head for head in HEADS if head != "AutoModel"])
def test_same_gradients_in_training(kind: str, head: str, tmp_path: Path) -> None:
    """With dropout on and the same seed, loss and every gradient equal the reference's."""
    theirs = reference(kind, head, hidden_dropout_prob=0.2, attention_probs_dropout_prob=0.1)
    save(theirs, tmp_path)
    ours = getattr(safeload, head).from_pretrained(tmp_path)
    losses = []
    for model in (ours.train(), theirs.train()):
        torch.manual_seed(3)
        loss = model(**_inputs(theirs, head)).loss
        loss.backward()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], abs=TOLERANCE)
    # transformers 5 has names of its own in memory, in the same order as ours
    pairs = zip(_gradients(ours), _gradients(theirs), strict=True)
    assert all((left - right).abs().max().item() <= TOLERANCE for left, right in pairs)


def _gradients(model: Any) -> list[torch.Tensor]:
    """Sorted by shape and values, since the two name and order their parameters differently."""
    found = [item.grad for item in model.parameters() if item.grad is not None]
    return sorted(found, key=lambda item: (*item.shape, round(item.sum().item(), 3)))


@pytest.mark.parametrize(
    ("labels", "changes"),
    [
        (torch.tensor([2, 0]), {"num_labels": 3}),
        (torch.tensor([0.5, -1.0]), {"num_labels": 1}),
        (torch.tensor([[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]]), {"num_labels": 4}),
        (None, {"num_labels": 0}),
    ],
)
def test_kinds_of_labels(labels: Any, changes: dict[str, Any], tmp_path: Path) -> None:
    """One label, a number, several labels at once; without labels the features themselves."""
    theirs = reference("vit", CLASSIFIER, **changes)
    save(theirs, tmp_path)
    ours = safeload.AutoModelForImageClassification.from_pretrained(tmp_path)
    with torch.no_grad():
        inputs = _inputs(theirs, CLASSIFIER, labels=labels)
        _same(ours(**inputs), theirs(**inputs))


def test_another_head_is_new_and_said_so(tmp_path: Path) -> None:
    """A classifier gives a backbone for masked images: mask token and decoder start untrained."""
    save(reference("vit", CLASSIFIER), tmp_path)
    model, info = safeload.AutoModelForMaskedImageModeling.from_pretrained(tmp_path, output_loading_info=True)
    assert info["missing_keys"] == {"vit.embeddings.mask_token", "decoder.0.weight", "decoder.0.bias"}
    assert info["unexpected_keys"] == {"classifier.weight", "classifier.bias"}
    assert not model.load_report.unknown
    assert not model.vit.embeddings.mask_token.any()
    assert torch.isfinite(model(pixels(), masked()).loss)


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    """Another size, another number of channels, no image, a mask without its token."""
    save(reference("vit", "AutoModel"), tmp_path)
    model = safeload.AutoModel.from_pretrained(tmp_path)
    with pytest.raises(ValueError, match="32 x 24, and the model takes 24 x 24"):
        model(pixels(32, 24))
    with pytest.raises(ValueError, match="has 1 channels, and the model takes 3"):
        model(pixels(channels=1))
    with pytest.raises(ValueError, match="give pixel_values"):
        model()
    with pytest.raises(ValueError, match="no mask token"):
        model(pixels(), masked())
    save(reference("vit", HEADS[2], encoder_stride=4), tmp_path / "stride")
    model = safeload.AutoModelForMaskedImageModeling.from_pretrained(tmp_path / "stride")
    with pytest.raises(ValueError, match="patch_size is 8 and encoder_stride 4"):
        model(pixels(), masked())


@pytest.mark.parametrize("kind", MODEL_TYPES)
def test_untrained(kind: str) -> None:
    """From a config alone: in training mode, finite, and its tokens start as the reference's do."""
    config = safeload.AutoConfig.for_model(kind, **VIT)
    model = safeload.AutoModelForImageClassification.from_config(config)
    assert model.training
    assert torch.isfinite(model(pixels(), labels=torch.tensor([0, 1])).loss)
    backbone = model.base_model.embeddings
    assert backbone.cls_token.any().item() == (kind == "vit")
