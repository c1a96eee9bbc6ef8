"""The processor of models that see and read: an image processor and a tokenizer as one object.

    processor(text=["a cat", "a dog"], images=picture, padding=True, return_tensors="pt")

Same arguments and results as `CLIPProcessor` of transformers 5; pictures and text may also come in the
order of transformers 4. An argument goes to the part that knows it; `images_kwargs` and `text_kwargs` name
one part. It holds no path and reads nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safeload.errors import UsageError
from safeload.formats.image_settings import NAMES
from safeload.preprocessing.batch_feature import BatchFeature
from safeload.preprocessing.speech_processor import FILE, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

    from safeload.preprocessing.image_processor import ImageProcessor
    from safeload.preprocessing.tokenizer import Tokenizer

    Writer = Callable[[str | PathLike[str], Mapping[str, bytes]], tuple[str, ...]]

_IMAGES = NAMES | {"return_tensors", "device", "disable_grouping"}
_PARTS = {"images_kwargs": _IMAGES, "text_kwargs": TEXT, "common_kwargs": frozenset({"return_tensors"})}


class ImageTextProcessor:
    """Pictures and text for one model.

    Args:
        image_processor: of the checkpoint.
        tokenizer: of the checkpoint.
        class_name: what a saved configuration calls this class.
        name_or_path: what the user asked for.
        writer: writes files for `save_pretrained`.
    """

    def __init__(
        self,
        image_processor: ImageProcessor,
        tokenizer: Tokenizer,
        *,
        class_name: str,
        name_or_path: str = "",
        writer: Writer | None = None,
    ) -> None:
        self.image_processor = image_processor
        self.tokenizer = tokenizer
        self.class_name = class_name
        self.name_or_path = name_or_path
        self._writer = writer

    def __repr__(self) -> str:
        """The two parts."""
        return f"ImageTextProcessor({self.class_name}, {self.image_processor!r}, {self.tokenizer!r})"

    @property
    def model_input_names(self) -> list[str]:
        """What a model gets."""
        return [*self.tokenizer.model_input_names, *self.image_processor.model_input_names]

    def __call__(self, *inputs: Any, images: Any = None, text: Any = None, **kwargs: Any) -> BatchFeature:  # noqa: ANN401 - what callers pass
        """Ids of the text and `pixel_values` of the pictures, or of what is given of both.

        Args:
            *inputs: pictures and text, in either order.
            images: as the image processor takes them.
            text: as the tokenizer takes it.
            **kwargs: for the part that knows them.

        Raises:
            UsageError: an argument that neither part knows, or a path in the place of a picture.
            ValueError: neither pictures nor text, or what the parts refuse.
        """
        for given in inputs:
            taken = text if _is_text(given) else images
            if taken is not None:
                raise UsageError("pictures or text were given twice")
            images, text = (images, given) if _is_text(given) else (given, text)
        if images is None and text is None:
            raise ValueError("give images=, text= or both")
        for_images, for_text = self._split(kwargs)
        found: dict[str, Any] = {}
        if text is not None:
            found.update(self.tokenizer(text, **for_text))
        if images is not None:
            found.update(self.image_processor(images, **for_images))
        return BatchFeature(found)

    def decode(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the tokenizer's
        """The text of ids."""
        return self.tokenizer.decode(*args, **kwargs)

    def batch_decode(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - same
        """One text per row of ids."""
        return self.tokenizer.batch_decode(*args, **kwargs)

    def to_dict(self) -> dict[str, Any]:
        """The settings of the image processor, and this class's name."""
        return {"image_processor": self.image_processor.to_dict(), "processor_class": self.class_name}

    def save_pretrained(self, save_directory: str | PathLike[str]) -> tuple[str, ...]:
        """Write the files of both parts, which transformers reads as well, and return the paths written.

        Raises:
            UsageError: the processor was built without a writer, or the folder cannot be written.
        """
        if self._writer is None:
            raise UsageError("this processor was built without a writer, so it cannot be saved")
        text = json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"
        self.tokenizer.saved_settings["processor_class"] = self.class_name
        return (
            *self.tokenizer.save_pretrained(save_directory),
            *self._writer(save_directory, {FILE: text.encode()}),
        )

    def _split(self, kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arguments for each part: common ones, then those that name a part, then the others."""
        for name, allowed in _PARTS.items():
            value = kwargs.get(name) or {}
            wrong = sorted(set(value) - allowed) if isinstance(value, dict) else [f"{value!r}"]
            if wrong:
                raise UsageError(f"{name} cannot have {', '.join(wrong)}")
        if unknown := sorted(kwargs.keys() - _IMAGES - TEXT - _PARTS.keys()):
            raise UsageError(
                f"unknown argument {', '.join(unknown)}: neither image processor nor tokenizer has it"
            )
        common = kwargs.get("common_kwargs") or {}
        made = [
            {
                **common,
                **(kwargs.get(name) or {}),
                **{key: value for key, value in kwargs.items() if key in _PARTS[name]},
            }
            for name in ("images_kwargs", "text_kwargs")
        ]
        return made[0], made[1]


def _is_text(value: object) -> bool:
    """Whether it is text, or lists of it."""
    while isinstance(value, list | tuple) and value:
        value = value[0]
    return isinstance(value, str)
