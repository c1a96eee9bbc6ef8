"""What stands where weights should: no picture, table or document passes under a name of weights."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from tests.forge.repositories import audited, put

if TYPE_CHECKING:
    from pathlib import Path

PICKLE = b"\x80\x02cos\nsystem\n(S'id'\ntR."
MEDIA = {
    "gif": b"GIF89a" + PICKLE,
    "png": b"\x89PNG\r\n\x1a\n" + PICKLE,
    "pdf": b"%PDF-1.4\n" + PICKLE,
    "jpeg": b"\xff\xd8\xff\xe0" + PICKLE,
    "wav": b"RIFF\x10\0\0\0WAVE" + PICKLE,
    "mp4": b"\0\0\0\x18ftypisom" + PICKLE,
    "parquet": b"PAR1" + PICKLE + struct.pack("<I", 2) + b"PAR1",
    "python": b"#!/usr/bin/python\nx = 1\n",
}


@pytest.mark.parametrize(
    "name",
    ["model.pt", "x.pth", "a.ckpt", "a.pkl", "a.pickle", "a.joblib", "pytorch_model.bin", "voice.bin",
     "model.safetensors", "a.npy", "a.npz", "tf_model.h5", "a.onnx", "a.gguf", "flax_model.msgpack"],
)  # fmt: skip
@pytest.mark.parametrize("kind", MEDIA)
def test_media_in_place_of_weights(tmp_path: Path, kind: str, name: str) -> None:
    """Nothing but their first bytes is read, so that behind these there may be anything."""
    put(tmp_path, name, MEDIA[kind])
    outcome = audited(tmp_path)
    assert "artifact.malformed" in outcome.rules


@pytest.mark.parametrize("name", ["a.gif", "a.jpg", "a", "logo.img", "a.dat"])
def test_media_elsewhere(tmp_path: Path, name: str) -> None:
    """Under any other name a picture is a picture, if with a warning."""
    put(tmp_path, name, b"GIF89a\1\0\1\0\0\0\0;")
    assert audited(tmp_path).rules == set()


@pytest.mark.parametrize("name", ["model.bin", "cc.en.300.bin"])
def test_formats_that_have_the_extension(tmp_path: Path, name: str) -> None:
    """Word vectors and models of trees are called `.bin` by their own programs."""
    put(tmp_path, name, b"2 2\n" + b"".join(word + bytes(range(1, 9)) + b"\n" for word in (b"a ", b"b ")))
    assert "artifact.malformed" not in audited(tmp_path).rules
    put(tmp_path, name, b"CBM1" + struct.pack("<I", 8) + bytes(range(8)))
    assert "artifact.malformed" not in audited(tmp_path).rules


@pytest.mark.parametrize("name", ["checkpoint.pt", "best.bin", "x.pkl", "x.joblib", "rng_state_0.pth"])
def test_text_in_place_of_weights(tmp_path: Path, name: str) -> None:
    """Text under the names that training runs and libraries give to pickles."""
    put(tmp_path, name, "hello\n")
    assert audited(tmp_path).rules == {"artifact.malformed"}


@pytest.mark.parametrize("name", ["test.en-pt.pt", "vocab.pt", "dict.bin", "labels.dat"])
def test_text_that_is_text(tmp_path: Path, name: str) -> None:
    """Portuguese, and files of words."""
    put(tmp_path, name, "ola\n")
    assert audited(tmp_path).rules == set()
