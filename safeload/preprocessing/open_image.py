"""Bytes of a picture as an image: listed formats only, whole or not at all, within a budget of pixels.

Pillow knows some forty formats, some of which start other programs or follow addresses; the file's own
header picks among those that are listed here. The size is known from the header and checked before pixels
get memory. The extra `vision` brings Pillow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded, MissingExtra, UsageError
from safeload.formats.image_settings import check_pixels
from safeload.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
"""What is opened. Of an animation the first frame is taken."""


class ImageUnlisted(FormatError):
    """Bytes that are no image of a listed format."""


class ImageMalformed(FormatError):
    """An image that breaks off, or that breaks the rules of its format."""


class ImageTooLarge(LimitExceeded):
    """An image of more pixels than the budget allows."""


def open_image(data: bytes) -> Image:
    """The picture in `data`, upright and in RGB.

    Args:
        data: the content of a JPEG, PNG, WebP, BMP or GIF file.

    Raises:
        ImageUnlisted: another format, or none.
        ImageMalformed: the file is truncated or broken.
        ImageTooLarge: it has more pixels than `Limits.image_pixels`.
        UsageError: something else than bytes; a path is not opened.
        MissingExtra: Pillow is not installed.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise UsageError("open_image takes the bytes of a file: no path or address is opened")
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise MissingExtra("open_image", "Pillow", "vision") from None
    import io

    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            check_pixels(image.height, image.width, "an image", most=DEFAULT_LIMITS.image_pixels)
            image.load()
            return (ImageOps.exif_transpose(image) or image).convert("RGB")
    except UnidentifiedImageError:
        raise ImageUnlisted(f"no image of a listed format: {', '.join(FORMATS)}") from None
    except (LimitExceeded, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(str(error)) from None
    except MemoryError:
        raise ImageTooLarge("the image does not fit into memory") from None
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise almost anything
        raise ImageMalformed(f"{type(error).__name__}: {str(error)[:200]}") from None
