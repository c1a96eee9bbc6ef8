"""Every image processor against the reference's: same files, same pictures, same numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers

import safeload
from tests.forge.pictures import MODES, SIZES, array, picture, put

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("ViTImageProcessor", "DeiTImageProcessor", "CLIPImageProcessor")
VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "in RGB": {"do_convert_rgb": True},
    "one number": {"size": 56, "crop_size": 48, "do_convert_rgb": True},
    "a pair": {"size": [40, 64], "do_convert_rgb": True},
    "shortest edge": {"size": {"shortest_edge": 37}, "do_convert_rgb": True, "resample": 1},
    "longest edge": {"size": {"shortest_edge": 37, "longest_edge": 45}, "do_convert_rgb": True},
    "at most": {"size": {"max_height": 60, "max_width": 45}, "do_convert_rgb": True, "resample": 4},
    "levels": {"do_rescale": False, "do_normalize": False, "do_convert_rgb": True},
    "one mean": {"image_mean": 0.3, "image_std": 0.7, "rescale_factor": 0.01, "resample": 5},
    "large crop": {"do_center_crop": True, "crop_size": {"height": 251, "width": 60}, "do_convert_rgb": True},
    "padded": {"size": 30, "default_to_square": True, "do_center_crop": False, "do_pad": True,
               "pad_size": {"height": 40, "width": 33}, "do_convert_rgb": True},
    "nearest": {"resample": 0, "do_convert_rgb": True},
}  # fmt: skip


def _both(folder: Path, **values: Any) -> tuple[Any, Any]:
    put(folder, **values)
    theirs = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    return safeload.AutoImageProcessor.from_pretrained(folder, backend="pil"), theirs


def _values(processor: Any, images: Any, **options: Any) -> Any:
    """The pixels, or the kind of refusal: a caller's mistake has a class of its own with us."""
    try:
        return processor(images, return_tensors="np", **options)["pixel_values"]
    except (ValueError, TypeError, safeload.UsageError):
        return None


def _assert_equal(ours: Any, theirs: Any) -> None:
    assert (ours is None) == (theirs is None)
    if ours is not None:
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_pictures(kind: str, variant: str, tmp_path: Path) -> None:
    """Pictures of nine modes and six sizes: every value is equal, and what one refuses so does the other."""
    ours, theirs = _both(tmp_path, image_processor_type=kind, **VARIANTS[variant])
    given = 0
    for number, (width, height) in enumerate(SIZES):
        for mode in MODES:
            image = picture(width, height, mode, smooth=bool(number % 2), seed=number)
            found = _values(ours, image)
            _assert_equal(found, _values(theirs, image))
            given += found is not None
    assert given >= (len(SIZES) - 1) * (len(MODES) if "do_convert_rgb" in VARIANTS[variant] else 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("do_convert_rgb", [None, True])
def test_arrays_and_tensors(kind: str, do_convert_rgb: Any, tmp_path: Path) -> None:
    """Channels first and last, one to four of them, levels and fractions, batches and lists."""
    ours, theirs = _both(tmp_path, image_processor_type=kind, size=32, do_convert_rgb=do_convert_rgb)
    levels = array(50, 41)
    fractions = levels.astype(np.float32) / 255
    clear = np.concatenate([levels, array(50, 41, seed=1)[..., :1]], -1)
    for image in (
        levels, fractions, levels.astype(np.float64), levels.astype(np.int32), fractions.astype(np.float16),
        levels.transpose(2, 0, 1), levels[..., :1], clear, clear.astype(np.float32) / 255, levels + 300.0,
        fractions - 0.5, np.stack([levels, levels[::-1]]), [levels, levels[:20]], [[levels], [levels]],
        [np.stack([levels, levels])], torch.from_numpy(levels), torch.from_numpy(fractions).permute(2, 0, 1),
        levels[None, None], levels[..., 0], "nothing", 3, [], levels > 100,
    ):  # fmt: skip
        _assert_equal(_values(ours, image), _values(theirs, image) if not isinstance(image, str) else None)
    strange = np.zeros((3, 40, 3), dtype=np.uint8)
    for layout in ("channels_first", "channels_last", None):
        _assert_equal(
            _values(ours, strange, input_data_format=layout),
            _values(theirs, strange, input_data_format=layout),
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [
        {"size": 20},
        {"size": {"shortest_edge": 20}, "do_center_crop": False},
        {"size": (20, 30), "resample": 4},
        {"do_resize": False},
        {"do_normalize": False},
        {"do_rescale": False},
        {"image_mean": [0.1, 0.2, 0.3], "image_std": 0.5},
        {"image_mean": None},
        {"do_center_crop": True, "crop_size": 19},
        {"rescale_factor": 1.0, "do_convert_rgb": False},
        {"do_resize": None},
    ],
)
def test_settings_of_one_call(kind: str, options: dict[str, Any], tmp_path: Path) -> None:
    """A call's settings replace the file's, for that call."""
    ours, theirs = _both(tmp_path, image_processor_type=kind)
    image = picture(40, 30)
    before = ours.to_dict()
    _assert_equal(_values(ours, image, **options), _values(theirs, image, **options))
    assert ours.to_dict() == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_saved_and_read_back(kind: str, variant: str, tmp_path: Path) -> None:
    """What one saves the other reads as the same settings, and pictures come out the same."""
    ours, theirs = _both(tmp_path / "first", image_processor_type=kind, **VARIANTS[variant])
    ours.save_pretrained(tmp_path / "ours")
    theirs.save_pretrained(tmp_path / "theirs")
    image = picture(50, 41)
    expected = _values(theirs, image)
    assert expected is not None
    for folder in ("ours", "theirs"):
        again = safeload.AutoImageProcessor.from_pretrained(tmp_path / folder, backend="pil")
        assert again.to_dict() == ours.to_dict()
        _assert_equal(_values(again, image), expected)
        back = transformers.AutoImageProcessor.from_pretrained(tmp_path / folder, backend="pil")
        _assert_equal(_values(back, image), expected)
    written = json.loads((tmp_path / "ours" / "preprocessor_config.json").read_text())
    assert written["image_processor_type"] == kind


@pytest.mark.parametrize("kind", KINDS)
def test_torch_instead_of_pillow(kind: str, tmp_path: Path) -> None:
    """With torch's bilinear kernel a value is within one level of what Pillow gives, and most are equal."""
    _, theirs = _both(tmp_path, image_processor_type=kind, resample=2, do_convert_rgb=True)
    ours = safeload.AutoImageProcessor.from_pretrained(tmp_path, backend="torchvision")
    equal = []
    for width, height in SIZES:
        image = picture(width, height, smooth=True)
        found, expected = _values(ours, image), _values(theirs, image)
        assert found.shape == expected.shape
        apart = np.abs(found - expected) * np.array(theirs.image_std)[:, None, None] * 255
        assert apart.max() <= 1.001
        equal.append((apart < 0.001).mean())
    assert min(equal) > 0.6
    assert np.mean(equal) > 0.9
