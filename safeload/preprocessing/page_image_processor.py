"""The image processor of models that read pages: `pixel_values`, and words with boxes where it reads them.

Same settings, defaults and results as LayoutLMv2ImageProcessor of transformers: the words are read in the
picture as it comes; then it is resized, and its channels are turned around, as detectron2 has them. It is
neither rescaled nor normalised, whatever a file says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeload.preprocessing.image_processor import ImageProcessor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeload.preprocessing.ocr import Words
    from safeload.preprocessing.pixels import Array

_NEVER: Mapping[str, Any] = {
    "do_center_crop": None,
    "do_rescale": None,
    "do_normalize": None,
    "do_pad": None,
    "data_format": None,
}


class PageImageProcessor(ImageProcessor):
    """Turns pages into the input of a model. Built like `ImageProcessor`."""

    def _processed(self, image: Array, settings: Mapping[str, Any]) -> Array:
        return super()._processed(image, {**settings, **_NEVER})[::-1]

    def _read(self, image: Array, settings: Mapping[str, Any]) -> Words | None:
        if not settings["apply_ocr"]:
            return None
        from safeload.preprocessing.ocr import read_words  # it can start a program

        return read_words(image, language=settings["ocr_lang"], config=settings["tesseract_config"])

    def _told(self, read: Sequence[Any]) -> dict[str, Any]:
        if not read or read[0] is None:
            return {}
        return {"words": [words for words, _ in read], "boxes": [boxes for _, boxes in read]}
