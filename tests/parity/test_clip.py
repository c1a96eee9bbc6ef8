"""CLIP against the reference: same files, same texts and pictures, same numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import safetensors
import torch
import transformers
from safetensors.torch import load_file, save_file

import safeload
from safeload.errors import PolicyDenied, UsageError
from safeload.formats.model_config import interpret
from tests.forge import foreign
from tests.forge.encoders import save
from tests.forge.vision import clip, pixels, texts

if TYPE_CHECKING:
    from pathlib import Path

TOLERANCE = 1e-5
ZERO_SHOT, CLASSIFIER = "AutoModelForZeroShotImageClassification", "AutoModelForImageClassification"
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "gelu, eps": {"text": {"hidden_act": "gelu", "layer_norm_eps": 1e-3}, "vision": {"hidden_act": "relu"}},
    "the first files' end": {"text": {"eos_token_id": 2}},
    "small patches": {"vision": {"patch_size": 4, "num_hidden_layers": 1, "num_channels": 1}},
    "another width": {"projection_dim": 12, "text": {"num_attention_heads": 1, "pad_token_id": 60}},
}


def _same(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key, value in theirs.items():
            _same(ours[key], value)
    elif isinstance(theirs, tuple):
        for left, right in zip(ours, theirs, strict=True):
            _same(left, right)
    else:
        assert ours.shape == theirs.shape
        assert (ours - theirs).abs().max().item() <= TOLERANCE


def _inputs(model: Any, **more: Any) -> dict[str, Any]:
    channels = model.config.vision_config.num_channels
    return {**texts(), "pixel_values": pixels(channels=channels), **more}


@pytest.mark.parametrize("head", ["AutoModel", ZERO_SHOT])
@pytest.mark.parametrize("variant", VARIANTS)
def test_same_numbers(head: str, variant: str, tmp_path: Path) -> None:
    """Logits of every pair, both embeddings, the loss and all hidden states equal the reference's."""
    theirs = clip(head, **VARIANTS[variant])
    save(theirs, tmp_path)
    ours = getattr(safeload, head).from_pretrained(tmp_path)
    assert not ours.training
    with torch.no_grad():
        for more in ({}, {"return_loss": True, "output_hidden_states": True}):
            inputs = _inputs(theirs, **more)
            _same(ours(**inputs), theirs(**inputs))


@pytest.mark.parametrize("variant", ["plain", "small patches"])
def test_pictures_alone(variant: str, tmp_path: Path) -> None:
    """The classifier of pictures has the picture encoder and no other."""
    theirs = clip(CLASSIFIER, num_labels=3, **VARIANTS[variant])
    save(theirs, tmp_path)
    ours, info = safeload.AutoModelForImageClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values())
    inputs = {"pixel_values": pixels(channels=theirs.config.vision_config.num_channels)}
    inputs |= {"labels": torch.tensor([2, 0]), "output_hidden_states": True}
    with torch.no_grad():
        _same(ours(**inputs), theirs(**inputs))


def test_same_attentions_and_features(tmp_path: Path) -> None:
    """Step by step with attentions, each encoder by itself, without padding, and on a larger picture."""
    theirs = clip()
    save(theirs, tmp_path)
    ours = safeload.AutoModel.from_pretrained(tmp_path, attn_implementation="eager")
    assert ours.vision_model.attn_implementation == "eager"
    with torch.no_grad():
        _same(ours.get_text_features(**texts()), theirs.get_text_features(**texts()))
        _same(ours.get_image_features(pixels()), theirs.get_image_features(pixels()))
        large = _inputs(theirs, pixel_values=pixels(40, 32), interpolate_pos_encoding=True)
        _same(ours(**large), theirs(**large))
        plain = {"input_ids": texts(padded=False)["input_ids"], "pixel_values": pixels()}
        _same(ours(**plain), theirs(**plain))
        flat = ours(**plain, return_dict=False)
        assert isinstance(flat[-1], tuple)
        theirs.set_attn_implementation("eager")
        inputs = _inputs(theirs, output_attentions=True)
        _same(ours(**inputs), theirs(**inputs))


def test_same_names_both_ways(tmp_path: Path) -> None:
    """Names are those of the file, and the reference reads what we save, with every setting of its parts."""
    save(clip(text={"hidden_act": "gelu"}), tmp_path / "theirs")
    ours, info = safeload.AutoModel.from_pretrained(tmp_path / "theirs", output_loading_info=True)
    assert not any(info.values())
    with safetensors.safe_open(tmp_path / "theirs" / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(ours.state_dict())
    ours.save_pretrained(tmp_path / "ours")
    theirs, info = transformers.AutoModel.from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert theirs.config.text_config.hidden_act == "gelu"
    assert ours.num_parameters() == theirs.num_parameters()
    again = safeload.AutoModel.from_pretrained(tmp_path / "ours")
    assert again.config.stated() == ours.config.stated()
    with torch.no_grad():
        _same(ours(**_inputs(theirs)), theirs(**_inputs(theirs)))
        _same(again(**_inputs(theirs)), theirs(**_inputs(theirs)))


@pytest.mark.parametrize("part", ["text", "vision"])
@pytest.mark.parametrize("prefixed", [False, True])
def test_one_encoder_by_itself(part: str, prefixed: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """A part with a model_type of its own, under the names of transformers 5 and of those before."""
    whole = clip()
    theirs = getattr(whole, f"{part}_model")
    save(theirs, tmp_path)
    if prefixed:
        path = tmp_path / "model.safetensors"
        tensors = {f"{part}_model.{name}": value for name, value in load_file(path).items()}
        projection = "text_projection" if part == "text" else "visual_projection"
        tensors[f"{projection}.weight"] = torch.zeros(20, 3)
        save_file(tensors, path, metadata={"format": "pt"})
    auto_class = safeload.AutoModelForTextEncoding if part == "text" else safeload.AutoModel
    ours = auto_class.from_pretrained(tmp_path)
    assert not ours.load_report.unknown
    assert ours.num_parameters() == theirs.num_parameters()
    inputs = texts() if part == "text" else {"pixel_values": pixels()}
    with torch.no_grad():
        _same(ours(**inputs), theirs(**inputs))


def test_same_gradients(tmp_path: Path) -> None:
    """With dropout and the same seed, the loss of pairs gives the reference's gradients."""
    drop = {"attention_dropout": 0.2}
    theirs = clip(text=drop, vision=drop)
    save(theirs, tmp_path)
    ours = safeload.AutoModel.from_pretrained(tmp_path)
    losses = []
    for model in (ours.train(), theirs.train()):
        # both draw for the picture first, then for the text
        torch.manual_seed(3)
        loss = model(**_inputs(theirs, return_loss=True)).loss
        loss.backward()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], abs=TOLERANCE)
    expected = dict(theirs.named_parameters())
    for name, value in ours.named_parameters():
        assert (value.grad - expected[name].grad).abs().max().item() <= TOLERANCE, name


@pytest.mark.parametrize(
    ("write", "arguments"), [(foreign.tensorflow, "from_tf"), (foreign.flax, "from_flax")]
)
def test_other_frameworks(write: Any, arguments: str, tmp_path: Path) -> None:
    """Keras keeps the scale as a list of one number, Flax as a number."""
    theirs = clip()
    write(theirs, tmp_path)
    ours, info = safeload.AutoModel.from_pretrained(tmp_path, output_loading_info=True, **{arguments: True})
    assert not any(info.values())
    with torch.no_grad():
        _same(ours(**_inputs(theirs)), theirs(**_inputs(theirs)))


def test_a_classifier_from_both_encoders(tmp_path: Path) -> None:
    """The head is new, and what belongs to the text encoder is left over without a warning."""
    save(clip(), tmp_path)
    model = safeload.AutoModelForImageClassification.from_pretrained(tmp_path, num_labels=3)
    assert model.load_report.new_head == ("classifier.bias", "classifier.weight")
    assert model.load_report.unexpected
    assert not model.load_report.unknown
    assert model(pixels()).logits.shape == (2, 3)


def test_untrained() -> None:
    """From a config alone: the scale starts where the reference's does, and layers spread as far."""
    save_config = clip().config
    config = safeload.AutoConfig.for_model("clip")
    config.text_config.num_hidden_layers = config.vision_config.num_hidden_layers = 1
    for name in ("vocab_size", "hidden_size", "num_attention_heads"):
        setattr(config.text_config, name, getattr(save_config.text_config, name))
    model = safeload.AutoModel.from_config(config)
    assert model.logit_scale.item() == pytest.approx(2.6592)
    width = config.vision_config.hidden_size
    layer = model.vision_model.encoder.layers[0]
    assert layer.self_attn.out_proj.weight.std().item() == pytest.approx(width**-0.5, rel=0.05)
    assert layer.mlp.fc1.weight.std().item() == pytest.approx((2 * width) ** -0.5, rel=0.05)
    assert model.visual_projection.weight.std().item() == pytest.approx(width**-0.5, rel=0.05)


@pytest.mark.parametrize(
    "change",
    [
        {"text_config": {"num_hidden_layers": 10**9}},
        {"text_config": {"model_type": "bert"}},
        {"text_config": [1]},
        {"vision_config": {"patch_size": 0}},
        {"vision_config": {"hidden_size": 30}},
        {"vision_config_dict": {"image_size": -1}},
        {"projection_dim": 0},
        {"logit_scale_init_value": "hot"},
    ],
)
def test_hostile_parts(change: dict[str, Any], tmp_path: Path) -> None:
    """A part's fields are bounded as those of a whole model are."""
    save(clip(), tmp_path)
    stated = json.loads((tmp_path / "config.json").read_text())
    for key, value in change.items():
        stated[key] = {**stated.get(key, {}), **value} if isinstance(value, dict) else value
    (tmp_path / "config.json").write_text(json.dumps(stated))
    with pytest.raises(PolicyDenied, match=r"artifact\.malformed"):
        safeload.AutoModel.from_pretrained(tmp_path)


def test_configs_of_older_writers(tmp_path: Path) -> None:
    """`text_config_dict` stands in the place of `text_config`; an unknown field is named with its part."""
    save(clip(), tmp_path)
    stated = json.loads((tmp_path / "config.json").read_text())
    stated["text_config_dict"] = stated["text_config"]
    stated["text_config"] = {"hidden_size": 64, "dropout": 0.0}
    stated["vision_config_dict"] = None
    stated["vision_config"]["head_dim"] = 4
    (tmp_path / "config.json").write_text(json.dumps(stated))
    model = safeload.AutoModel.from_pretrained(tmp_path)
    assert model.config.text_config.hidden_size == 32
    report = safeload.audit(tmp_path)
    assert [fact.data["key"] for fact in report.facts if fact.kind == "config.unknown-field"] == [
        "vision_config.head_dim"
    ]


def test_published_fields_are_known() -> None:
    """The config of openai/clip-vit-base-patch32 repeats every default of its time in each part."""
    dump: dict[str, Any] = {
        "_name_or_path": "", "add_cross_attention": False, "architectures": None, "attention_dropout": 0.0,
        "bad_words_ids": None, "bos_token_id": 0, "chunk_size_feed_forward": 0, "diversity_penalty": 0.0,
        "do_sample": False, "dropout": 0.0, "early_stopping": False, "eos_token_id": 2,
        "finetuning_task": None, "hidden_act": "quick_gelu", "id2label": {"0": "LABEL_0", "1": "LABEL_1"},
        "initializer_factor": 1.0, "initializer_range": 0.02, "is_decoder": False,
        "label2id": {"LABEL_0": 0, "LABEL_1": 1}, "layer_norm_eps": 1e-05, "length_penalty": 1.0,
        "max_length": 20, "num_beams": 1, "output_attentions": False, "pad_token_id": 1,
        "problem_type": None, "projection_dim": 512, "pruned_heads": {}, "return_dict": True,
        "tie_word_embeddings": True, "tokenizer_class": None, "top_k": 50, "torch_dtype": None,
        "torchscript": False, "transformers_version": "4.16.0.dev0", "typical_p": 1.0, "use_bfloat16": False,
    }  # fmt: skip
    text = {**dump, "model_type": "clip_text_model", "vocab_size": 49408, "max_position_embeddings": 77}
    vision = {**dump, "model_type": "clip_vision_model", "image_size": 224, "patch_size": 32}
    published = {
        "architectures": ["CLIPModel"], "initializer_factor": 1.0, "logit_scale_init_value": 2.6592,
        "model_type": "clip", "projection_dim": 512, "text_config": text, "text_config_dict": None,
        "torch_dtype": "float32", "transformers_version": None, "vision_config": vision,
        "vision_config_dict": None,
    }  # fmt: skip
    record = interpret(published)
    assert record.unknown == ()
    assert record.parts["text_config"].fields["eos_token_id"] == 2
    assert record.parts["vision_config"].fields["hidden_size"] == 768


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    """Too long a text, another size, one of the two inputs, patches larger than the picture."""
    save(clip(), tmp_path)
    model = safeload.AutoModel.from_pretrained(tmp_path)
    with pytest.raises(ValueError, match="17 positions, and the model has 16"):
        model.get_text_features(torch.ones(1, 17, dtype=torch.long))
    with pytest.raises(ValueError, match="32 x 24, and the model takes 24 x 24"):
        model.get_image_features(pixels(32, 24))
    with pytest.raises(ValueError, match="give input_ids and pixel_values"):
        model(texts()["input_ids"])
    config = safeload.AutoConfig.from_pretrained(tmp_path)
    config.vision_config.patch_size = 32
    with pytest.raises(UsageError, match="image_size 24 is below patch_size 32"):
        safeload.AutoModel.from_config(config)
    with pytest.raises(UsageError, match="patch_size is 0"):
        config.vision_config.patch_size = 0
