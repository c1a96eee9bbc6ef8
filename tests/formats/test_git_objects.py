"""git objects: what comes out has the id under which it was asked for."""

from __future__ import annotations

import zlib

import pytest

from safeload.formats.git_errors import (
    LooseObjectBroken,
    ObjectMismatch,
    ObjectMissing,
    ObjectTooLarge,
    ObjectWrongKind,
)
from safeload.formats.git_objects import GitObject, ObjectTable, checked, is_object_id, object_id, parse_loose
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.git import git, loose, repository

BLOB = object_id("blob", b"hello\n")


def test_ids_are_those_of_git(tmp_path):
    """The real git gives the same id."""
    repository(tmp_path, {})
    assert git(tmp_path, "hash-object", "--stdin", data=b"hello\n").decode().strip() == BLOB


def test_a_loose_object_of_git_is_read(tmp_path):
    """What git writes, and the same object out of our own builder."""
    repository(tmp_path, {"a": b"hello\n"})
    written = (tmp_path / ".git" / "objects" / BLOB[:2] / BLOB[2:]).read_bytes()
    assert parse_loose(written, DEFAULT_LIMITS) == GitObject("blob", b"hello\n")
    assert parse_loose(loose("blob", b""), DEFAULT_LIMITS) == GitObject("blob", b"")
    assert parse_loose(loose("blob", b"x" * 24), DEFAULT_LIMITS).raw == b"x" * 24


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", LooseObjectBroken),
        (b"no zlib", LooseObjectBroken),
        (zlib.compress(b"blob 1"), LooseObjectBroken),
        (zlib.compress(b"blob 01\0a"), LooseObjectBroken),
        (zlib.compress(b"blob -1\0a"), LooseObjectBroken),
        (zlib.compress(b"blob \xb2\0a"), LooseObjectBroken),
        (zlib.compress(b"blob 1\0"), LooseObjectBroken),
        (zlib.compress(b"blob 1\0ab"), LooseObjectBroken),
        (zlib.compress(b"blob 0\0" + bytes(99)), LooseObjectBroken),
        (zlib.compress(b"flob 1\0a"), LooseObjectBroken),
        (loose("blob", b"a") + b"x", LooseObjectBroken),
        (loose("blob", b"a" * 99)[:-1], LooseObjectBroken),
        (zlib.compress(b"blob 999999999\0a"), ObjectTooLarge),
    ],
)
def test_anything_else_is_no_loose_object(data, error):
    """Wrong headers, lengths and streams, and data behind the end."""
    with pytest.raises(error):
        parse_loose(data, DEFAULT_LIMITS)


def test_a_bomb_is_inflated_to_its_named_size_only():
    """A stream of 64 MiB that says that it is small costs what it says."""
    bomb = zlib.compress(b"blob 10\0" + bytes(1 << 26))
    with pytest.raises(LooseObjectBroken, match="exactly the 10 bytes"):
        parse_loose(bomb, replace(DEFAULT_LIMITS, git_object_bytes=100))


def test_what_is_asked_for_is_what_comes():
    """Missing, of another kind, too large, and other bytes under the same name."""
    objects = ObjectTable({BLOB: GitObject("blob", b"hello\n"), "0" * 40: GitObject("tree", b"x")})
    assert checked(objects, BLOB, "blob", 6) == b"hello\n"
    for wanted, kind, most, error in (
        ("1" * 40, "blob", 9, ObjectMissing),
        (BLOB, "tree", 9, ObjectWrongKind),
        (BLOB, "blob", 5, ObjectTooLarge),
        ("0" * 40, "tree", 9, ObjectMismatch),
    ):
        with pytest.raises(error):
            checked(objects, wanted, kind, most)


@pytest.mark.parametrize("text", ["", "abc", "A" * 40, "g" * 40, "a" * 39, "a" * 64, "\uff11" * 40])
def test_only_full_ids_are_ids(text):
    """No short ids, no capitals, no SHA-256."""
    assert not is_object_id(text)
