"""Image processors: what they take and refuse, their settings, and their budget."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from safeload.errors import FormatError, UsageError
from safeload.formats.image_settings import KINDS, TooManyPixels
from safeload.preprocessing.batch_feature import BatchFeature
from safeload.preprocessing.image_processor import ImageProcessor
from tests.forge.pictures import array, encoded, picture


def processor(kind: str = "ViTImageProcessor", **settings: Any) -> ImageProcessor:
    return ImageProcessor(KINDS[kind], settings)


@pytest.mark.parametrize(
    "image",
    ["cat.png", "https://example.org/cat.png", "data:image/png;base64,AAAA", Path("cat.png"), ["cat.png"]],
)
def test_a_path_or_an_address_is_never_followed(image: Any) -> None:
    """Text and paths in the place of an image are refused, and the message says what to do."""
    with pytest.raises(UsageError, match=r"no path or address is opened.*open_image"):
        processor()(image)


def test_bytes_are_refused(tmp_path: Path) -> None:
    """Bytes and open files have a function of their own, with a list of formats."""
    data = encoded()
    (tmp_path / "a.png").write_bytes(data)
    with (tmp_path / "a.png").open("rb") as file:
        for image in (data, bytearray(data), memoryview(data), file):
            with pytest.raises(UsageError, match="open_image"):
                processor()(image)


def test_return_tensors() -> None:
    """A list of arrays, one array, one tensor; images of several sizes make no tensor."""
    images = [picture(40, 30), picture(20, 50)]
    many = processor()(images)
    assert isinstance(many.pixel_values, list)
    assert many.pixel_values[0].shape == (3, 224, 224)
    one = processor()(images, return_tensors="np")
    assert one["pixel_values"].shape == (2, 3, 224, 224)
    tensor = processor().preprocess(images, return_tensors="pt").pixel_values
    assert tensor.dtype is torch.float32
    assert torch.equal(tensor, torch.from_numpy(one.pixel_values))
    last = processor()(images, return_tensors="np", data_format="channels_last").pixel_values
    np.testing.assert_array_equal(last.transpose(0, 3, 1, 2), one.pixel_values)
    for kind in ("pt", "np"):
        with pytest.raises(ValueError, match="cannot become one tensor"):
            processor(do_resize=False)(images, return_tensors=kind)
    with pytest.raises(ValueError, match="'tf' is no tensor type"):
        processor()(images, return_tensors="tf")


def test_types_of_tensors() -> None:
    """Gradients and bfloat16 are no obstacle."""
    image = torch.rand(3, 9, 9, generator=torch.Generator().manual_seed(0))
    expected = processor()(image.bfloat16().float(), return_tensors="pt").pixel_values
    assert torch.equal(processor()(image.bfloat16(), return_tensors="pt").pixel_values, expected)
    assert processor()(image.requires_grad_(), return_tensors="pt").pixel_values.shape == (1, 3, 224, 224)


def test_device() -> None:
    """A device is for tensors."""
    assert processor()(picture(), return_tensors="pt", device="meta").pixel_values.is_meta
    assert processor()(picture(), device="cpu").pixel_values[0].shape == (3, 224, 224)
    with pytest.raises(UsageError, match="return_tensors='pt'"):
        processor()(picture(), device="meta")


def test_settings_are_attributes() -> None:
    """They are read and set by name, and checked as those of a file are."""
    own = processor("CLIPImageProcessor")
    assert own.size == {"shortest_edge": 224}
    assert own.size.shortest_edge == 224
    assert own.crop_size["height"] == own.crop_size.width == 224
    assert own.do_convert_rgb is True
    assert own.image_processor_type == "CLIPImageProcessor"
    assert own.model_input_names == ["pixel_values"]
    own.size = 64
    assert own.size == {"shortest_edge": 64}
    own.crop_size = (10, 12)
    own.do_center_crop = True
    assert own(picture()).pixel_values[0].shape == (3, 10, 12)
    with pytest.raises(UsageError, match=r"size\.shortest_edge is 0"):
        own.size = 0
    with pytest.raises(AttributeError, match="no patch_size"):
        _ = own.patch_size
    with pytest.raises(AttributeError):
        _ = own.size.height
    assert repr(own).startswith("CLIPImageProcessor {")
    assert copy.deepcopy(own).to_dict() == own.to_dict()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"sise": 3}, "unknown option sise"),
        ({"size": {"height": 3}}, "size has height, and can have"),
        ({"size": "large"}, r"size\.height is no whole number"),
        ({"do_resize": 1}, "do_resize is true or false"),
        ({"resample": "bilinear"}, "resample is no whole number"),
        ({"image_std": [1, 0, 1]}, "it has a zero"),
        ({"image_mean": None}, "do_normalize is on, and image_mean is not set"),
        ({"do_center_crop": True}, "do_center_crop is on, and crop_size is not set"),
        ({"do_pad": True}, "do_pad is on, and pad_size is not set"),
        ({"input_data_format": "NHWC"}, "channels_first or channels_last"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], reason: str) -> None:
    """An option is honoured or refused; none is ignored in silence."""
    with pytest.raises(UsageError, match=reason):
        processor()(picture(), **options)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (picture(mode="L"), "has 3 numbers, and the image 1 channels: do_convert_rgb=True"),
        (np.zeros((5, 6, 7)), "1, 3 or 4 channels"),
        (np.zeros((3, 5, 6), dtype=object), "is of type object"),
        (np.full((3, 5, 6), np.nan), "no finite numbers"),
        (np.full((3, 5, 6), 256), "values from 256 to 256"),
        (np.full((3, 5, 6), -0.1), "values from -0.1"),
        (np.zeros((3, 0, 5)), r"of shape \[3, 0, 5\] has no pixels"),
        (picture(1, 1).crop((0, 0, 0, 1)), "no pixels"),
        (np.zeros((2, 2)), "3 dimensions and a batch 4, not 2"),
        ({"image": 1}, "a dict is no image"),
        ([], "there are no images"),
    ],
)
def test_images_that_do_not_fit(image: Any, reason: str) -> None:
    """What cannot be an image for these settings is said."""
    with pytest.raises(ValueError, match=reason):
        processor()(image)


def test_a_thin_image_asks_for_a_large_one() -> None:
    """Of one row, the shortest edge makes a giant: refused before it has memory."""
    thin = np.zeros((3, 1, 500_000), dtype=np.uint8)
    with pytest.raises(TooManyPixels, match="a resized image of 224 x 112000000 pixels"):
        processor("CLIPImageProcessor")(thin)
    with pytest.raises(ValueError, match="pixels large"):
        processor(size={"max_height": 10, "max_width": 10})(np.zeros((3, 1, 50), dtype=np.uint8))


def test_a_picture_beyond_the_budget() -> None:
    """A picture's own size is looked at before its pixels are."""
    large = picture(1, 1).resize((9_500, 9_500))
    with pytest.raises(TooManyPixels, match="an image of 9500 x 9500 pixels"):
        processor()(large)


def test_torch_has_fewer_filters() -> None:
    """A filter that torch lacks names the extra that has it."""
    other = ImageProcessor(KINDS["ViTImageProcessor"], {"resample": 1}, backend="torchvision")
    with pytest.raises(ValueError, match=r"safeload\[vision\]"):
        other(array(30, 40))
    with pytest.raises(UsageError, match="is none of pil, torchvision"):
        ImageProcessor(KINDS["ViTImageProcessor"], {}, backend="cv2")


def test_saving_needs_a_writer() -> None:
    """A processor that no Auto class made cannot write."""
    with pytest.raises(UsageError, match="without a writer"):
        processor().save_pretrained("x")


def test_a_broken_file_is_a_format_error() -> None:
    """Settings of a file are theirs, so that what is wrong with them is not the caller's mistake."""
    with pytest.raises(FormatError, match="size asks for images of 16000 x 16000"):
        processor(size=16_000)


def test_features_as_a_mapping() -> None:
    """Items and attributes; moved, only floating tensors change their type; copies and pickles are equal."""
    features = BatchFeature(
        {"pixel_values": torch.ones(2), "ids": torch.ones(2, dtype=torch.int64), "n": ["a"]}
    )
    assert features["ids"] is features.ids
    with pytest.raises(AttributeError):
        _ = features.missing
    with pytest.raises(KeyError, match="the keys are pixel_values, ids, n"):
        _ = features[0]
    assert features.convert_to_tensors("pt").n == ["a"]
    for same in (copy.copy(features), pickle.loads(pickle.dumps(features))):
        assert same.keys() == features.keys()
    half = features.to(torch.float16)
    assert half.pixel_values.dtype is torch.float16
    assert half.ids.dtype is torch.int64
    assert features.to("meta").ids.is_meta
