"""formats.git_config: settings as git reads them."""

from __future__ import annotations

import pytest

from safeload.formats.git_config import MOST_SETTINGS, TooManySettings, attribute_filters, parse_git_config


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("[core]\n\tbare = true\n", [("core", "", "bare", "true")]),
        ('[submodule "a b"]\nurl=x\n', [("submodule", "a b", "url", "x")]),
        ("[Core] FSMonitor = x\n", [("core", "", "fsmonitor", "x")]),
        ("[diff.x]\ntextconv = y\n", [("diff", "x", "textconv", "y")]),
        ("[core]\nx = a\\\n b\n", [("core", "", "x", "a b")]),
        ("[core]\nbare\n", [("core", "", "bare", "")]),
        ("[core]\n# x = y\n; x = y\n", []),
        ("no section = x\n", []),
        ("[a]\r\nb = c\r\n", [("a", "", "b", "c")]),
        ("[core]\nx = a\\", [("core", "", "x", "a")]),
    ],
)
def test_settings(text: str, settings: list[tuple[str, str, str, str]]) -> None:
    """Sections, sub-sections, continued lines, comments."""
    assert [tuple(setting) for setting in parse_git_config(text)] == settings


def test_too_many() -> None:
    """The number of settings is bounded."""
    with pytest.raises(TooManySettings):
        parse_git_config("[a]\n" + "b = c\n" * (MOST_SETTINGS + 1))
    with pytest.raises(TooManySettings):
        attribute_filters("\n".join(f"* filter=f{index}" for index in range(MOST_SETTINGS + 2)))


def test_filters() -> None:
    """Each filter once; other attributes are none."""
    text = "*.bin filter=lfs diff=lfs -text\n*.x filter=other\n*.y -filter\n*.z filter=\n# filter=a b\n"
    assert attribute_filters(text) == ("lfs", "other")
