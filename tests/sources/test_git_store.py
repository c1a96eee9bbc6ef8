"""git's own store of a clone, read without git and without leaving the folder."""

from __future__ import annotations

import os
import shutil

import pytest

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.git_errors import ObjectMissing, PackTooLarge
from safeload.formats.git_objects import object_id
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from safeload.sources.git_store import GitStore, NoCommit, StoreUnreadable
from tests.forge.git import commit, git, repository


@pytest.fixture
def clone(tmp_path):
    """A repository of two commits."""
    folder = tmp_path / "clone"
    repository(folder, {"a": b"1", "sub/b": b"2"})
    commit(folder, {"a": b"3"})
    return folder


def opened(folder, **limits):
    return GitStore(str(folder), replace(DEFAULT_LIMITS, **limits))


def ids(folder):
    listed = git(folder, "cat-file", "--batch-all-objects", "--batch-check").decode().split("\n")
    return {line.split()[0]: line.split()[1] for line in listed if line}


def head(folder):
    return git(folder, "rev-parse", "HEAD").decode().strip()


def test_every_object_of_a_clone(clone):
    """Differential: loose, packed, in two packs, and both; each has the digest of its name."""
    expected = ids(clone)
    git(clone, "repack", "-q", "-a", "-d")
    commit(clone, {"c": b"4"})
    git(clone, "repack", "-q", "-d")
    commit(clone, {"d": b"5"})
    expected = ids(clone)
    store = opened(clone)
    for name, kind in expected.items():
        found = store.read(name)
        assert (found.kind, object_id(kind, found.raw)) == (kind, name)
    with pytest.raises(ObjectMissing):
        store.read("0" * 40)
    store.close()
    store.close()


def test_head_of_a_branch(clone):
    """In its own file, packed, and by its id."""
    name = head(clone)
    assert opened(clone).head() == (name, "main")
    git(clone, "pack-refs", "--all")
    assert not (clone / ".git" / "refs" / "heads" / "main").exists()
    assert opened(clone).head() == (name, "main")
    git(clone, "checkout", "-q", "-b", "team/next")
    assert opened(clone).head() == (name, "team/next")
    git(clone, "checkout", "-q", "--detach")
    assert opened(clone).head() == (name, None)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"\n", b"abc\n", b"ref: \n", b"ref: refs/heads/\n", b"ref: refs/heads/none\n",
        b"ref: refs/tags/v1\n", b"ref: refs/heads/../../config\n",
        b"ref: refs/heads/../../../../etc/passwd\n",
        b"ref: /etc/passwd\n", b"refs/heads/main\n", b"ref: refs/heads/a//b\n", b"ref: refs/heads/.x\n",
        b"ref: refs/heads/a\0b\n", b"\xff\xfe\n", b"ref: refs/heads/main\n\n", b"A" * 40, b"a" * 64,
        b"a" * 9000,
        b"ref: refs/heads/.invalid\n",
    ],
)  # fmt: skip
def test_a_head_that_leads_nowhere(clone, text):
    """Short ids, other namespaces, paths that lead out, SHA-256, and the stub that reftables leave."""
    (clone / ".git" / "HEAD").write_bytes(text)
    with pytest.raises((NoCommit, StoreUnreadable)):
        opened(clone).head()


@pytest.mark.parametrize("text", [b"", b"ref: refs/heads/other\n", b"abc\n", b"A" * 40, b"1" * 40 + b"x"])
def test_a_branch_that_names_no_commit(clone, text):
    """One step and no more: a branch holds an id."""
    (clone / ".git" / "refs" / "heads" / "main").write_bytes(text)
    with pytest.raises(NoCommit):
        opened(clone).head()


def test_no_store_at_all(tmp_path):
    """Nothing there, a linked work tree, an empty folder: no commit."""
    with pytest.raises(NoCommit):
        opened(tmp_path).head()
    (tmp_path / ".git").write_text("gitdir: /elsewhere\n")
    with pytest.raises(NoCommit):
        opened(tmp_path).head()
    with pytest.raises(ObjectMissing):
        opened(tmp_path).read("1" * 40)


@pytest.mark.parametrize("what", [".git", ".git/HEAD", ".git/refs", ".git/objects", ".git/objects/pack"])
def test_links_are_not_followed(clone, tmp_path, what):
    """Not even to a store that is whole: what lies elsewhere was not given to be judged."""
    git(clone, "repack", "-q", "-a", "-d")
    name = head(clone)
    elsewhere = tmp_path / "elsewhere"
    shutil.move(clone / what, elsewhere)
    (clone / what).symlink_to(elsewhere)
    store = opened(clone)

    def both():
        store.head()
        store.read(name)

    with pytest.raises(FormatError):
        both()


def test_what_is_no_regular_file(clone):
    """A pipe does not block, and a folder is no object."""
    (clone / ".git" / "HEAD").unlink()
    os.mkfifo(clone / ".git" / "HEAD")
    with pytest.raises(StoreUnreadable):
        opened(clone).head()
    place = clone / ".git" / "objects" / "11"
    place.mkdir()
    (place / ("1" * 38)).mkdir()
    with pytest.raises(FormatError):
        opened(clone).read("1" * 40)


def test_alternates_and_replacements_are_not_followed(clone, tmp_path):
    """Objects that lie elsewhere are missing, and an object is never another one."""
    other = tmp_path / "other"
    elsewhere = repository(other, {"x": b"9"})
    info = clone / ".git" / "objects" / "info"
    info.mkdir(exist_ok=True)
    (info / "alternates").write_text(f"{other}/.git/objects\n")
    git(clone, "cat-file", "-e", elsewhere)
    with pytest.raises(ObjectMissing):
        opened(clone).read(elsewhere)
    first = git(clone, "rev-parse", "HEAD~1").decode().strip()
    name = head(clone)
    real = git(clone, "--no-replace-objects", "cat-file", "commit", name)
    git(clone, "replace", name, first)
    assert git(clone, "cat-file", "commit", name) != real
    assert opened(clone).read(name).raw == real


def test_a_shallow_clone_has_its_commit(clone, tmp_path):
    """Parents are not needed."""
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{clone}", "shallow")
    store = opened(tmp_path / "shallow")
    assert store.read(store.head().commit).kind == "commit"


def test_broken_stores(clone):
    """An index without its pack is passed over; a broken index, a cut pack and a bomb are errors."""
    git(clone, "repack", "-q", "-a", "-d")
    name = head(clone)
    (pack,) = (clone / ".git" / "objects" / "pack").glob("*.pack")
    whole, index = pack.read_bytes(), pack.with_suffix(".idx").read_bytes()
    pack.chmod(0o600)
    pack.with_suffix(".idx").chmod(0o600)
    pack.write_bytes(whole[:40])
    with pytest.raises(FormatError):
        opened(clone).read(name)
    pack.unlink()
    with pytest.raises(ObjectMissing):
        opened(clone).read(name)
    pack.write_bytes(whole)
    pack.with_suffix(".idx").write_bytes(index[:900])
    with pytest.raises(FormatError):
        opened(clone).read(name)


def test_budgets(clone):
    """Packs, and what all objects of one store may grow to."""
    store, names = opened(clone, git_inflated_bytes=300), ids(clone)
    with pytest.raises(LimitExceeded):
        list(map(store.read, names))
    git(clone, "repack", "-q", "-a", "-d")
    with pytest.raises(PackTooLarge):
        opened(clone, git_packs=0).read("0" * 40)
    with pytest.raises(LimitExceeded):
        opened(clone, git_object_bytes=10).read(head(clone))


def test_nothing_but_the_store_is_opened(clone, monkeypatch):
    """No configuration, hook, attribute or graft, of the clone or of the user."""
    import sys

    git(clone, "repack", "-q", "-a", "-d")
    seen, watching = [], True
    sys.addaudithook(lambda event, args: seen.append(args[0]) if watching and event == "open" else None)
    store = opened(clone)
    store.read(store.head().commit)
    watching = False
    names = {str(name) for name in seen if isinstance(name, str)}
    assert not {name for name in names if "config" in name or "info" in name or "hooks" in name}
    assert "HEAD" in names
