"""TensorFlow and Flax checkpoints give what the torch checkpoint of the same model gives."""

from __future__ import annotations

import h5py
import pytest
import torch

import safeload
from safeload.errors import FormatError, UsageError
from tests.forge import decoders, encoders, foreign, vision

HEADS = [
    head for head in encoders.HEADS if head not in ("AutoModelForPreTraining", "AutoModelForMultipleChoice")
]
LOAD = {"tf": (foreign.tensorflow, {"from_tf": True}), "flax": (foreign.flax, {"from_flax": True})}


@pytest.mark.parametrize("framework", LOAD)
@pytest.mark.parametrize("auto_class", HEADS)
@pytest.mark.parametrize("model_type", ["bert", "distilbert"])
def test_the_same_logits(tmp_path, model_type, auto_class, framework):
    """Every parameter arrives in its place and the right way round, and none is new or left over."""
    reference = encoders.reference(model_type, auto_class)
    write, arguments = LOAD[framework]
    write(reference, tmp_path)
    model, info = getattr(safeload, auto_class).from_pretrained(
        str(tmp_path), output_loading_info=True, **arguments
    )
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    batch = encoders.batch()
    with torch.no_grad():
        expected, found = reference(**batch)[0], model(**batch)[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    assert all(parameter.is_contiguous() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("framework", "auto_class"),
    [
        *(("tf", auto_class) for auto_class in decoders.HEADS[:3]),
        *(("flax", auto_class) for auto_class in decoders.HEADS[:2]),
    ],
)
def test_the_same_words(tmp_path, framework, auto_class):
    """GPT-2, whose weights never turn in TensorFlow, and turn in Flax. The tied head is in neither file."""
    reference = decoders.reference("gpt2", auto_class)
    write, arguments = LOAD[framework]
    write(reference, tmp_path)
    model, info = getattr(safeload, auto_class).from_pretrained(
        tmp_path, output_loading_info=True, **arguments
    )
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    texts = decoders.texts(padded=False)
    with torch.no_grad():
        expected, found = reference(**texts)[0], model(**texts)[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    assert all(parameter.is_contiguous() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("framework", "model_type", "auto_class"),
    [
        *(("flax", "vit", auto_class) for auto_class in vision.HEADS[:2]),
        *(
            ("tf", model_type, auto_class)
            for model_type in ("vit", "deit")
            for auto_class in vision.HEADS[:2]
        ),
        ("tf", "deit", "AutoModelForMaskedImageModeling"),
    ],
)
def test_the_same_pictures(tmp_path, framework, model_type, auto_class):
    """Vision encoders, whose windows are stored with their channels last."""
    reference = vision.reference(model_type, auto_class)
    write, arguments = LOAD[framework]
    write(reference, tmp_path)
    model, info = getattr(safeload, auto_class).from_pretrained(
        tmp_path, output_loading_info=True, **arguments
    )
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    with torch.no_grad():
        expected, found = reference(vision.pixels())[0], model(vision.pixels())[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_they_are_the_last_choice(tmp_path):
    """With torch weights beside them they load only where they are asked for by name."""
    other, own = (encoders.reference("bert", "AutoModel", seed=seed) for seed in (1, 2))
    foreign.flax(other, foreign.tensorflow(other, tmp_path))
    assert loaded(tmp_path).equal(weight(other))
    encoders.save(own, tmp_path)
    assert loaded(tmp_path).equal(weight(own))
    assert loaded(tmp_path, from_tf=True).equal(weight(other))
    assert loaded(tmp_path, from_flax=True).equal(weight(other))


def weight(model):
    return model.encoder.layer[0].attention.self.query.weight


def loaded(folder, **arguments):
    return weight(safeload.AutoModel.from_pretrained(str(folder), **arguments))


def test_copies_that_differ(tmp_path):
    """Keras writes tied embeddings twice; where the copies differ, two readers load two models."""
    foreign.tensorflow(encoders.reference("bert", "AutoModelForMaskedLM"), tmp_path)
    with h5py.File(tmp_path / "tf_model.h5", "r+") as file:
        file["mlm___cls/tf_bert_for_masked_lm/bert/embeddings/word_embeddings/weight:0"][0, 0] = 9
    with pytest.raises(FormatError, match=r"bert.embeddings.word_embeddings.weight stands in .* twice"):
        safeload.AutoModelForMaskedLM.from_pretrained(str(tmp_path), from_tf=True)


def test_two_names_for_one_parameter(tmp_path):
    """`gamma` and `weight` would both become the weight of a norm."""
    foreign.tensorflow(encoders.reference("bert", "AutoModel"), tmp_path)
    with h5py.File(tmp_path / "tf_model.h5", "r+") as file:
        norm = file["bert/tf_bert_model/bert/embeddings/LayerNorm"]
        norm["weight:0"] = norm["gamma:0"][()]
    with pytest.raises(FormatError, match=r"two tensors are both called bert.embeddings.LayerNorm.weight"):
        safeload.AutoModel.from_pretrained(str(tmp_path), from_tf=True)


def test_hdf5_that_is_no_weight_file(tmp_path):
    """Without layer_names it is not what Keras writes for weights."""
    foreign.tensorflow(encoders.reference("bert", "AutoModel"), tmp_path)
    with h5py.File(tmp_path / "tf_model.h5", "r+") as file:
        del file.attrs["layer_names"]
    with pytest.raises(FormatError, match="no layer_names"):
        safeload.AutoModel.from_pretrained(str(tmp_path), from_tf=True)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"from_tf": True, "from_flax": True}, "two different weight files"),
        ({"from_tf": True, "use_safetensors": True}, "name the weight file"),
        ({"from_flax": True, "variant": "fp16"}, "name the weight file"),
        ({"from_tf": "yes"}, "is True or False"),
        ({"from_flax": True}, "none of flax_model.msgpack"),
    ],
)
def test_wishes_that_contradict(tmp_path, arguments, reason):
    """An argument is honoured or refused, and a framework whose file is not there gives nothing else."""
    foreign.tensorflow(encoders.reference("bert", "AutoModel"), tmp_path)
    with pytest.raises(UsageError, match=reason):
        safeload.AutoModel.from_pretrained(str(tmp_path), **arguments)
