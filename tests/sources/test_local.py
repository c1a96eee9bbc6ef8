"""The local source: what it opens, and what it refuses to open."""

from __future__ import annotations

import os
import socket

import pytest

from safeload.core import Role
from safeload.errors import UsageError
from safeload.limits import Limits
from safeload.sources.blobs import FileBlob
from safeload.sources.local import LocalSource, _entry

COMMIT = "0123456789abcdef0123456789abcdef01234567"
XET = "ab" * 32


def listing(source):
    return {entry.path: entry.role for entry in source.manifest.entries}


def problems(source):
    return {
        fact.location.artifact: fact.data["problem"] for fact in source.facts if fact.kind == "artifact.link"
    }


def test_lists_every_file_with_its_role(tmp_path):
    """Files of all folders are listed in order, and only root files have a role."""
    (tmp_path / "1_Pooling").mkdir()
    for name in ("config.json", "model.safetensors", "vocab.txt", "README.md", "1_Pooling/config.json"):
        (tmp_path / name).write_bytes(b"x")
    source = LocalSource(tmp_path, Limits())
    assert listing(source) == {
        "1_Pooling/config.json": Role.OTHER,
        "README.md": Role.OTHER,
        "config.json": Role.CONFIG,
        "model.safetensors": Role.WEIGHTS,
        "vocab.txt": Role.TOKENIZER,
    }
    assert source.manifest.uri == f"file:{tmp_path}"


def test_one_file_is_a_source(tmp_path):
    """A single file is listed under its own name."""
    (tmp_path / "model.bin").write_bytes(b"x")
    assert list(listing(LocalSource(tmp_path / "model.bin", Limits()))) == ["model.bin"]


@pytest.mark.parametrize("name", ["missing", "nul\0byte"])
def test_what_is_not_there_is_a_usage_error(tmp_path, name):
    """A missing path is the caller's mistake, in one line."""
    with pytest.raises(UsageError):
        LocalSource(f"{tmp_path}/{name}", Limits())


def test_git_store_is_named_and_left_out(tmp_path):
    """`.git` in the root is no part of the snapshot, and the manifest says so; deeper it is a name."""
    for name in (".git", "sub/.git"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config").write_bytes(b"x")
    source = LocalSource(tmp_path, Limits())
    assert list(listing(source)) == ["sub/.git/config"]
    assert source.manifest.excluded == (".git",)


def test_links_inside_the_folder_are_followed(tmp_path):
    """A link to another regular file of the same folder is that file."""
    (tmp_path / "real.bin").write_bytes(b"x")
    (tmp_path / "link.bin").symlink_to("real.bin")
    source = LocalSource(tmp_path, Limits())
    assert source.blobs["link.bin"].content() == b"x"
    assert not source.facts


@pytest.mark.parametrize("target", ["../secret", "/etc/hostname", "sub/../../secret", "loop"])
def test_links_that_leave_are_refused_and_not_opened(tmp_path, target):
    """A link out of the folder, relative, absolute or by detour, is a fact; nothing is read through it."""
    (tmp_path / "secret").write_bytes(b"top secret")
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "loop").symlink_to("loop")
    (folder / "weights.bin").symlink_to(target)
    source = LocalSource(folder, Limits())
    assert problems(source)["weights.bin"] == "escape"
    assert "weights.bin" in source.broken
    assert not source.blobs


def test_a_link_to_a_folder_is_refused(tmp_path):
    """Folders are never entered through a link."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x").write_bytes(b"x")
    (tmp_path / "link").symlink_to("sub")
    assert problems(LocalSource(tmp_path, Limits())) == {"link": "special"}


def test_special_files_are_refused(tmp_path):
    """Named pipes and sockets are facts; opening one would block or connect."""
    os.mkfifo(tmp_path / "pipe.bin")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "sock.bin"))
        source = LocalSource(tmp_path, Limits())
    assert problems(source) == {"pipe.bin": "special", "sock.bin": "special"}


@pytest.mark.parametrize(
    ("first", "second"),
    [("Model.bin", "model.BIN"), ("caf\u00e9.json", "cafe\u0301.json"), ("stra\u00dfe", "STRASSE")],
)
def test_colliding_names_are_stated(tmp_path, first, second):
    """Names that a case-folding or normalising file system takes for one are a fact."""
    (tmp_path / first).write_bytes(b"1")
    (tmp_path / second).write_bytes(b"2")
    facts = [fact for fact in LocalSource(tmp_path, Limits()).facts if fact.kind == "artifact.collision"]
    assert [sorted(fact.data["names"]) for fact in facts] == [sorted([first, second])]


def test_names_that_are_not_utf8_are_refused(tmp_path):
    """A name that cannot be written in a report is a fact, not an exception."""
    (tmp_path / os.fsdecode(b"bad\xff.bin")).write_bytes(b"x")
    assert problems(LocalSource(tmp_path, Limits())) == {"bad\\udcff.bin": "name"}


def hub_cache(root):
    """A Hub cache with one snapshot, as huggingface_hub 2.x lays it out."""
    snapshot = root / "models--acme--bert" / "snapshots" / COMMIT
    blobs = root / "models--acme--bert" / "blobs"
    shared = root / "blobs" / "ab"
    for folder in (snapshot, blobs, shared):
        folder.mkdir(parents=True)
    (blobs / "c0ffee").write_bytes(b"config")
    (snapshot / "config.json").symlink_to("../../blobs/c0ffee")
    (shared / XET).write_bytes(b"weights")
    (blobs / XET).symlink_to(f"../../blobs/ab/{XET}")
    (snapshot / "model.safetensors").symlink_to(f"../../blobs/{XET}")
    return snapshot


def test_hub_cache_one_and_two_hops(tmp_path):
    """Links to the repository's blobs, and on to the cache-wide blobs, are followed."""
    source = LocalSource(hub_cache(tmp_path), Limits())
    assert source.blobs["config.json"].content() == b"config"
    assert source.blobs["model.safetensors"].content() == b"weights"
    assert not source.facts


@pytest.mark.parametrize(
    "target",
    [
        "../../../../secret",  # out of the cache
        "../../refs/main",  # inside the repository, but no blob
        "../../../models--evil--x/blobs/c0ffee",  # another repository
        "../../../blobs/ab/" + XET,  # the cache-wide store in one hop
        "config.json",  # inside the snapshot, which the Hub client never writes
    ],
)
def test_hub_cache_links_elsewhere_are_refused(tmp_path, target):
    """In a Hub cache a snapshot entry may only name a blob of its own repository."""
    cache = tmp_path / "cache"
    snapshot = hub_cache(cache)
    (tmp_path / "secret").write_bytes(b"secret")
    other = cache / "models--evil--x" / "blobs"
    other.mkdir(parents=True)
    (other / "c0ffee").write_bytes(b"evil")
    refs = cache / "models--acme--bert" / "refs"
    refs.mkdir()
    (refs / "main").write_bytes(b"x")
    (snapshot / "pytorch_model.bin").symlink_to(target)
    source = LocalSource(snapshot, Limits())
    assert problems(source) == {"pytorch_model.bin": "escape"}


def test_hub_cache_three_hops_are_refused(tmp_path):
    """The cache-wide blob must be a regular file."""
    snapshot = hub_cache(tmp_path)
    shared = tmp_path / "blobs" / "ab" / XET
    shared.unlink()
    shared.symlink_to("../../models--acme--bert/blobs/c0ffee")
    assert problems(LocalSource(snapshot, Limits())) == {"model.safetensors": "escape"}


def test_large_files_stay_on_disk_and_open(tmp_path):
    """A file over the small limit is held by descriptor: replacing the name changes nothing."""
    (tmp_path / "model.safetensors").write_bytes(b"a" * 100)
    source = LocalSource(tmp_path, Limits(small_file_bytes=10))
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors").write_bytes(b"b" * 100)
    assert isinstance(source.blobs["model.safetensors"], FileBlob)
    assert source.blobs["model.safetensors"].read(0, 100) == b"a" * 100


def test_unreadable_files_are_broken_not_absent(tmp_path, monkeypatch):
    """A file that cannot be opened is listed with the reason."""
    (tmp_path / "x.bin").write_bytes(b"x")
    real = os.open

    def refuse(path, flags, *args, **kwargs):
        if path == "x.bin":
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    source = LocalSource(tmp_path, Limits())
    assert list(listing(source)) == ["x.bin"]
    assert source.broken["x.bin"].detail == "could not be opened: permission denied"


def test_too_many_files_is_said(tmp_path):
    """A folder over the file limit is a usage error, before everything is opened."""
    for number in range(5):
        (tmp_path / str(number)).touch()
    with pytest.raises(UsageError, match="more than 3 files"):
        LocalSource(tmp_path, Limits(files=3))


def test_what_goes_while_the_folder_is_listed_is_said(tmp_path, monkeypatch):
    """A file that vanishes between listing and opening is a file that was not read, not an exception."""
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_bytes(b"x")
    take = LocalSource._take

    def take_and_remove(self, name, size, target, **rest):
        (tmp_path / "b.txt").unlink(missing_ok=True)
        take(self, name, size, target, **rest)

    monkeypatch.setattr(LocalSource, "_take", take_and_remove)
    source = LocalSource(tmp_path, Limits())
    assert list(listing(source)) == ["a.txt", "b.txt"]
    assert list(source.broken) == ["b.txt"]


def test_a_name_without_a_file_has_no_mode(tmp_path):
    """Gone between two calls of one listing: the name is kept, and nothing is known about it."""
    (tmp_path / "a.txt").write_bytes(b"x")
    with os.scandir(tmp_path) as entries:
        (entry,) = entries
        (tmp_path / "a.txt").unlink()
        assert _entry(entry) == ("a.txt", 0, 0)


def test_a_folder_that_becomes_a_link_is_not_followed(tmp_path, monkeypatch):
    """Not even the names of a folder outside are read."""
    inside, outside = tmp_path / "model", tmp_path / "outside"
    (inside / "sub").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.txt").write_bytes(b"x")
    (inside / "a.txt").write_bytes(b"x")
    take = LocalSource._take

    def take_and_swap(self, name, size, target, **rest):
        (inside / "sub").rmdir()
        (inside / "sub").symlink_to(outside)
        take(self, name, size, target, **rest)

    monkeypatch.setattr(LocalSource, "_take", take_and_swap)
    source = LocalSource(inside, Limits())
    assert list(listing(source)) == ["a.txt", "sub"]
    assert list(source.broken) == ["sub"]


def test_one_file_of_the_hub_cache_keeps_its_name(tmp_path):
    """The blob behind the link has a digest for a name, which says nothing about what it claims to be."""
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / XET).write_bytes(b"x")
    (tmp_path / "vocab.txt").symlink_to(f"blobs/{XET}")
    source = LocalSource(tmp_path / "vocab.txt", Limits())
    assert listing(source) == {"vocab.txt": Role.TOKENIZER}
    assert source.manifest.uri == f"file:{tmp_path}/blobs/{XET}"


def test_a_collision_is_stated_for_the_name_that_loads(tmp_path):
    """`Config.json` beside `config.json` is about config.json: outside the scope of a load it would warn."""
    for name in ("Config.json", "config.json"):
        (tmp_path / name).write_bytes(b"{}")
    source = LocalSource(tmp_path, Limits())
    (fact,) = source.facts
    assert (fact.kind, fact.location.artifact) == ("artifact.collision", "config.json")
