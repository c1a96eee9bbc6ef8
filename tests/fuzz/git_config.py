"""Any text gives settings or a FormatError; every setting's text stands in the file."""

from __future__ import annotations

from safeload.errors import FormatError
from safeload.formats.git_config import attribute_filters, parse_git_config


def seeds() -> list[bytes]:
    """Configurations, attributes, and lines that go on."""
    return [
        b'[core]\n\tbare = true\n\tfsmonitor = "x"\n[submodule "a"]\n\turl = ext::x\n',
        b"[diff.x]\ntextconv = a\\\n b\n# c\n[a] b = c\r\n",
        b"*.bin filter=lfs diff=lfs merge=lfs -text\n*.x filter=other\n",
    ]


def read(data: bytes) -> object:
    """Settings and filters."""
    text = data.decode("utf-8", "replace")
    try:
        return parse_git_config(text), attribute_filters(text)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """Nothing is made up."""
    if isinstance(result, FormatError):
        return
    assert isinstance(result, tuple)
    settings, filters = result
    text = data.decode("utf-8", "replace").replace("\\\n", "").replace("\\\r\n", "")
    for setting in settings:
        assert setting.key in text.lower()
    assert all(name in data.decode("utf-8", "replace") for name in filters)


def deep(result: object) -> bool:
    """Whether there is a setting or a filter."""
    return isinstance(result, tuple) and bool(result[0] or result[1])
