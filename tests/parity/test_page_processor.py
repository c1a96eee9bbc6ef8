"""LayoutLMv2's processor against the reference: the same page, read by the same tesseract."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers

import safeload
from safeload.errors import UsageError
from tests.forge.pages import LINES, folder, page

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
WORDS = ["Invoice", "2047", "hobbit"]
BOXES = [[1, 2, 30, 40], [50, 2, 70, 40], [1, 60, 900, 1000]]


def same(ours: Any, theirs: Any) -> None:
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        if key in ("words", "boxes"):
            assert ours[key] == value
            continue
        assert type(ours[key]) is type(value), key
        left, right = (item if isinstance(item, list) else [item] for item in (ours[key], value))
        assert len(left) == len(right), key
        for one, other in zip(left, right, strict=True):
            np.testing.assert_array_equal(np.asarray(one), np.asarray(other), err_msg=key)


def both(path: Path, **settings: Any) -> tuple[Any, Any]:
    """Our processor and the reference's, from the same files."""
    folder(path, **settings)
    return safeload.AutoProcessor.from_pretrained(path), transformers.AutoProcessor.from_pretrained(path)


def test_a_page(tmp_path: Path) -> None:
    """Words that are on the page, and the same boxes, ids, masks and pixels; with a question as without."""
    ours, theirs = both(tmp_path)
    words = ours.image_processor(page())["words"]
    assert words == [" ".join(LINES).split()]
    for kind in (None, "pt", "np"):
        same(ours(page(), return_tensors=kind), theirs(page(), return_tensors=kind))
    question = "What is the total?"
    same(ours(page(), question, return_tensors="pt"), theirs(page(), question, return_tensors="pt"))
    assert ours.model_input_names == theirs.model_input_names


def test_several_pages(tmp_path: Path) -> None:
    """Padding, truncation, questions for each, and pieces of a page with its picture."""
    ours, theirs = both(tmp_path)
    pages = [page(), page(500, 300, lines=("ground", "hole 77"))]
    options: dict[str, Any] = {"padding": "max_length", "max_length": 40, "truncation": True}
    same(ours(pages, return_tensors="pt", **options), theirs(pages, return_tensors="pt", **options))
    questions = ["When?", "Which hole is it?"]
    same(ours(pages, questions, padding=True), theirs(pages, questions, padding=True))
    pieces = {
        **options, "max_length": 8, "stride": 2, "return_overflowing_tokens": True, "return_tensors": "pt",
        "return_offsets_mapping": True,
    }  # fmt: skip
    same(ours(pages, **pieces), theirs(pages, **pieces))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("settings", [{}, {"tesseract_config": " --psm 6  --oem 1", "ocr_lang": "eng"}])
def test_modes_and_settings(mode: str, settings: dict[str, Any], tmp_path: Path) -> None:
    """Pictures of one, three and four channels, and arrays; with the settings that are listed."""
    folder(tmp_path, **settings)
    ours = safeload.AutoImageProcessor.from_pretrained(tmp_path)
    theirs = transformers.AutoImageProcessor.from_pretrained(tmp_path)
    picture = page(mode=mode)
    same(ours(picture, return_tensors="np"), theirs(picture, return_tensors="np"))
    array = np.asarray(picture.convert("RGB"))
    for given in (array, np.moveaxis(array, -1, 0), array.astype(np.float32) / 255, torch.tensor(array)):
        same(ours(given), theirs(given))


@pytest.mark.parametrize(
    "options",
    [
        {"apply_ocr": False},
        {"apply_ocr": False, "do_resize": False},
        {"apply_ocr": False, "size": {"height": 32, "width": 64}, "resample": 3},
        {"apply_ocr": False, "do_rescale": True, "rescale_factor": 0.5, "data_format": "channels_last"},
        {"apply_ocr": False, "do_convert_rgb": True},
    ],
)
def test_calls(options: dict[str, Any], tmp_path: Path) -> None:
    """Settings of a call, some of which these classes do not look at."""
    folder(tmp_path)
    ours = safeload.AutoImageProcessor.from_pretrained(tmp_path)
    theirs = transformers.AutoImageProcessor.from_pretrained(tmp_path)
    for kind in (None, "pt"):
        options["return_tensors"] = kind
        same(ours([page()] * 2, **options), theirs([page()] * 2, **options))


def test_given_words(tmp_path: Path) -> None:
    """With words, boxes and labels of the caller nothing is read."""
    ours, theirs = both(tmp_path, apply_ocr=False)
    labels = {"word_labels": [1, 0, 2], "return_tensors": "pt"}
    same(ours(page(), WORDS, boxes=BOXES, **labels), theirs(page(), WORDS, boxes=BOXES, **labels))
    asked = ours(page(), "what", WORDS, BOXES)
    same(asked, theirs(page(), "what", WORDS, BOXES))


def test_what_does_not_match(tmp_path: Path) -> None:
    """Boxes or labels of words that are read, no words at all, pieces without offsets."""
    for reads in (True, False):
        ours, theirs = both(tmp_path, apply_ocr=reads)
        wrong: list[dict[str, Any]] = [{"return_overflowing_tokens": True, "text": WORDS, "boxes": BOXES}]
        wrong += [{"boxes": BOXES}, {"word_labels": [1]}] if reads else [{}]
        for options in wrong:
            with pytest.raises((ValueError, KeyError)):
                theirs(page(), **options)
            with pytest.raises(ValueError, match=r"apply_ocr|offsets"):
                ours(page(), **options)


def test_saved_and_read_back(tmp_path: Path) -> None:
    """What we save, the reference reads as the same processor."""
    ours, theirs = both(tmp_path / "theirs", tesseract_config="--psm 6")
    ours.save_pretrained(tmp_path / "ours")
    for reader in (safeload.AutoProcessor, transformers.AutoProcessor):
        again = reader.from_pretrained(tmp_path / "ours")
        same(again(page(), return_tensors="pt"), theirs(page(), return_tensors="pt"))
        assert again.image_processor.tesseract_config == "--psm 6"


def test_a_setting_of_pages_is_none_of_others(tmp_path: Path) -> None:
    """Another class refuses it, from the caller; from a file it means nothing."""
    folder(tmp_path, feature_extractor_type="ViTFeatureExtractor")
    processor = safeload.AutoImageProcessor.from_pretrained(tmp_path)
    assert not hasattr(processor, "apply_ocr")
    with pytest.raises(UsageError, match="ViTImageProcessor has no apply_ocr"):
        safeload.AutoImageProcessor.from_pretrained(tmp_path, apply_ocr=True)
    with pytest.raises(UsageError, match="unknown option apply_ocr"):
        processor(page(), apply_ocr=True)
