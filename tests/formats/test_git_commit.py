"""Commits: one reading only, and the payload is byte for byte what was signed."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.formats.git_commit import parse_commit
from safeload.formats.git_errors import (
    CommitHasNul,
    CommitHeaderBroken,
    CommitNotSeparated,
    ObjectTooLarge,
)
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.git import git, repository, write_object

ID = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
WHO = "Ann <ann@acme.example> 1700000000 +0100"
SIGNATURE = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n aGk=\n -----END PGP SIGNATURE-----\n"


def raw(*more: str, tree=f"tree {ID}\n", author=f"author {WHO}\n", committer=f"committer {WHO}\n") -> bytes:
    """A commit with further headers."""
    return (tree + author + committer + "".join(more) + "\nmessage\n").encode("utf-8", "surrogateescape")


def parse(data: bytes):
    return parse_commit(data, DEFAULT_LIMITS)


def test_a_commit_is_read_whole():
    """Every field, with several parents and a merged tag whose own signature stays in the payload."""
    merged = f"mergetag object {ID}\n type commit\n tag v1\n \n gpgsig is text here\n"
    data = raw(
        "encoding latin-1\n",
        merged,
        SIGNATURE,
        author=f"parent {'1' * 40}\nparent {'2' * 40}\nauthor Ünal  <> 0 -0000\n",
    )
    commit = parse(data)
    assert (commit.tree, commit.parents) == (ID, ("1" * 40, "2" * 40))
    assert (commit.author.name, commit.author.email, commit.author.time) == ("Ünal ", "", 0)
    assert (commit.committer.email, commit.committer.zone) == ("ann@acme.example", "+0100")
    assert (commit.encoding, commit.mergetags, commit.message) == ("latin-1", 1, b"message\n")
    assert commit.signature == b"-----BEGIN PGP SIGNATURE-----\n\naGk=\n-----END PGP SIGNATURE-----"
    assert commit.payload == data.replace(SIGNATURE.encode(), b"")
    assert merged.encode() in commit.payload


def test_a_commit_without_signature_is_its_own_payload():
    """And the id of the commit of a real repository is the digest of what was read."""
    assert parse(raw()).payload == raw()
    assert parse(raw()).signature is None


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", CommitNotSeparated),
        (b"tree", CommitNotSeparated),
        (raw()[:-9], CommitNotSeparated),
        (b"\n\nmessage", CommitHeaderBroken),
        (raw() + b"\0", CommitHasNul),
        (raw().replace(b"acme", b"ac\0e"), CommitHasNul),
        (raw().replace(b"author ", b"author \r"), CommitHeaderBroken),
        (raw(tree=""), CommitHeaderBroken),
        (raw(author=""), CommitHeaderBroken),
        (raw(committer=""), CommitHeaderBroken),
        (raw(tree=f"tree {ID}\ntree {'1' * 40}\n"), CommitHeaderBroken),
        (raw(author=f"author {WHO}\nauthor {WHO}\n"), CommitHeaderBroken),
        (raw(author=f"committer {WHO}\n", committer=f"author {WHO}\n"), CommitHeaderBroken),
        (raw(f"parent {ID}\n"), CommitHeaderBroken),
        (raw(f"tree {ID}\n"), CommitHeaderBroken),
        (raw(tree=f"tree {ID.upper()}\n"), CommitHeaderBroken),
        (raw(tree=f"tree {ID[:39]}\n"), CommitHeaderBroken),
        (raw(tree=f"tree {'a' * 64}\n"), CommitHeaderBroken),
        (raw(tree=f"tree {ID} \n"), CommitHeaderBroken),
        (raw(tree=f"tree {ID}\n x\n"), CommitHeaderBroken),
        (raw(tree=f" {ID}\n"), CommitHeaderBroken),
        (raw(tree=f"tree\t{ID}\n"), CommitHeaderBroken),
        (raw(SIGNATURE, SIGNATURE), CommitHeaderBroken),
        (raw("encoding a\n", "encoding b\n"), CommitHeaderBroken),
        (raw(SIGNATURE.replace("gpgsig", "gpgsig-sha256")), CommitHeaderBroken),
        (raw("HG:extra x\n"), CommitHeaderBroken),
        (raw("Gpgsig x\n"), CommitHeaderBroken),
        (raw("encoding\n"), CommitHeaderBroken),
        (raw("encoding a\n b\n"), CommitHeaderBroken),
        (raw(author="author Ann ann@acme.example 1700000000 +0100\n"), CommitHeaderBroken),
        (raw(author="author Ann <a> <b> 1 +0000\n"), CommitHeaderBroken),
        (raw(author="author Ann<a> 1 +0000\n"), CommitHeaderBroken),
        (raw(author="author Ann <a> 01 +0000\n"), CommitHeaderBroken),
        (raw(author="author Ann <a> -1 +0000\n"), CommitHeaderBroken),
        (raw(author="author Ann <a> 1 0000\n"), CommitHeaderBroken),
        (raw(author="author Ann <a> 1 +0000 \n"), CommitHeaderBroken),
        (raw(author=f"author {WHO}\n x\n"), CommitHeaderBroken),
    ],
)
def test_anything_else_is_no_commit(data, error):
    """Doubled, missing, misplaced and unknown headers; NUL; forms that git would repair or overlook."""
    with pytest.raises(error):
        parse(data)


def test_the_budget_is_checked_first():
    """A commit of a megabyte of text is not searched."""
    with pytest.raises(ObjectTooLarge):
        parse_commit(raw(), replace(DEFAULT_LIMITS, git_commit_bytes=10))


def test_commits_of_git_are_read(tmp_path):
    """Plain, with an encoding and as a merge, as the real git writes them."""
    first = repository(tmp_path, {"a": b"1"})
    git(tmp_path, "checkout", "-q", "-b", "side")
    git(tmp_path, "-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-m", "side")
    git(tmp_path, "checkout", "-q", "main")
    git(tmp_path, "merge", "-q", "--no-ff", "-m", "both", "side")
    merge = parse(git(tmp_path, "cat-file", "commit", "HEAD"))
    side = parse(git(tmp_path, "cat-file", "commit", "side"))
    assert (merge.parents[0], side.parents, side.encoding) == (first, (first,), "ISO-8859-1")
    assert merge.tree == git(tmp_path, "rev-parse", "HEAD^{tree}").decode().strip()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A repository whose only use is that git judges objects in it."""
    folder = tmp_path_factory.mktemp("store")
    repository(folder, {"a": b"1"})
    write_object(folder, "tree", b"")
    return folder


EDITS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.sampled_from([b"", b"\n", b" ", b"\0", b"x", b"tree ", b"gpgsig x\n", b"<", b"parent "]),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=30, deadline=None)
@given(edits=EDITS)
def test_what_we_accept_git_accepts(store, edits):
    """Differential: git reads the same tree, and `git fsck` finds no error."""
    data = raw(SIGNATURE)
    for place, new in edits:
        at = place % len(data)
        data = data[:at] + new + data[at + (not new) :]
    try:
        commit = parse(data)
    except FormatError:
        return
    name = write_object(store, "commit", data)
    # what is at fault with the objects that it names is another matter
    write_object(store, "tree", b"")
    shown = git(store, "cat-file", "-p", name)
    assert shown == data
    if commit.tree == ID and not commit.parents:
        git(store, "rev-parse", f"{name}^{{tree}}")
        ran = subprocess.run(
            ["git", "hash-object", "-t", "commit", "--stdin"],
            cwd=store, input=data, capture_output=True, check=False,
        )  # fmt: skip
        assert (ran.returncode, ran.stdout.decode().strip()) == (0, name), ran.stderr
