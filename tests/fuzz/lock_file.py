"""Any text gives a lock or a FormatError; what was read is read again from what it would be written as."""

from __future__ import annotations

import difflib  # a misspelt key imports it, which the seal would take for a fault  # noqa: F401

from safeload.errors import FormatError
from safeload.formats.lock_file import Lock, parse_lock, path_problem, uri_problem
from safeload.formats.lock_file_write import write_lock, write_subject
from tests.forge.locks import HOSTILE, repository, subject

# messages escape what they repeat, and the codec is imported by its first use
"".encode("unicode_escape")


def seeds() -> list[bytes]:
    """A folder, a repository, hostile names, and several of them."""
    hostile = subject(files=dict.fromkeys(HOSTILE, b"x"))
    return [
        write_lock([subject()]).encode(),
        write_lock([repository(), subject("file:../b", commit="2" * 40, repository="acme/b")]).encode(),
        write_lock([hostile]).encode(),
    ]


def read(data: bytes) -> object:
    """The parser."""
    try:
        return parse_lock(data.decode("utf-8", "replace"), "safeload.lock")
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """Names stay inside, and nothing is lost on the way to text and back."""
    if not isinstance(result, Lock):
        return
    for item in result.subjects:
        assert uri_problem(item.uri) is None
        assert not any(path_problem(path) for path in item.files)
    again = parse_lock(write_lock(result.subjects), "safeload.lock")
    assert sorted(map(write_subject, again.subjects)) == sorted(map(write_subject, result.subjects))


def deep(result: object) -> bool:
    """Whether it was TOML of this version: all other mistakes come after that."""
    if isinstance(result, FormatError):
        return "not TOML" not in result.detail and "version = 1" not in result.detail
    return True
