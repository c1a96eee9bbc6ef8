"""Trees: every path is the same plain file everywhere."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.formats.git_errors import (
    ObjectMismatch,
    ObjectMissing,
    TreeEntryBroken,
    TreeModeRefused,
    TreeNameRefused,
    TreeNamesCollide,
    TreeOrderWrong,
    TreeTooLarge,
)
from safeload.formats.git_objects import GitObject, ObjectTable, object_id
from safeload.formats.git_tree import parse_tree, walk_tree
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.git import git, repository, tree

BLOB = "1" * 40


def one(name: str, mode: str = "100644") -> bytes:
    """A tree with this entry alone."""
    return tree((mode, name, BLOB))


def parse(data: bytes):
    return parse_tree(data, DEFAULT_LIMITS)


def table(*trees: bytes) -> ObjectTable:
    """A store of trees."""
    return ObjectTable({object_id("tree", raw): GitObject("tree", raw) for raw in trees})


def test_a_tree_is_read():
    """Files, programs and folders, in git's order, which sorts a folder as if it ended in a slash."""
    entries = parse(
        tree(("100644", "a.txt", BLOB), ("40000", "a", BLOB), ("100755", "a0", BLOB), ("100644", "ü", BLOB))
    )
    assert [(entry.name, entry.folder) for entry in entries] == [
        ("a.txt", False), ("a", True), ("a0", False), ("ü", False),
    ]  # fmt: skip
    assert entries[0].id == BLOB
    assert parse(b"") == ()


@pytest.mark.parametrize(
    ("mode", "what"),
    [
        ("120000", "a symbolic link"),
        ("160000", "a submodule"),
        ("100664", "mode 100664"),
        ("100600", "mode 100600"),
        ("040000", "mode 040000"),
        ("0100644", "mode 0100644"),
        ("40755", "mode 40755"),
        ("", "mode "),
    ],
)
def test_only_plain_files_and_folders(mode, what):
    """Links and submodules name bytes that the tree does not hold; other modes git does not write."""
    with pytest.raises(TreeModeRefused, match=what):
        parse(one("a", mode))


@pytest.mark.parametrize(
    "name",
    [
        ".", "..", ".git", ".GIT", ".Git", "git~1", "GIT~1", ".git.", ".git ", ".git...", "git~1 ",
        ".g\u200cit", ".git\u200d", "\ufeff.git", "a/b", "a\\b", "a:b", ".git::$INDEX_ALLOCATION",
        "a\nb", "a\x1b[31m", "\x7f", "a\u2028b", "a\x85",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name):
    """Parents, separators, streams, control characters, and `.git` in every disguise that git guards."""
    with pytest.raises(TreeNameRefused):
        parse(one(name))


@pytest.mark.parametrize("name", [".gitattributes", ".gitignore", ".github", "git", "git~2", "x.git", "a b"])
def test_names_that_only_look_like_it_pass(name):
    """Repositories on the Hub have such files."""
    assert parse(one(name))[0].name == name


@pytest.mark.parametrize(
    "data",
    [
        b"1", b"100644", b"100644 a", b"100644 a\0" + bytes(19), one("a")[:-1], one("a") + b"1",
        b"100644 " + b"a" * 2000 + b"\0" + bytes(20), b" a\0" + bytes(3),
    ],
)  # fmt: skip
def test_what_is_cut_off_is_no_tree(data):
    """Every prefix of an entry, and a name past its bound."""
    with pytest.raises(TreeEntryBroken):
        parse(data)


def test_an_empty_name_and_other_encodings_are_refused():
    """Names are UTF-8."""
    for name in (b"", b"\xff", b"\xed\xa0\x80"):
        with pytest.raises(TreeNameRefused):
            parse(b"100644 " + name + b"\0" + bytes(20))


def test_order_and_repetition():
    """Another order, or a name twice, could be read as another tree."""
    for names in (("b", "a"), ("a", "a")):
        with pytest.raises(TreeOrderWrong):
            parse(tree(*(("100644", name, BLOB) for name in names)))
    with pytest.raises(TreeOrderWrong):
        parse(tree(("40000", "a", BLOB), ("100644", "a.txt", BLOB)))


@pytest.mark.parametrize(("first", "second"), [("A", "a"), ("e\u0301", "\u00e9"), ("STRASSE", "stra\u00dfe")])
def test_names_that_collide_are_refused(first, second):
    """Case folding and normalisation make one name of two."""
    with pytest.raises(TreeNamesCollide):
        parse(tree(("100644", first, BLOB), ("100644", second, BLOB)))
    with pytest.raises(TreeNamesCollide):
        parse(tree(("100644", "a", BLOB), ("40000", "a", BLOB)))


def test_a_walk_names_every_path():
    """Folders in folders, and an empty one."""
    inner = tree(("100644", "x", BLOB))
    inner_id = object_id("tree", inner)
    root = tree(("40000", "a", inner_id), ("100644", "b", "2" * 40), ("40000", "c", object_id("tree", b"")))
    objects = table(root, inner, b"")
    assert walk_tree(objects, object_id("tree", root), DEFAULT_LIMITS) == {"a/x": BLOB, "b": "2" * 40}


def test_a_walk_believes_no_store():
    """A tree that is missing, or that stands under the id of another."""
    root = one("a", "40000")
    name = object_id("tree", root)
    with pytest.raises(ObjectMissing):
        walk_tree(table(root), name, DEFAULT_LIMITS)
    with pytest.raises(ObjectMismatch):
        walk_tree(ObjectTable({name: GitObject("tree", one("b"))}), name, DEFAULT_LIMITS)


def test_a_tree_of_the_same_folder_again_and_again_ends():
    """Fifty levels that each name the next one twice are 2**50 paths and 100 entries."""
    trees = [one("x")]
    for _ in range(50):
        below = object_id("tree", trees[-1])
        trees.append(tree(("40000", "a", below), ("40000", "b", below)))
    objects, root = table(*trees), object_id("tree", trees[-1])
    with pytest.raises(TreeTooLarge, match="nest deeper than 32"):
        walk_tree(objects, root, DEFAULT_LIMITS)
    with pytest.raises(TreeTooLarge, match="more than 1000 entries"):
        walk_tree(objects, root, replace(DEFAULT_LIMITS, git_tree_entries=1000, directory_depth=60))


def test_budgets_of_a_tree():
    """Entries and the length of a path."""
    with pytest.raises(TreeTooLarge):
        parse_tree(
            tree(("100644", "a", BLOB), ("100644", "b", BLOB)), replace(DEFAULT_LIMITS, git_tree_entries=1)
        )
    deep = one("x" * 20)
    root = tree(("40000", "y" * 20, object_id("tree", deep)))
    with pytest.raises(TreeTooLarge):
        walk_tree(table(deep, root), object_id("tree", root), replace(DEFAULT_LIMITS, path_bytes=30))


def test_the_walk_of_a_real_repository_is_ls_tree(tmp_path):
    """Differential: the same paths and ids as the real git names."""
    files = {"config.json": b"{}", "sub/dir/a.txt": b"a", "sub/b": b"b", "sub.txt": b"c", "zü/ä": b"d"}
    repository(tmp_path, files)

    class Git:
        def read(self, object_id):
            return GitObject("tree", git(tmp_path, "cat-file", "tree", object_id))

    listed = git(tmp_path, "ls-tree", "-r", "-z", "HEAD").decode().split("\0")[:-1]
    expected = {line.partition("\t")[2]: line.split()[2] for line in listed}
    root = git(tmp_path, "rev-parse", "HEAD^{tree}").decode().strip()
    assert walk_tree(Git(), root, DEFAULT_LIMITS) == expected
    assert expected.keys() == files.keys()


@pytest.fixture(scope="module")
def checker(tmp_path_factory):
    """A repository in which git judges trees."""
    folder = tmp_path_factory.mktemp("checker")
    repository(folder, {"x": b"x"})
    return folder


NAMES = st.text(st.sampled_from("aA.gitGIT~1 \u200c\u00e9\x01\x7f/\\:-"), min_size=1, max_size=6)
MODES = st.sampled_from(["100644", "100644", "100755", "40000", "120000", "100664", "0"])


@settings(max_examples=40, deadline=None)
@given(entries=st.lists(st.tuples(MODES, NAMES), min_size=1, max_size=4), ordered=st.booleans())
def test_what_we_accept_git_accepts(checker, entries, ordered):
    """Differential: `git fsck --strict`'s own check of a tree finds nothing."""
    if ordered:
        entries = sorted(entries, key=lambda entry: (entry[1] + "/" * (entry[0] == "40000")).encode())
    data = tree(*((mode, name, BLOB) for mode, name in entries))
    try:
        parse(data)
    except FormatError:
        return
    name = git(checker, "hash-object", "-t", "tree", "-w", "--stdin", data=data).decode().strip()
    assert name == object_id("tree", data)
    said = git(checker, "fsck", "--strict", "--no-dangling", check=False, merged=True).decode()
    wrong = [line for line in said.splitlines() if name in line and line.startswith(("error", "warning"))]
    assert not [line for line in wrong if "broken link" not in line], wrong
