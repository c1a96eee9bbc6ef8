"""Pages of text, drawn with Pillow, and the files of a LayoutLMv2 processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont

from tests.forge.pictures import put
from tests.forge.tokenizers import bert_folder, write_json

if TYPE_CHECKING:
    from pathlib import Path

LINES = ("Invoice 2047", "Date: 12 March 2024", "A hole in the ground", "Total    1,250.00 EUR")


def page(
    width: int = 700, height: int = 460, mode: str = "RGB", lines: tuple[str, ...] = LINES, size: int = 34
) -> Any:
    """Dark lines on light paper; of a mode with transparency, the paper is clear."""
    image = Image.new("RGB", (width, height), (250, 250, 244))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size)
    for number, line in enumerate(lines):
        draw.text((40 + 30 * (number % 2), 30 + 2 * size * number), line, fill=(20, 20, 60), font=font)
    if mode == "RGBA":
        image.putalpha(image.convert("L").point(lambda level: 255 - level // 2))
        return image
    return image.convert(mode)


def folder(path: Path, **settings: Any) -> Path:
    """A folder with the files that transformers 4 wrote for LayoutLMv2."""
    bert_folder(path, settings={"tokenizer_class": "LayoutLMv2Tokenizer"})
    write_json(path, config={"model_type": "layoutlmv2"})
    put(
        path,
        **{"feature_extractor_type": "LayoutLMv2FeatureExtractor", "apply_ocr": True, "do_resize": True,
           "size": 224, "resample": 2, "ocr_lang": None, "processor_class": "LayoutLMv2Processor"}
        | settings,
    )  # fmt: skip
    return path
