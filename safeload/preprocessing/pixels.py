"""The steps of an image processor on arrays: channels first, numbers as numpy makes them.

Each step rounds where the reference's Pillow backend rounds, so that results are equal to the last bit:
resizing goes through Pillow in whole levels, rescaling through float64, normalising in float32.

Shapes: channels, height, width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Array = npt.NDArray[Any]

_LEVELS = 255
_MOST_CHANNELS = 4


def target_size(image: Array, size: Mapping[str, int]) -> tuple[int, int]:
    """Height and width that an image gets from a `size` setting."""
    height, width = image.shape[1:]
    if "height" in size:
        return size["height"], size["width"]
    if "max_height" in size:
        scale = min(size["max_height"] / height, size["max_width"] / width)
        return int(height * scale), int(width * scale)
    short, edge = min(height, width), size["shortest_edge"]
    if "longest_edge" not in size:
        long = int(edge * max(height, width) / short)
        return (long, edge) if width <= height else (edge, long)
    exact: float = edge
    if max(height, width) / short * edge > size["longest_edge"]:
        exact = size["longest_edge"] * short / max(height, width)
        edge = round(exact)
    if short == edge:
        return height, width
    if width < height:
        return int(exact * height / width), edge
    return edge, int(exact * width / height)


def resize_with_pillow(image: Array, target: tuple[int, int], resample: int) -> Array:
    """The image in another size, by Pillow in 256 levels. Fractions are of 1 and come back as such.

    Raises:
        ValueError: values that are neither levels nor fractions, or channels that Pillow has no mode for.
    """
    from PIL import Image

    fractions = are_fractions(image)
    if image.shape[0] > _MOST_CHANNELS:
        raise ValueError(f"Pillow resizes images of up to 4 channels, and this one has {image.shape[0]}")
    rows = image[0] if image.shape[0] == 1 else np.moveaxis(image, 0, -1)
    levels = rescale(rows, _LEVELS) if fractions else rows
    resized = Image.fromarray(np.ascontiguousarray(levels.astype(np.uint8))).resize(
        (target[1], target[0]), resample=Image.Resampling(resample)
    )
    rows = np.array(resized)
    channels = rows[None] if rows.ndim == 2 else np.moveaxis(rows, -1, 0)
    return rescale(channels, 1 / _LEVELS) if fractions else channels


def are_fractions(image: Array) -> bool:
    """Whether values are fractions of 1, not levels up to 255.

    Raises:
        ValueError: they are neither.
    """
    if image.dtype == np.uint8:
        return False
    low, high = image.min(), image.max()
    if not np.isfinite(low) or not np.isfinite(high):
        raise ValueError("an image has values that are no finite numbers")
    if low >= 0 and high <= _LEVELS and np.allclose(image, image.astype(np.int64)):
        return False
    if low >= 0 and high <= 1:
        return True
    raise ValueError(
        f"an image has values from {low} to {high}: to be resized, they are levels from 0 to 255, or "
        "fractions from 0 to 1"
    )


def center_crop(image: Array, height: int, width: int, *, up: bool = True) -> Array:
    """The middle of an image, with zeros around it where it is smaller.

    `up`: of an odd number of zeros, the larger half stands in front.
    """
    own_height, own_width = image.shape[1:]
    top, left = (own_height - height) // 2, (own_width - width) // 2
    if top >= 0 and left >= 0:
        return image[:, top : top + height, left : left + width]
    full_height, full_width = max(height, own_height), max(width, own_width)
    canvas = np.zeros((image.shape[0], full_height, full_width), dtype=image.dtype)
    above = (full_height - own_height + up) // 2
    before = (full_width - own_width + up) // 2
    canvas[:, above : above + own_height, before : before + own_width] = image
    top, left = top + above, left + before
    return canvas[:, max(0, top) : top + height, max(0, left) : left + width]


def rescale(image: Array, factor: float) -> Array:
    """Values times a factor, computed in float64, as float32."""
    scaled: Array = (image.astype(np.float64) * factor).astype(np.float32)
    return scaled


def normalize(image: Array, mean: float | list[float], std: float | list[float]) -> Array:
    """Values minus `mean`, divided by `std`, per channel.

    Raises:
        ValueError: there are not as many numbers as channels.
    """
    channels = image.shape[0]
    if not np.issubdtype(image.dtype, np.floating):
        image = image.astype(np.float32)
    columns = []
    for name, value in (("image_mean", mean), ("image_std", std)):
        numbers = value if isinstance(value, list | tuple) else [value] * channels
        if len(numbers) != channels:
            raise ValueError(
                f"{name} has {len(numbers)} numbers, and the image {channels} channels: "
                "do_convert_rgb=True makes three of any"
            )
        columns.append(np.array(numbers, dtype=image.dtype)[:, None, None])
    normal: Array = (image - columns[0]) / columns[1]
    return normal


def normalize_levels(
    image: Array, mean: float | list[float], std: float | list[float], factor: float
) -> Array:
    """`rescale` and `normalize` in one step, as the reference's torchvision backend rounds it.

    Raises:
        ValueError: there are not as many numbers as channels.
    """
    scale = np.float32(1.0 / factor)
    scaled = [(np.array(value, dtype=np.float32) * scale).tolist() for value in (mean, std)]
    return normalize(image.astype(np.float32), *scaled)


def pad(image: Array, height: int, width: int) -> Array:
    """Zeros below and to the right.

    Raises:
        ValueError: the image is larger than that.
    """
    below, behind = height - image.shape[1], width - image.shape[2]
    if below < 0 or behind < 0:
        raise ValueError(
            f"{image.shape[1]} x {image.shape[2]} pixels do not fit a pad_size of {height} x {width}"
        )
    return np.pad(image, ((0, 0), (0, below), (0, behind)))
