"""Bytes as a picture: listed formats, whole or not at all, within the budget."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import safeload
from safeload.errors import FormatError, UsageError
from safeload.preprocessing.open_image import FORMATS, ImageMalformed, ImageTooLarge, ImageUnlisted
from tests.forge.pictures import encoded, picture


@pytest.mark.parametrize("form", FORMATS)
def test_listed_formats(form: str) -> None:
    """Each listed format opens, in RGB; without loss, the pixels are those that were saved."""
    image = safeload.open_image(encoded(form, lossless=True) if form == "WEBP" else encoded(form))
    assert image.mode == "RGB"
    assert image.size == (40, 30)
    if form in ("PNG", "BMP", "WEBP"):
        np.testing.assert_array_equal(np.array(image), np.array(picture()))


@pytest.mark.parametrize("form", ["TIFF", "ICO", "PPM", "TGA", "PCX", "EPS", "PDF", "ICNS", "DDS"])
def test_other_formats(form: str) -> None:
    """What Pillow can write but the list does not have is refused, EPS with its interpreter above all."""
    with pytest.raises(ImageUnlisted, match="JPEG, PNG, WEBP, BMP, GIF"):
        safeload.open_image(encoded(form))


@pytest.mark.parametrize("data", [b"", b"\x00", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"%!PS-Adobe"])
def test_what_is_no_image(data: bytes) -> None:
    """Too little, or something else."""
    with pytest.raises((ImageUnlisted, ImageMalformed)):
        safeload.open_image(data)


@pytest.mark.parametrize("form", FORMATS)
def test_truncated_files(form: str) -> None:
    """A file that breaks off gives no half picture."""
    data = encoded(form)
    for part in (0.3, 0.6, 0.9):
        with pytest.raises((ImageMalformed, ImageUnlisted)):
            safeload.open_image(data[: int(len(data) * part)])


def _png(width: int, height: int) -> bytes:
    """A PNG whose header says a size, with hardly any pixels behind it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(9_500, 9_500), (20_000, 20_000), (2**31 - 1, 2**31 - 1), (89_478_486, 1)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_header_that_asks_for_too_much(size: tuple[int, int]) -> None:
    """A few bytes that say they are a giant are refused, below and above Pillow's own line."""
    with pytest.raises(ImageTooLarge):
        safeload.open_image(_png(*size))


def test_warnings_as_errors_change_nothing() -> None:
    """Where a program turns Pillow's warning into an error, the answer is the same."""
    with pytest.raises(ImageTooLarge):
        safeload.open_image(_png(9_500, 9_500))


def test_upright() -> None:
    """The orientation that a camera noted is applied; an animation gives its first frame."""
    image = picture(40, 30)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    assert safeload.open_image(encoded("PNG", image, exif=exif.tobytes())).size == (30, 40)
    frames = [picture(8, 8, "P", seed=number) for number in range(3)]
    data = encoded("GIF", frames[0], save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(np.array(safeload.open_image(data)), np.array(frames[0].convert("RGB")))


def test_a_path_is_not_opened(tmp_path) -> None:
    """Neither a path nor an open file: bytes."""
    for value in ("cat.png", tmp_path / "cat.png", None):
        with pytest.raises(UsageError, match="the bytes of a file"):
            safeload.open_image(value)


@given(st.sampled_from(FORMATS), st.integers(0, 10**6), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_any_byte_may_be_another(form: str, place: int, value: int) -> None:
    """A changed byte gives a picture or a FormatError, and nothing else."""
    data = bytearray(encoded(form))
    data[place % len(data)] = value
    with suppress(FormatError):
        assert safeload.open_image(bytes(data)).mode == "RGB"
