"""The settings of image processors: which classes there are, and what each setting may be.

Guarantees: a setting that leaves here has its type, lies within bounds, and asks for no more pixels than
the budget. A name from a file is looked up in the closed table and nowhere else. Names that the table does
not know change nothing in these classes, and are dropped.

Names and defaults: https://huggingface.co/docs/transformers/main_classes/image_processor
"""

from __future__ import annotations

import itertools
import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.limits import DEFAULT_LIMITS
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json

FLAGS = ("do_convert_rgb", "do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_pad")
SIZES = ("size", "crop_size", "pad_size")
LAYOUTS = ("data_format", "input_data_format")
NAMES = frozenset({*FLAGS, *SIZES, *LAYOUTS, "resample", "rescale_factor", "image_mean", "image_std",
                   "default_to_square"})  # fmt: skip
"""Every setting, of a file as of a call."""
OCR = frozenset({"apply_ocr", "ocr_lang", "tesseract_config"})
"""Settings of the processors that read words in pictures."""
_LANGUAGES = re.compile(
    r"[A-Za-z]{2,16}(_[A-Za-z]{2,16}){0,3}(\+[A-Za-z]{2,16}(_[A-Za-z]{2,16}){0,3}){0,7}\Z"
)
"""Names of files of tesseract's own folder, such as `chi_sim_vert`, without folders and endings."""
_MODES = {"--psm": range(1, 14), "--oem": range(4)}
"""What may stand in `tesseract_config`. Mode 0 of `--psm` reads no words."""
_EDGE = 1 << 14
"""Longest edge that a setting may ask for."""
_KEYS = (
    frozenset({"height", "width"}),
    frozenset({"shortest_edge"}),
    frozenset({"shortest_edge", "longest_edge"}),
    frozenset({"max_height", "max_width"}),
)
_CHANNELS = 1_024
_LARGEST = 1e9
_FILTERS = 5
"""Pillow's filters are numbered from 0 to 5."""


class SettingTypeWrong(FormatError):
    """A setting whose value has another type."""


class SettingOutOfBounds(FormatError):
    """A setting whose value is too small or too large."""


class SizeUnusable(FormatError):
    """A size that says neither height and width nor how long an edge is."""


class TooManyPixels(LimitExceeded):
    """Images of more pixels than the budget allows."""


@record
class ImageKind:
    """One class of image processors: what it does where its file says nothing."""

    name: str
    defaults: Mapping[str, Json]
    names: frozenset[str] = NAMES
    """Its settings."""


def _kind(name: str, **settings: Json) -> ImageKind:
    common: dict[str, Json] = {
        "do_resize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "default_to_square": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    return ImageKind(name=name, defaults=MappingProxyType({**common, **settings}))


KINDS: Mapping[str, ImageKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            _kind("ViTImageProcessor", resample=2, size={"height": 224, "width": 224}),
            _kind(
                "DeiTImageProcessor",
                resample=3,
                size={"height": 256, "width": 256},
                do_center_crop=True,
                crop_size={"height": 224, "width": 224},
            ),
            ImageKind(
                name="LayoutLMv2ImageProcessor",
                defaults=MappingProxyType(
                    {
                        "do_resize": True,
                        "default_to_square": True,
                        "size": {"height": 224, "width": 224},
                        "resample": 2,
                        "apply_ocr": True,
                        "tesseract_config": "",
                    }
                ),
                names=NAMES | OCR,
            ),
            _kind(
                "CLIPImageProcessor",
                resample=3,
                size={"shortest_edge": 224},
                default_to_square=False,
                do_center_crop=True,
                crop_size={"height": 224, "width": 224},
                do_convert_rgb=True,
                image_mean=[0.48145466, 0.4578275, 0.40821073],
                image_std=[0.26862954, 0.26130258, 0.27577711],
            ),
        )
    }
)
"""The closed table of classes."""

_VIT = "vit clipseg dinat ijepa mgp-str swiftformer swin swinv2 trocr vit_mae vit_msn"
_CLIP = "clip aimv2 aimv2_vision_model altclip florence2 git groupvit kosmos-2 metaclip_2 mlcd vipllava xclip"
MODEL_TYPES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_VIT.split(), "ViTImageProcessor"),
        **dict.fromkeys(_CLIP.split(), "CLIPImageProcessor"),
        "deit": "DeiTImageProcessor",
        "layoutlmv2": "LayoutLMv2ImageProcessor",
    }
)
"""The class of a model_type, for files that name none."""


def kind_named(name: str) -> ImageKind | None:
    """The class that a file means by a name, under any of the names it has had, or None."""
    for ending in ("Fast", "Pil"):
        name = name.removesuffix(ending)
    return KINDS.get(name.replace("FeatureExtractor", "ImageProcessor"))


def settings_of(kind: ImageKind, values: Mapping[str, Json]) -> dict[str, Json]:
    """The settings of a class with what a file or a caller says; null is nothing, not the default.

    Raises:
        FormatError: a class of this module.
    """
    given = {name: value for name, value in values.items() if name in kind.names}
    if kind.name == "CLIPImageProcessor" and values.get("use_square_size"):  # files of KOSMOS-2
        given["size"] = {"height": 224, "width": 224}
    merged = {**dict.fromkeys(sorted(kind.names)), **kind.defaults, **given}
    return {name: checked(name, value, merged) for name, value in merged.items()}


def checked(name: str, value: Json, settings: Mapping[str, Json]) -> Json:
    """The value of one setting in its plain form.

    Args:
        name: of the setting.
        value: what it is to be; None asks for nothing.
        settings: the other ones, which say what a single number as a size means.

    Raises:
        FormatError: a class of this module.
    """
    if value is None:
        return None
    if name in SIZES:
        square = name != "size" or settings.get("default_to_square") is not False
        return _size(name, value, square=square)
    if name == "ocr_lang":
        return language_names(value)
    if name == "tesseract_config":
        tesseract_arguments(value)
        return value
    if name in FLAGS or name in ("default_to_square", "apply_ocr"):
        if not isinstance(value, bool):
            raise SettingTypeWrong(f"{name} is true or false")
        return value
    if name in LAYOUTS:
        if value not in ("channels_first", "channels_last"):
            raise SettingTypeWrong(f"{name} is channels_first or channels_last")
        return value
    if name == "resample":
        number = _integer(name, value)
        if not 0 <= number <= _FILTERS:
            raise SettingOutOfBounds(f"resample is {number}, and filters are numbered from 0 to {_FILTERS}")
        return number
    if name == "rescale_factor":
        return _number(name, value)
    numbers = value if isinstance(value, list) else [value]
    if not 1 <= len(numbers) <= _CHANNELS:
        raise SettingOutOfBounds(
            f"{name} has {len(numbers)} numbers, and images have 1 to {_CHANNELS} channels"
        )
    plain = [_number(name, item) for item in numbers]
    if name == "image_std" and 0 in plain:
        raise SettingOutOfBounds("image_std is what pixels are divided by, and it has a zero")
    return list(plain) if isinstance(value, list) else plain[0]


def check_pixels(height: int, width: int, what: str, *, most: int = DEFAULT_LIMITS.processed_pixels) -> None:
    """Raise unless an image of this size is within the budget.

    Raises:
        TooManyPixels: it is not.
    """
    if height * width > most:
        raise TooManyPixels(f"{what} of {height} x {width} pixels, more than {most} in all")


def language_names(value: Json) -> str:
    """Names of languages for tesseract, joined by `+`.

    Raises:
        SettingTypeWrong: something else, such as a path.
    """
    if not isinstance(value, str) or not _LANGUAGES.match(value):
        raise SettingTypeWrong("ocr_lang is names of languages as eng or chi_sim, joined by +")
    return value


def tesseract_arguments(value: Json) -> list[str]:
    """The arguments of tesseract that a setting asks for: `--psm` and `--oem`, each with its number.

    Anything else could name files that it reads or writes, and is refused.

    Raises:
        SettingTypeWrong: another argument, or another number.
    """
    words = value.split() if isinstance(value, str) and len(value) <= 100 else ["?"]
    found: list[str] = []
    for name, number in itertools.zip_longest(words[::2], words[1::2]):
        known = name in _MODES and name not in found and str(number) in map(str, _MODES[name])
        if not known:
            allowed = " and ".join(f"{key} {modes[0]} to {modes[-1]}" for key, modes in _MODES.items())
            raise SettingTypeWrong(f"tesseract_config can have {allowed}, each once, and nothing else")
        found += [name, number]
    return found


def _size(name: str, value: Json, *, square: bool) -> Json:
    if isinstance(value, list):
        if len(value) != 2:
            raise SizeUnusable(f"{name} has {len(value)} numbers: give height and width")
        value = {"height": value[0], "width": value[1]}
    elif not isinstance(value, dict):
        value = {"height": value, "width": value} if square else {"shortest_edge": value}
    if frozenset(value) not in _KEYS or (name != "size" and "height" not in value):
        allowed = _KEYS if name == "size" else _KEYS[:1]
        names = "; ".join(" and ".join(sorted(keys)) for keys in allowed)
        raise SizeUnusable(f"{name} has {', '.join(sorted(value))[:200] or 'nothing'}, and can have: {names}")
    edges = {key: _integer(f"{name}.{key}", item) for key, item in value.items()}
    for key, edge in edges.items():
        if not 1 <= edge <= _EDGE:
            raise SettingOutOfBounds(f"{name}.{key} is {edge}, outside 1 to {_EDGE}")
    if "height" in edges:
        check_pixels(edges["height"], edges["width"], f"{name} asks for images")
    return {key: edges[key] for key in sorted(edges)}


def _integer(name: str, value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise SettingTypeWrong(f"{name} is no whole number")
    return value


def _number(name: str, value: Json) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise SettingTypeWrong(f"{name} is no number")
    if not -_LARGEST <= value <= _LARGEST or math.isnan(value):
        raise SettingOutOfBounds(f"{name} is outside -1e9 to 1e9")
    return value
