"""The image processor that `AutoImageProcessor` returns: pictures -> `pixel_values`.

Same settings, defaults and results as transformers' processors of these classes. It holds no path and reads
nothing. The order of the steps: RGB, resize, crop, rescale, normalise, pad.
"""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

from safeload.errors import FormatError, MissingExtra, UsageError
from safeload.formats.image_settings import KINDS, check_pixels, checked, settings_of
from safeload.preprocessing.batch_feature import BatchFeature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    from safeload.formats.image_settings import ImageKind
    from safeload.preprocessing.pixels import Array

    Writer = Callable[[str | PathLike[str], Mapping[str, bytes]], tuple[str, ...]]

FILE = "preprocessor_config.json"
BACKENDS = ("pil", "torchvision")
_CALL = frozenset({"return_tensors", "device", "disable_grouping", "image_seq_length"})


class Size(dict[str, int]):
    """Edges by name, as items and as attributes."""

    def __getattr__(self, name: str) -> int:
        """An edge, where the size has it."""
        if name in self:
            return self[name]
        raise AttributeError(name)


class ImageProcessor:
    """Turns pictures into the input of a model.

    Every setting is an attribute of its name, which a program may set.

    Args:
        kind: the class that the checkpoint names.
        settings: what its file and the caller say.
        backend: `pil`, `torchvision` (torch's kernels), or None for Pillow where it is installed.
        name_or_path: what the user asked for.
        writer: writes files for `save_pretrained`.

    Raises:
        FormatError: a setting that cannot be.
        UsageError: an unknown backend.
    """

    def __init__(
        self,
        kind: ImageKind,
        settings: Mapping[str, Any],
        *,
        backend: str | None = None,
        name_or_path: str = "",
        writer: Writer | None = None,
    ) -> None:
        self._kind = kind
        self._settings: dict[str, Any] = settings_of(kind, settings)
        self._writer = writer
        self.name_or_path = name_or_path
        self.model_input_names = ["pixel_values"]
        self.backend = _backend(backend)

    @property
    def image_processor_type(self) -> str:
        """The class's name in files."""
        return self._kind.name

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - settings have many types
        """A setting."""
        settings = self.__dict__.get("_settings", {})
        if name not in settings:
            raise AttributeError(f"an image processor has no {name}")
        value = settings[name]
        return Size(value) if isinstance(value, dict) else value

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401 - same
        kind = self.__dict__.get("_kind")
        if kind is not None and name in kind.names:
            self._settings[name] = _setting(name, value, self._settings)
        else:
            object.__setattr__(self, name, value)

    def __call__(self, images: Any, **options: Any) -> BatchFeature:  # noqa: ANN401 - what callers pass
        """`pixel_values` of one image or several.

        Args:
            images: a Pillow image, an array, a tensor, a batch of four dimensions, or a list of these.
            **options: settings for this call, `return_tensors` (`pt`, `np` or None for a list of arrays),
                and `device` for tensors.

        Raises:
            UsageError: an option that is not known or cannot be, or a path in the place of an image.
            ValueError: images that the settings do not fit.
            TooManyPixels: an image would get more pixels than the budget allows.
        """
        names = self._kind.names
        if unknown := options.keys() - names - _CALL:
            raise UsageError(
                f"unknown option {', '.join(sorted(unknown))}: an image processor has "
                f"{', '.join(sorted(names | _CALL))}"
            )
        settings = dict(self._settings)
        for name in ("default_to_square", *sorted(names & options.keys())):
            if name in options:
                settings[name] = _setting(name, options[name], settings)
        _complete(settings)
        try:
            from safeload.preprocessing.images import as_array, flat_list
        except ImportError:
            raise MissingExtra("an image processor", "numpy", "torch") from None
        arrays, read = [], []
        convert, layout = bool(settings["do_convert_rgb"]), settings["input_data_format"]
        for image in flat_list(images):
            array = as_array(image, convert=convert, layout=layout)
            read.append(self._read(array, settings))
            arrays.append(self._processed(array, settings))
        features = BatchFeature({"pixel_values": arrays}, tensor_type=options.get("return_tensors"))
        features.update(self._told(read))
        device = options.get("device")
        if device is None or str(device) == "cpu":
            return features
        if options.get("return_tensors") != "pt":
            raise UsageError("device= is for tensors: pass return_tensors='pt' as well")
        return features.to(device=device)

    preprocess = __call__

    def _read(self, image: Array, settings: Mapping[str, Any]) -> Any:  # noqa: ANN401, ARG002 - of subclasses
        """What is read in an image before it is processed."""
        return None

    def _told(self, read: Sequence[Any]) -> dict[str, Any]:  # noqa: ARG002 - for subclasses
        """Features made of what was read in the images."""
        return {}

    def _processed(self, image: Array, settings: Mapping[str, Any]) -> Array:
        """The steps behind RGB, in order."""
        from safeload.preprocessing import pixels

        if settings["do_resize"]:
            target = pixels.target_size(image, settings["size"])
            if 0 in target:
                raise ValueError(f"an image of {image.shape[1:]} would be {target} pixels large")
            check_pixels(*target, "a resized image")
            image = self._resized(image, target, settings["resample"])
        if settings["do_center_crop"]:
            image = pixels.center_crop(image, **settings["crop_size"], up=self.backend == "pil")
        mean, std, factor = (settings[name] for name in ("image_mean", "image_std", "rescale_factor"))
        if settings["do_rescale"] and settings["do_normalize"] and self.backend != "pil":
            image = pixels.normalize_levels(image, mean, std, factor)
        else:
            image = pixels.rescale(image, factor) if settings["do_rescale"] else image
            image = pixels.normalize(image, mean, std) if settings["do_normalize"] else image
        image = pixels.pad(image, **settings["pad_size"]) if settings["do_pad"] else image
        return image.transpose(1, 2, 0) if settings["data_format"] == "channels_last" else image

    def _resized(self, image: Array, target: tuple[int, int], resample: int) -> Array:
        if self.backend == "pil":
            from safeload.preprocessing.pixels import resize_with_pillow

            return resize_with_pillow(image, target, resample)
        try:
            from safeload.preprocessing.torch_pixels import resize_with_torch
        except ImportError:
            raise MissingExtra("resizing images", "Pillow", "vision") from None
        return resize_with_torch(image, target, resample)

    def to_dict(self) -> dict[str, Any]:
        """The settings by name, and the class's name, as in a file."""
        defaults = self._kind.defaults
        stated = {
            name: value
            for name, value in self._settings.items()
            # what the class does not do at all is not mentioned
            if value is not None or defaults.get(name) is not None
        }
        stated.pop("default_to_square", None)
        return json.loads(json.dumps({**stated, "image_processor_type": self._kind.name}))  # type: ignore[no-any-return]

    def to_json_string(self) -> str:
        """The text of a preprocessor_config.json."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"

    def save_pretrained(self, save_directory: str | PathLike[str]) -> tuple[str, ...]:
        """Write preprocessor_config.json, which transformers reads as well.

        Returns:
            The paths written.

        Raises:
            UsageError: this processor was built without a writer, or the folder cannot be written.
        """
        if self._writer is None:
            raise UsageError("this image processor was built without a writer, so it cannot be saved")
        return self._writer(save_directory, {FILE: self.to_json_string().encode()})

    def __repr__(self) -> str:
        return f"{self._kind.name} {self.to_json_string()}"


def supported() -> str:
    """The classes, for messages."""
    return ", ".join(KINDS)


def _setting(name: str, value: Any, settings: Mapping[str, Any]) -> Any:  # noqa: ANN401 - settings have many types
    """A value from the caller under the checks of a file's."""
    if isinstance(value, tuple):
        value = list(value)
    elif isinstance(value, dict):
        value = dict(value)
    elif name == "resample" and value is not None:
        value = getattr(value, "value", value)  # Pillow's own enumeration
    try:
        return checked(name, value, settings)
    except FormatError as error:
        raise UsageError(f"{name}: {error}") from None


def _complete(settings: Mapping[str, Any]) -> None:
    """A step that is to be done needs what it is done with."""
    needs = {
        "do_resize": ("size", "resample"),
        "do_center_crop": ("crop_size",),
        "do_rescale": ("rescale_factor",),
        "do_normalize": ("image_mean", "image_std"),
        "do_pad": ("pad_size",),
    }
    for step, names in needs.items():
        if missing := [name for name in names if settings[step] and settings[name] is None]:
            raise UsageError(f"{step} is on, and {missing[0]} is not set")


def _backend(asked: str | None) -> str:
    if asked is None:
        return "pil" if importlib.util.find_spec("PIL") is not None else "torchvision"
    if asked not in BACKENDS:
        raise UsageError(f"backend={asked!r} is none of {', '.join(BACKENDS)}")
    if asked == "pil" and importlib.util.find_spec("PIL") is None:
        raise MissingExtra("backend='pil'", "Pillow", "vision")
    return asked
