"""Small files in folders that others may write to: whole, through no link, and no waiting at a pipe."""

from __future__ import annotations

import os

import pytest

from safeload.sources import commit_cache
from safeload.sources.whole_files import read_regular, write_whole


def test_written_and_read(tmp_path):
    """Folders are made, what was there is replaced, and nothing else is left."""
    path = str(tmp_path / "a" / "b")
    for data in (b"one", b"two"):
        write_whole(path, data)
        assert read_regular(path, 100) == data
    assert read_regular(path, 2) == b"tw"
    assert [each.name for each in (tmp_path / "a").iterdir()] == ["b"]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    """What it leads to is somebody else's."""
    (tmp_path / "theirs").write_bytes(b"precious")
    (tmp_path / "link").symlink_to("theirs")
    write_whole(str(tmp_path / "link"), b"ours")
    assert (tmp_path / "theirs").read_bytes() == b"precious"
    assert not (tmp_path / "link").is_symlink()


def test_the_name_in_the_making_is_new_each_time(tmp_path, monkeypatch):
    """So that nobody can lay a link there beforehand."""
    seen = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda part, path: (seen.append(part), replace(part, path)))
    for _ in range(2):
        write_whole(str(tmp_path / "file"), b"x")
    assert len(set(seen)) == 2
    assert not any(str(os.getpid()) == part.split(".")[-2] for part in seen)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file(tmp_path, make):
    """A pipe would keep a reader waiting for ever."""
    make(tmp_path / "it")
    with pytest.raises(OSError, match=r"no regular file|directory"):
        read_regular(str(tmp_path / "it"), 100)


def test_a_pipe_in_place_of_a_kept_commit(tmp_path, monkeypatch):
    """Is as good as none."""
    from safeload.limits import DEFAULT_LIMITS

    monkeypatch.setenv("SAFELOAD_CACHE", str(tmp_path))
    folder = tmp_path / "commits" / "acme--bert"
    folder.mkdir(parents=True)
    os.mkfifo(folder / f"{'a' * 40}.bundle")
    assert commit_cache.kept("acme/bert", "a" * 40, DEFAULT_LIMITS) is None
