"""Pictures of many sizes and modes, from noise and from smooth colours, and processors' files."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

SIZES = ((30, 40), (224, 224), (333, 250), (1, 1), (101, 7), (2, 300))
MODES = ("RGB", "L", "RGBA", "P", "CMYK", "LA", "1", "HSV", "YCbCr")
MEAN = (0.48145466, 0.4578275, 0.40821073)


def array(width: int, height: int, *, smooth: bool = False, seed: int = 0) -> Any:
    """RGB levels: height, width, channel."""
    if not smooth:
        return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [np.sin(rows / (5 + channel) + columns / (9 - channel)) for channel in range(3)]
    return ((np.stack(waves, -1) + 1) * 127).astype(np.uint8)


def picture(width: int = 40, height: int = 30, mode: str = "RGB", **options: Any) -> Any:
    """A picture of Pillow; of a mode with transparency, half of it shines through."""
    image = Image.fromarray(array(width, height, **options)).convert(mode)
    if "A" in mode:
        image.putalpha(Image.fromarray(array(width, height, seed=1)[..., 0]))
    return image


def encoded(form: str = "PNG", image: Any = None, **options: Any) -> bytes:
    """The bytes of a picture's file."""
    stream = io.BytesIO()
    (image or picture()).save(stream, form, **options)
    return stream.getvalue()


def put(folder: Path, name: str = "preprocessor_config.json", **values: Any) -> Path:
    """The folder with a processor's file in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(values))
    return folder
