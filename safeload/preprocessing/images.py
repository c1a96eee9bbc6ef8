"""What callers give as images, as arrays with channels first. No path and no address is ever followed.

Taken are Pillow images, numpy arrays, torch tensors, and lists of these. Neither Pillow nor torch is
imported for that: who passes their objects has imported them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from safeload.core import visible
from safeload.errors import UsageError
from safeload.formats.image_settings import check_pixels
from safeload.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from safeload.preprocessing.pixels import Array

_CHANNELS = (1, 3, 4)


def flat_list(images: Any) -> list[Any]:  # noqa: ANN401 - what callers pass
    """Single images, from one image, a batch, or lists of either.

    Raises:
        UsageError: a path, an address, or bytes.
        ValueError: something else that is no image.
    """
    _refuse(images)
    if isinstance(images, list | tuple):
        if not images:
            raise ValueError("there are no images")
        return [single for item in images for single in flat_list(item)]
    if is_pillow(images):
        return [images]
    if not isinstance(images, np.ndarray) and not is_torch(images):
        raise ValueError(f"a {type(images).__name__} is no image: give Pillow images, arrays or tensors")
    if images.ndim == 3:
        return [images]
    if images.ndim == 4:
        return list(images)
    raise ValueError(
        f"an image has 3 dimensions and a batch 4, not {images.ndim}: "
        "a grey image of two dimensions is image[None]"
    )


def _refuse(images: object) -> None:
    if isinstance(images, str) or hasattr(images, "__fspath__"):
        raise UsageError(
            f"{visible(str(images)[:100])}: no path or address is opened; read the bytes yourself and pass "
            "safeload.open_image(data)"
        )
    if isinstance(images, bytes | bytearray | memoryview) or hasattr(images, "read"):
        raise UsageError("bytes are no image: pass safeload.open_image(data), which reads listed formats")


def as_array(image: Any, *, convert: bool, layout: str | None) -> Array:  # noqa: ANN401 - same
    """One image as an array with channels first, and in RGB where that is asked for.

    Raises:
        ValueError: the channels cannot be told, or not be converted.
        TooManyPixels: a Pillow image beyond the budget.
    """
    if is_pillow(image):
        if 0 in image.size:
            raise ValueError(f"an image of {image.height} x {image.width} has no pixels")
        check_pixels(image.height, image.width, "an image", most=DEFAULT_LIMITS.image_pixels)
        rows = np.array(_pillow_rgb(image) if convert else image)
        return rows[None] if rows.ndim == 2 else np.moveaxis(rows, -1, 0)
    array: Array = _numpy(image) if is_torch(image) else image
    if array.dtype.kind not in "buif":
        raise ValueError(f"an image is numbers, and this one is of type {array.dtype}")
    if 0 in array.shape:
        raise ValueError(f"an image of shape {list(array.shape)} has no pixels")
    first = layout == "channels_first" if layout else _channels_first(array.shape)
    array = array if first else np.moveaxis(array, -1, 0)
    return _array_rgb(array) if convert else array


def is_pillow(image: object) -> bool:
    """Whether it is an image of Pillow."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(image, module.Image)


def is_torch(image: object) -> bool:
    """Whether it is a tensor of torch."""
    module = sys.modules.get("torch")
    return module is not None and isinstance(image, module.Tensor)


def _numpy(image: Any) -> Array:  # noqa: ANN401 - a tensor of torch
    """The tensor's own memory where that can be; numpy has no bfloat16."""
    image = image.detach().cpu()
    array: Array = (image.float() if str(image.dtype) == "torch.bfloat16" else image).numpy()
    return array


def _channels_first(shape: tuple[int, ...]) -> bool:
    if shape[0] in _CHANNELS:
        return True
    if shape[-1] in _CHANNELS:
        return False
    raise ValueError(
        f"neither the first nor the last number of {list(shape)} is 1, 3 or 4 channels: "
        "say input_data_format='channels_first' or 'channels_last'"
    )


def _pillow_rgb(image: Any) -> Any:  # noqa: ANN401 - an image of Pillow
    """Three channels, with what is transparent on white."""
    from PIL import Image

    if "A" not in image.getbands() and image.info.get("transparency") is None:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    white = Image.new("RGBA", clear.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, clear).convert("RGB")


def _array_rgb(image: Array) -> Array:
    """Three channels of one or of four, with what is transparent on white; others are left."""
    channels = image.shape[0]
    if channels == 1:
        return np.repeat(image, 3, axis=0)
    if channels != 4:
        return image
    whole = image.dtype.kind in "bui"
    if not whole and (image.min() < 0 or image.max() > 1):
        raise ValueError(
            f"an image with transparency has values from {image.min()} to {image.max()}: "
            "to become RGB, they are fractions from 0 to 1, or whole levels"
        )
    white = 255 if whole else 1.0
    alpha = image[3:] / white
    blended = alpha * image[:3] + (1 - alpha) * white
    return np.round(blended).astype(image.dtype) if whole else blended.astype(image.dtype)
