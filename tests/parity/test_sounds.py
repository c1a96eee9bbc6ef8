"""Feature extractor and processor of speech against the reference: same sounds, same numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers

import safeload
from tests.forge.letters import CAPITALS, write

if TYPE_CHECKING:
    from pathlib import Path

TOLERANCE = 1e-5
RATE = {"sampling_rate": 16_000}
SETTINGS: dict[str, dict[str, Any]] = {
    "base": {},
    "large": {"return_attention_mask": True},
    "not normed": {"do_normalize": False, "return_attention_mask": True, "padding_value": -0.5},
    "padded on the left": {"padding_side": "left", "return_attention_mask": True},
    "another value": {"padding_value": 1.5, "return_attention_mask": True, "sampling_rate": 8_000},
}
_random = np.random.default_rng(0)
SOUNDS = [(_random.normal(2.0, 3.0, size)).astype(np.float32) for size in (160, 97, 211)]
CALLS: dict[str, dict[str, Any]] = {
    "as they are": {},
    "longest": {"padding": True},
    "to a length": {"padding": "max_length", "max_length": 300},
    "cut": {"padding": "longest", "max_length": 100, "truncation": True},
    "to a multiple": {"padding": True, "pad_to_multiple_of": 64},
    "cut to a multiple": {"padding": True, "pad_to_multiple_of": 64, "max_length": 100, "truncation": True},
    "with a mask": {"padding": True, "return_attention_mask": True},
    "without a mask": {"padding": True, "return_attention_mask": False},
    "a mask alone": {"return_attention_mask": True},
}


def _pair(folder: Path, settings: dict[str, Any]) -> tuple[Any, Any]:
    transformers.Wav2Vec2FeatureExtractor(**settings).save_pretrained(folder)
    return (
        safeload.AutoFeatureExtractor.from_pretrained(folder),
        transformers.AutoFeatureExtractor.from_pretrained(folder),
    )


def _assert_same(ours: Any, theirs: Any) -> None:
    assert list(ours) == list(theirs)
    for key, expected in theirs.items():
        assert len(ours[key]) == len(expected)
        for left, right in zip(ours[key], expected, strict=True):
            assert left.shape == right.shape, key
            assert left.dtype == right.dtype, key
            assert abs(np.asarray(left) - np.asarray(right)).max() <= TOLERANCE, key


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("settings", SETTINGS)
def test_same_numbers(settings: str, call: str, tmp_path: Path) -> None:
    """Each way of padding and cutting, with each kind of settings."""
    ours, theirs = _pair(tmp_path, SETTINGS[settings])
    options = {**CALLS[call], "sampling_rate": ours.sampling_rate}
    _assert_same(ours(SOUNDS, **options), theirs(SOUNDS, **options))
    for sound in SOUNDS:
        _assert_same(ours(sound, **options), theirs(sound, **options))
    if options.get("padding"):
        for kind in ("np", "pt"):
            found, expected = (each(SOUNDS, **options, return_tensors=kind) for each in (ours, theirs))
            assert type(found.input_values) is type(expected.input_values)
            _assert_same(found, expected)


@pytest.mark.parametrize(
    "make",
    [
        SOUNDS[0].tolist,
        lambda: [sound.tolist() for sound in SOUNDS],
        lambda: [tuple(sound.tolist()) for sound in SOUNDS],
        lambda: SOUNDS[0].astype(np.float64),
        lambda: [sound.astype(np.float64) for sound in SOUNDS],
        lambda: np.stack([SOUNDS[0], SOUNDS[0][::-1]]),
        lambda: np.zeros(50, dtype=np.float32),
    ],
    ids=["list", "lists", "tuples", "double", "doubles", "batch", "silence"],
)
def test_sounds_of_any_kind(make: Any, tmp_path: Path) -> None:
    """Lists, arrays and tensors, one sound or several."""
    ours, theirs = _pair(tmp_path, {"return_attention_mask": True})
    _assert_same(ours(make(), padding=True, **RATE), theirs(make(), padding=True, **RATE))


def test_what_the_reference_does_not_take(tmp_path: Path) -> None:
    """Tensors, numbers of an array, sounds that are longer than they are padded to, samples of 16 bits.

    The last become float32, where the reference gives doubles of the same value.
    """
    ours, theirs = _pair(tmp_path, {})
    sound = (SOUNDS[0] * 1000).astype(np.int16)
    found, expected = ours(sound, **RATE).input_values[0], theirs(sound, **RATE).input_values[0]
    assert found.dtype == np.float32
    assert abs(found - expected).max() <= TOLERANCE
    numbers = list(SOUNDS[0])
    assert isinstance(numbers[0], np.float32)
    for given in (numbers, torch.from_numpy(SOUNDS[0])):
        _assert_same(ours(given, **RATE), theirs(SOUNDS[0], **RATE))
    long = ours(SOUNDS, padding="max_length", max_length=120, return_attention_mask=True, **RATE)
    assert [len(row) for row in long["input_values"]] == [160, 120, 211]
    assert [int(row.sum()) for row in long["attention_mask"]] == [160, 97, 211]
    several = [torch.from_numpy(item) for item in SOUNDS]
    _assert_same(ours(several, padding=True, **RATE), theirs(SOUNDS, padding=True, **RATE))


@pytest.mark.parametrize("settings", SETTINGS)
def test_same_padding_afterwards(settings: str, tmp_path: Path) -> None:
    """A collator pads what was extracted before, as lists, arrays or tensors."""
    ours, theirs = _pair(tmp_path, SETTINGS[settings])
    rate = {"sampling_rate": ours.sampling_rate}
    features = [{"input_values": theirs(sound, **rate)["input_values"][0]} for sound in SOUNDS]
    for options in ({}, {"padding": "max_length", "max_length": 250}, {"pad_to_multiple_of": 100}):
        for kind in (None, "np", "pt"):
            found, expected = (each.pad(features, return_tensors=kind, **options) for each in (ours, theirs))
            _assert_same(found, expected)
    lists = {"input_values": [row["input_values"].tolist() for row in features]}
    _assert_same(ours.pad(dict(lists)), theirs.pad(dict(lists)))
    tensors = [{"input_values": torch.from_numpy(row["input_values"])} for row in features]
    found, expected = ours.pad(tensors), theirs.pad(tensors)
    assert isinstance(found["input_values"], torch.Tensor)
    _assert_same(found, expected)


@pytest.mark.parametrize("settings", SETTINGS)
def test_saved_and_read_back(settings: str, tmp_path: Path) -> None:
    """The file that we save is the reference's, but for the order of its lines."""
    ours, theirs = _pair(tmp_path / "a", SETTINGS[settings])
    (path,) = ours.save_pretrained(tmp_path / "b")
    assert path.endswith("preprocessor_config.json")
    texts = [(tmp_path / name / "preprocessor_config.json").read_text(encoding="utf-8") for name in "ab"]
    assert json.loads(texts[0]) == json.loads(texts[1])
    assert transformers.AutoFeatureExtractor.from_pretrained(tmp_path / "b").to_dict() == theirs.to_dict()


def _processors(folder: Path, layout: str, **tokenizer: Any) -> tuple[Any, Any]:
    """A processor in the layout of transformers 4 or 5."""
    write(folder, CAPITALS, {"tokenizer_config": {"tokenizer_class": "Wav2Vec2CTCTokenizer", **tokenizer}})
    theirs = transformers.Wav2Vec2Processor(
        transformers.Wav2Vec2FeatureExtractor(return_attention_mask=True),
        transformers.AutoTokenizer.from_pretrained(folder),
    )
    if layout == "5":
        theirs.save_pretrained(folder)
    else:
        theirs.feature_extractor.save_pretrained(folder)
        path = folder / "preprocessor_config.json"
        values = json.loads(path.read_text(encoding="utf-8"))
        if layout == "older":
            del values["feature_extractor_type"]
        else:
            values["processor_class"] = "Wav2Vec2Processor"
        path.write_text(json.dumps(values), encoding="utf-8")
    return (
        safeload.AutoProcessor.from_pretrained(folder),
        transformers.AutoProcessor.from_pretrained(folder),
    )


@pytest.mark.parametrize("layout", ["5", "4", "older"])
def test_same_processor(layout: str, tmp_path: Path) -> None:
    """Sounds, texts and both, with arguments for each part; from files of each age."""
    ours, theirs = _processors(tmp_path, layout)
    assert type(theirs).__name__ == ours.class_name
    assert ours.model_input_names == theirs.model_input_names
    words = ["A HOLE", "IN THE GROUND", ""]
    for options in (
        {"padding": True},
        {"padding": True, "return_tensors": "pt"},
        {"audio_kwargs": {"padding": True}, "text_kwargs": {"padding": "max_length", "max_length": 20}},
        {"common_kwargs": {"padding": True, "return_tensors": "np"}},
        {"padding": True, "audio_kwargs": {"return_attention_mask": False}},
    ):
        _assert_same(ours(SOUNDS, **RATE, **options), theirs(SOUNDS, **RATE, **options))
        found, expected = (each(audio=SOUNDS, text=words, **RATE, **options) for each in (ours, theirs))
        labels, wanted = found.pop("labels"), expected.pop("labels")
        assert np.array_equal(labels, wanted)
        _assert_same(found, expected)
    assert dict(ours(text=words)) == dict(theirs(text=words))
    ids = theirs(text=words, padding=True)["input_ids"]
    assert ours.batch_decode(ids) == theirs.batch_decode(ids)
    assert ours.decode(ids[0]) == theirs.decode(ids[0])
    with pytest.raises(ValueError, match="give audio=, text= or both"):
        ours()
    with pytest.raises(safeload.UsageError, match="unknown argument volume"):
        ours(SOUNDS, volume=3)
    with pytest.raises(safeload.UsageError, match="text_kwargs cannot have sampling_rate"):
        ours(SOUNDS, text_kwargs=RATE)


def test_settings_of_the_tokenizer_are_defaults(tmp_path: Path) -> None:
    """Files of the published recognisers say in tokenizer_config.json whether there is a mask."""
    ours, theirs = _processors(tmp_path, "4", return_attention_mask=False, do_normalize=True)
    found, expected = (each(SOUNDS, padding=True, **RATE) for each in (ours, theirs))
    assert "attention_mask" not in found
    _assert_same(found, expected)
    found, expected = (
        each(SOUNDS, padding=True, return_attention_mask=True, **RATE) for each in (ours, theirs)
    )
    _assert_same(found, expected)


def test_same_padding_of_both(tmp_path: Path) -> None:
    """A collator pads features and labels with one object."""
    ours, theirs = _processors(tmp_path, "5")
    features = [{"input_values": sound} for sound in SOUNDS]
    labels = [{"input_ids": theirs(text=text)["input_ids"]} for text in ("A HOLE", "IN", "THE GROUND")]
    found, expected = (
        each.pad(features, labels=labels, padding=True, return_tensors="pt") for each in (ours, theirs)
    )
    _assert_same(found, expected)
    assert torch.equal(
        ours.pad(labels=labels, return_tensors="pt")["input_ids"],
        theirs.pad(labels=labels, return_tensors="pt")["input_ids"],
    )
    assert ours.pad() is None


def test_a_saved_processor_is_read_back(tmp_path: Path) -> None:
    """By the reference and by us, in the layout of transformers 5."""
    ours, theirs = _processors(tmp_path / "a", "4")
    names = sorted(path.rsplit("/", 1)[-1] for path in ours.save_pretrained(tmp_path / "b"))
    assert names == ["processor_config.json", "tokenizer_config.json", "vocab.json"]
    for each in (
        safeload.AutoProcessor.from_pretrained(tmp_path / "b"),
        transformers.AutoProcessor.from_pretrained(tmp_path / "b"),
    ):
        _assert_same(each(SOUNDS, padding=True, **RATE), theirs(SOUNDS, padding=True, **RATE))
        assert each(text="A HOLE")["input_ids"] == theirs(text="A HOLE")["input_ids"]
    extractor = safeload.AutoFeatureExtractor.from_pretrained(tmp_path / "b")
    assert extractor.to_dict() == ours.feature_extractor.to_dict()
