"""Any bytes give a commit or a FormatError.

The invariant holds within the limits and under the seal. What is accepted has one reading: its payload
parses to the same commit without its signature, and payload and signature make up the raw bytes.
"""

from __future__ import annotations

from safeload.errors import FormatError
from safeload.formats.git_commit import Commit, parse_commit
from safeload.formats.git_errors import CommitHasNul, CommitNotSeparated
from safeload.limits import DEFAULT_LIMITS

_WHO = b"Ann <ann@acme.example> 1700000000 +0100\n"
_HEAD = b"tree " + b"1" * 40 + b"\nauthor " + _WHO + b"committer " + _WHO
_SIGNATURE = b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n aGk=\n -----END PGP SIGNATURE-----\n"


def seeds() -> list[bytes]:
    """Signed and unsigned, with parents, an encoding and a merged tag."""
    return [
        _HEAD + b"\nmessage\n",
        _HEAD + _SIGNATURE + b"\nmessage\n",
        _HEAD.replace(b"author", b"parent " + b"2" * 40 + b"\nauthor", 1) + b"encoding x\n\n",
        _HEAD + b"mergetag object 1\n \n x\n" + _SIGNATURE + b"\n\n",
    ]


def read(data: bytes) -> object:
    """The commit, or the error that is allowed."""
    try:
        return parse_commit(data, DEFAULT_LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a commit."""
    if not isinstance(result, Commit):
        return
    if result.signature is None:
        assert result.payload == data
        return
    again = parse_commit(result.payload, DEFAULT_LIMITS)
    assert (again.tree, again.author, again.message) == (result.tree, result.author, result.message)
    assert again.signature is None
    folded = b"gpgsig " + result.signature.replace(b"\n", b"\n ") + b"\n"
    at = data.find(folded)
    assert data[:at] + data[at + len(folded) :] == result.payload


def deep(result: object) -> bool:
    """Whether it got to the headers."""
    return not isinstance(result, (CommitHasNul, CommitNotSeparated))
