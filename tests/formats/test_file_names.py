"""formats.file_names: names that a file system or a person takes for others."""

from __future__ import annotations

import pytest

from safeload.formats.file_names import folded, strangeness


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Config.json", "config.JSON"), ("\u00e9.json", "e\u0301.json"), ("STRASSE", "stra\u00dfe"),
        ("config.json.", "config.json"), ("config.json ", "config.json"), ("a. /b", "a/b"),
        ("\ufb01le", "file"),
        ("\u212bngstr\u00f6m", "\u00e5ngstr\u00f6m"),
    ],
)  # fmt: skip
def test_folded(first: str, second: str) -> None:
    """Case, composition, and what Windows drops at the end."""
    assert folded(first) == folded(second)


def test_what_stays_apart() -> None:
    """A letter of another script is another letter to every file system."""
    assert folded("mod\u0435l") != folded("model")
    assert folded(".gitignore") == ".gitignore"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("mod\u0435l.safetensors", "model.safetensors"),
        ("\uff4dodel.safetensors", "model.safetensors"),
        ("t\u03bfkenizer.json", "tokenizer.json"),
        ("model\u200b.safetensors", "model.safetensors"),
        ("con\u200dfig.json", "config.json"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\u2066b.json", "ab.json"),
        ("mod\u0435ling_x.py", "modeling_x.py"),
        ("model\u2013x.safetensors", "model-x.safetensors"),
        ("config.json.", "config.json"),
        ("config.json ", "config.json"),
        ("config.json:x", "config.json"),
        ("nul.json", "nul.json"),
        ("a/COM1", "a/COM1"),
        ("a\\b", "a/b"),
        ("a\nb", "ab"),
        ("a\x9bb", "ab"),
    ],
)
def test_strange(name: str, other: str) -> None:
    """What the name passes for is said."""
    found = strangeness(name)
    assert found is not None
    assert found[0] == other


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors", "\u043c\u043e\u0434\u0435\u043b\u044c.bin",
        "\u043c\u043e\u0434\u0435\u043b\u044cv2.bin",
        "\u03b2-vae.json", "5\u00b5m.json", "\u56fe\u7247 1.png", "caf\u00e9.md",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.txt",
        "runs/Jun12_10:30:00/events", "a b.txt", ".gitattributes", "console.json", "a..b",
        "emoji\U0001f469\u200d\U0001f469.png",
    ],
)  # fmt: skip
def test_ordinary(name: str) -> None:
    """Names in any script, times in names of folders, joined emoji."""
    assert strangeness(name) is None
