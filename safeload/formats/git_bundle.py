"""git bundles: a pack with the refs that name its commits, in one file.

https://git-scm.com/docs/gitformat-bundle (versions 2 and 3)

    # v2 git bundle            or  # v3 git bundle with lines  @key=value
    -<id> comment              what the receiver is said to have already
    <id> refs/heads/main
    (empty line)
    PACK...

`git bundle create --filter=blob:none` writes what provenance needs: commits and trees. Prerequisites are
read past, since parents are not needed to check one commit. Nothing in a bundle is trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.git_objects import GitObject, is_object_id
from safeload.formats.git_pack import read_pack
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.limits import Limits

HEADS = (b"# v2 git bundle\n", b"# v3 git bundle\n")
_CAPABILITIES = {"@filter=blob:none", "@object-format=sha1"}
_MOST_HEADER = 1 << 20


class BundleBroken(FormatError):
    """A file that is no git bundle, or one with a capability that is not read here."""


@record
class Bundle:
    """A bundle."""

    refs: Mapping[str, str]
    """Name -> commit id, as the bundle says."""
    objects: Mapping[str, GitObject]
    """Commits, trees and tags by the ids that their bytes have."""


def parse_bundle(data: bytes, limits: Limits) -> Bundle:
    """Read a bundle.

    Args:
        data: the whole file.
        limits: those of `git_pack.read_pack`.

    Raises:
        BundleBroken: it does not follow its format.
        FormatError: of `read_pack`.
    """
    if not data.startswith(HEADS):
        raise BundleBroken("no git bundle of version 2 or 3")
    end = data.find(b"\n\n", 0, _MOST_HEADER)
    if end < 0:
        raise BundleBroken("the header of the bundle has no end")
    try:
        lines = data[len(HEADS[0]) : end].decode().split("\n") if end >= len(HEADS[0]) else []
    except UnicodeDecodeError:
        raise BundleBroken("the header of the bundle is not UTF-8") from None
    refs: dict[str, str] = {}
    for line in lines:
        if line.startswith("@"):
            if line not in _CAPABILITIES or not data.startswith(HEADS[1]):
                raise BundleBroken(f"the capability {line[:80]} is not read here")
            continue
        wanted = line.removeprefix("-")
        name, space, ref = wanted.partition(" ")
        if not is_object_id(name) or (wanted == line and (not space or not ref or ref in refs)):
            raise BundleBroken("a line of the header is neither a ref nor a prerequisite")
        if wanted == line:
            refs[ref] = name
    return Bundle(refs=refs, objects=read_pack(data[end + 2 :], limits))
