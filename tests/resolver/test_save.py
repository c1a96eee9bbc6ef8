"""Writing: plain names in one folder, whole files, and no link is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safeload.errors import UsageError
from safeload.resolver.save import write_files

if TYPE_CHECKING:
    from pathlib import Path


def test_files_are_written(tmp_path: Path) -> None:
    """The folder is made, and nothing but the files is left in it."""
    paths = write_files(tmp_path / "a" / "b", {"x.json": b"{}", "y": b""})
    assert [path.rsplit("/", 1)[1] for path in paths] == ["x.json", "y"]
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == ["x.json", "y"]
    assert (tmp_path / "a" / "b" / "x.json").read_bytes() == b"{}"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "a\0b",
        "/etc/x",
        "additional_chat_templates/../x",
        "../additional_chat_templates/x",
        "additional_chat_templates/",
    ],
)
def test_names_that_leave_the_folder(tmp_path: Path, name: str) -> None:
    """Refused before anything is written."""
    with pytest.raises(UsageError, match="plain file name"):
        write_files(tmp_path / "out", {"fine": b"", name: b""})
    assert not (tmp_path / "out").exists()


def test_the_folder_of_chat_templates(tmp_path: Path) -> None:
    """The one folder inside: made, and not followed where it is a link."""
    out = tmp_path / "out"
    write_files(out, {"additional_chat_templates/rag.jinja": b"x"})
    assert (out / "additional_chat_templates" / "rag.jinja").read_bytes() == b"x"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "additional_chat_templates").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is a link"):
        write_files(tmp_path / "second", {"additional_chat_templates/rag.jinja": b"x"})
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_link_is_replaced(tmp_path: Path) -> None:
    """What the link points to stays as it is."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"keep")
    out = tmp_path / "out"
    out.mkdir()
    (out / "tokenizer.json").symlink_to(victim)
    write_files(out, {"tokenizer.json": b"new"})
    assert victim.read_bytes() == b"keep"
    assert (out / "tokenizer.json").read_bytes() == b"new"


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    """One clear error."""
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot save"):
        write_files(tmp_path / "out", {"x": b""})
