"""CLIP's processor against the reference: same files, same texts and pictures, same input."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers

import safeload
from safeload.errors import UsageError
from tests.forge.clip import processor
from tests.forge.pictures import picture

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ["a photo of a cat", "two dogs, and a catalogue!"]


def _same(ours: Any, theirs: Any) -> None:
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        np.testing.assert_array_equal(np.asarray(ours[key]), np.asarray(value))


@pytest.mark.parametrize(
    "options",
    [
        {"text": TEXTS, "images": picture(), "padding": True, "return_tensors": "pt"},
        {"text": TEXTS[0], "images": [picture(), picture(90, 33)], "return_tensors": "np"},
        {"text": TEXTS, "padding": "max_length", "max_length": 20, "truncation": True},
        {"images": picture(50, 70, "L"), "do_normalize": False, "size": {"shortest_edge": 40}},
        {"text": TEXTS, "images": picture(), "text_kwargs": {"padding": True},
         "images_kwargs": {"crop_size": 30}, "common_kwargs": {"return_tensors": "pt"}},
    ],
)  # fmt: skip
def test_same_input(options: dict[str, Any], tmp_path: Path) -> None:
    """Ids, mask and pixels of text, pictures or both."""
    theirs = processor(tmp_path)
    ours = safeload.AutoProcessor.from_pretrained(tmp_path)
    _same(ours(**options), theirs(**options))


def test_both_orders(tmp_path: Path) -> None:
    """Pictures first, as in transformers 5, or text first, as before."""
    processor(tmp_path)
    ours = safeload.AutoProcessor.from_pretrained(tmp_path)
    expected = ours(text=TEXTS[0], images=picture(), return_tensors="np")
    _same(ours(picture(), TEXTS[0], return_tensors="np"), expected)
    _same(ours(TEXTS[0], picture(), return_tensors="np"), expected)
    with pytest.raises(UsageError, match="given twice"):
        ours(TEXTS[0], TEXTS[1])
    ids = expected["input_ids"]
    assert ours.batch_decode(ids) == [ours.decode(ids[0])] == [ours.tokenizer.decode(ids[0])]
    assert ours.model_input_names == ["input_ids", "attention_mask", "pixel_values"]


def test_saved_and_read_back(tmp_path: Path) -> None:
    """What we save the reference reads as the same processor, and the other way round."""
    theirs = processor(tmp_path / "theirs", size={"shortest_edge": 48}, crop_size=40)
    ours = safeload.AutoProcessor.from_pretrained(tmp_path / "theirs")
    ours.save_pretrained(tmp_path / "ours")
    options = {"text": TEXTS, "images": picture(), "padding": True, "return_tensors": "np"}
    expected = theirs(**options)
    assert expected["pixel_values"].shape == (1, 3, 40, 40)
    _same(transformers.AutoProcessor.from_pretrained(tmp_path / "ours")(**options), expected)
    _same(safeload.AutoProcessor.from_pretrained(tmp_path / "ours")(**options), expected)


def test_files_of_transformers_4(tmp_path: Path) -> None:
    """The settings stood in preprocessor_config.json, and no file named the processor."""
    theirs = processor(tmp_path)
    part = json.loads((tmp_path / "processor_config.json").read_text())["image_processor"]
    (tmp_path / "processor_config.json").unlink()
    part.pop("image_processor_type")
    (tmp_path / "preprocessor_config.json").write_text(
        json.dumps({**part, "feature_extractor_type": "CLIPFeatureExtractor", "size": 224, "crop_size": 224})
    )
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    ours = safeload.AutoProcessor.from_pretrained(tmp_path)
    options = {"text": TEXTS, "images": picture(), "padding": True, "return_tensors": "pt"}
    _same(ours(**options), theirs(**options))


def test_settings_for_a_part(tmp_path: Path) -> None:
    """A setting of the call that loads goes to the part that has it; what nobody has is refused."""
    processor(tmp_path)
    ours = safeload.AutoProcessor.from_pretrained(tmp_path, size={"shortest_edge": 32}, model_max_length=5)
    assert ours.image_processor.size == {"shortest_edge": 32}
    assert ours.tokenizer.model_max_length == 5
    with pytest.raises(UsageError, match="foo"):
        safeload.AutoProcessor.from_pretrained(tmp_path, foo=1)
    with pytest.raises(UsageError, match="unknown argument foo"):
        ours(TEXTS, foo=1)
    with pytest.raises(UsageError, match="images_kwargs cannot have padding"):
        ours(TEXTS, images_kwargs={"padding": True})
    with pytest.raises(ValueError, match="give images=, text= or both"):
        ours()
    with pytest.raises(UsageError, match="no path or address is opened"):
        ours(text="a", images="cat.png")
    with pytest.raises(UsageError, match="no path or address is opened"):
        ours(images="cat.png")


def test_zero_shot(tmp_path: Path) -> None:
    """The whole way of the documentation: pictures and texts in, a probability for each text out."""
    from tests.forge.encoders import save
    from tests.forge.vision import clip

    size = len(processor(tmp_path, size={"shortest_edge": 24}, crop_size=24).tokenizer)
    text = {"vocab_size": size, "eos_token_id": size - 1, "max_position_embeddings": 77}
    save(clip(text=text), tmp_path)
    options = {"text": TEXTS, "images": picture(), "padding": True, "return_tensors": "pt"}
    both = []
    for library in (safeload, transformers):
        inputs = library.AutoProcessor.from_pretrained(tmp_path)(**options)
        model = library.AutoModelForZeroShotImageClassification.from_pretrained(tmp_path)
        with torch.no_grad():
            both.append(model(**inputs).logits_per_image.softmax(-1))
    assert both[0].shape == (1, 2)
    assert (both[0] - both[1]).abs().max().item() <= 1e-5
