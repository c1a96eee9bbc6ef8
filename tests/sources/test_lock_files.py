"""Reading a lock file, and which of its entries a subject is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from safeload.errors import UsageError
from safeload.formats.lock_file_write import write_lock
from safeload.limits import DEFAULT_LIMITS
from safeload.sources.lock_files import Asked, asked_for, find, is_remote, keep_outside, read_lock, target_of
from tests.forge.locks import COMMIT, repository, subject


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project with a lock of a folder inside, one beside it, and a repository at two revisions."""
    project = tmp_path / "project"
    (project / "models" / "bert").mkdir(parents=True)
    (tmp_path / "shared").mkdir()
    entries = [
        subject("file:models/bert"),
        subject("file:../shared"),
        repository(),
        repository("acme/one", "v2"),
    ]
    (project / "safeload.lock").write_text(
        write_lock([*entries, repository(revision="dev", commit="2" * 40)])
    )
    monkeypatch.chdir(project)
    return project


@pytest.mark.parametrize(
    "given",
    [
        "models/bert",
        "./models/bert",
        "models/bert/",
        "models//bert",
        "models/../models/bert",
        Path("models/bert"),
    ],
)
def test_a_folder_has_one_name(home, given):
    """However it is spelt, from wherever it is asked for."""
    file = read_lock("safeload.lock")
    assert asked_for(given, file.folder) == Asked("file:models/bert", None)
    found = find(file, given)
    assert found is not None
    assert target_of(file, found) == home / "models" / "bert"


def test_the_working_directory_does_not_count(home, monkeypatch):
    """Paths in a lock are relative to the lock."""
    for place, lock, given in (
        (home / "models", "../safeload.lock", "bert"),
        (home.parent, "project/safeload.lock", "project/models/bert"),
        (home / "models" / "bert", home / "safeload.lock", "."),
        (home.parent / "shared", str(home / "safeload.lock"), home / "models" / "bert"),
    ):
        monkeypatch.chdir(place)
        found = find(read_lock(lock), given)
        assert found is not None
        assert found.uri == "file:models/bert"
    monkeypatch.chdir(home)
    assert find(read_lock("safeload.lock"), "../shared").uri == "file:../shared"


def test_links_on_the_way_and_at_the_end(home):
    """A link to the project leads to the same subject; a link of another name is another subject."""
    link = home.parent / "link"
    link.symlink_to(home, target_is_directory=True)
    file = read_lock(link / "safeload.lock")
    assert file.folder == str(home)
    assert find(file, link / "models" / "bert") is not None
    (home / "models" / "current").symlink_to("bert", target_is_directory=True)
    assert asked_for("models/current", file.folder).uri == "file:models/current"
    assert find(file, "models/current") is None


def test_a_folder_that_is_a_link_on_another_machine(home):
    """The models lie on a volume there: the entry still means the folder by that name."""
    (home / "models").rename(home.parent / "volume")
    (home / "models").symlink_to("../volume", target_is_directory=True)
    file = read_lock("safeload.lock")
    for given in ("models/bert", "../volume/bert", target_of(file, file.lock.subjects[1])):
        assert find(file, given).uri == "file:models/bert"
    assert find(file, "../volume") is None


def test_a_subject_that_is_gone_still_has_its_name(home):
    """So that it can be taken out of the lock."""
    (home / "models" / "bert").rmdir()
    file = read_lock("safeload.lock")
    assert find(file, Path("models/bert")).uri == find(file, "./models/bert").uri == "file:models/bert"
    # without a folder, this is the name of a repository
    assert find(file, "models/bert") is None


def test_repositories_by_name_and_revision(home):
    """The revision that was asked for, or its commit; without one, main or the only one."""
    file = read_lock("safeload.lock")
    for name, asked, held in (
        ("hf:acme/bert", None, "main"),
        ("acme/bert", None, "main"),
        ("hf:acme/bert@main", None, "main"),
        ("hf:acme/bert@dev", None, "dev"),
        ("acme/bert", "dev", "dev"),
        (f"hf:acme/bert@{'2' * 40}", None, "dev"),
        ("acme/bert", COMMIT, "main"),
        ("acme/one", None, "v2"),
        ("hf:acme/bert@dev", "main", "dev"),
    ):
        found = find(file, name, asked)
        assert (found.uri.rpartition("/")[2], found.revision) == (
            name.partition("@")[0].rpartition("/")[2],
            held,
        )
    assert find(file, "hf:acme/other") is None
    assert target_of(file, find(file, "acme/bert", "dev")) == f"hf:acme/bert@{'2' * 40}"


@pytest.mark.parametrize(
    ("name", "asked", "what"),
    [
        ("hf:acme/bert@v9", None, r"holds hf:acme/bert at dev \(safeload.lock:\d+\), main .*: and not at v9"),
        ("acme/one", "main", "holds hf:acme/one at v2 .*: and not at main"),
        ("acme/one", "3" * 40, "and not at 3333"),
    ],
)
def test_a_revision_that_contradicts(home, name, asked, what):
    """Is refused: neither the locked one nor the one that was asked for is what the caller wants."""
    with pytest.raises(UsageError, match=what):
        find(read_lock("safeload.lock"), name, asked)


def test_several_revisions_and_none_asked_for(home):
    """Nobody chooses for the user."""
    entries = [repository(revision="v1"), repository(revision="v2")]
    (home / "safeload.lock").write_text(write_lock(entries))
    with pytest.raises(UsageError, match="say at which"):
        find(read_lock("safeload.lock"), "acme/bert")


def test_a_folder_of_a_repositorys_name(home):
    """Is a folder, as for an audit; `hf:` names the repository all the same."""
    (home / "acme" / "bert").mkdir(parents=True)
    assert not is_remote("acme/bert")
    assert is_remote("hf:acme/bert")
    assert is_remote("acme/none")
    assert not is_remote(Path("acme/none"))
    assert not is_remote("a/b/c")
    assert find(read_lock("safeload.lock"), "acme/bert") is None


@pytest.mark.parametrize("place", ["models/bert/safeload.lock", "models/bert/sub/l", "models/bert"])
def test_a_lock_inside_of_what_it_holds(home, place):
    """Whoever wrote the checkpoint would state its digests."""
    with pytest.raises(UsageError, match="inside the audited path"):
        keep_outside(place, "models/bert")


def test_a_lock_by_a_link_inside(home):
    """The link is theirs, even if what it leads to is not."""
    (home / "models" / "bert" / "l").symlink_to(home / "safeload.lock")
    with pytest.raises(UsageError, match="inside the audited path"):
        read_lock("models/bert/l", audited="models/bert")
    assert read_lock("safeload.lock", audited="models/bert").lock.subjects


def test_what_is_no_lock(home, tmp_path):
    """Missing, a folder, no text, mistakes, too long, no path."""
    with pytest.raises(UsageError, match=r"there is no missing\.lock: `safeload lock SUBJECT` writes one"):
        read_lock("missing.lock")
    assert read_lock("missing.lock", new=True).lock.subjects == ()
    (home / "l").write_bytes(b"\xff")
    (home / "m").write_text("version = 2\n[[subject]]\n")
    for path, what in (
        ("models", "is a directory"),
        ("l", "not UTF-8"),
        ("m", "m:1: version = 1"),
        ("", "not the"),
    ):
        for new in (False, True):
            with pytest.raises(UsageError, match=what):
                read_lock(path, new=new)
    with (home / "large").open("wb") as file:
        os.truncate(file.fileno(), DEFAULT_LIMITS.lock_bytes + 1)
    with pytest.raises(UsageError, match="larger than"):
        read_lock("large")
