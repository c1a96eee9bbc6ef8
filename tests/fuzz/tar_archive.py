"""Any bytes give a tar archive with its problems, and no exception.

The invariant holds within the limits and under the seal.
Members lie inside the archive. Where no problem was found, the standard library reads the same names,
kinds and data.
"""

from __future__ import annotations

import io
import tarfile

from safeload.formats.tar import Tar, read_tar
from safeload.formats.tar_errors import HeaderSumWrong, NoEnd
from safeload.formats.tar_salvage import find_files
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.tar import BLOCK, archive, by_tarfile, header, member, pax

LIMITS = replace(DEFAULT_LIMITS, tar_members=64, tar_header_bytes=1 << 12)
KINDS = {
    tarfile.SYMTYPE: "symlink", tarfile.LNKTYPE: "hardlink", tarfile.DIRTYPE: "folder",
    tarfile.CHRTYPE: "special", tarfile.BLKTYPE: "special", tarfile.FIFOTYPE: "special",
}  # fmt: skip


def seeds() -> list[bytes]:
    """Archives of all three formats, with long names, links, and each kind of extended header."""
    long = {"d/" * 20 + "n" * 120: b"data", "é": b"x" * 600, "empty": b""}
    forms = (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT)
    plain = {"a": b"1", "b/c.json": b"{}" * 400}
    return [
        *(by_tarfile(plain, form) for form in forms),
        by_tarfile(long, tarfile.PAX_FORMAT),
        by_tarfile(long, tarfile.GNU_FORMAT),
        archive(member(b"d/", kind=b"5"), member(b"d/l", kind=b"2", link=b"../f"), member(b"f", b"x")),
        archive(member(b"f", b"x"), member(b"g", kind=b"1", link=b"f"), member(b"p", kind=b"6")),
        archive(pax((b"path", b"long"), (b"size", b"3")), header(b"x", 3), b"abc".ljust(512, b"\0")),
        archive(pax((b"comment", b"c"), kind=b"g"), member(b"f", b"x", prefix=b"in/here")),
        archive(member(b"old", b"x", magic=bytes(8)), member(b"gnu", b"x", magic=b"ustar  \0")),
        archive(member(b"\xff\n", b"x"), member(b"a/../b")),
    ]


def summed(data: bytes) -> bytes:
    """The bytes with the right sum in every block that says it is a header: else nothing gets past it."""
    if len(data) % 3 == 0:
        return data
    blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
    for index, block in enumerate(blocks):
        if block[257:262] == b"ustar" and len(block) == BLOCK:
            total = sum(block) - sum(block[148:156]) + 256
            blocks[index] = block[:148] + b"%06o\0 " % total + block[156:]
    return b"".join(blocks)


def read(data: bytes) -> object:
    """The archive."""
    data = summed(data)
    archived = read_tar(BytesView(data), LIMITS)
    for found in find_files(BytesView(data), archived.headers):
        assert 0 <= found.offset <= found.offset + found.size <= len(data)
    return archived


def check(data: bytes, result: object) -> None:
    """What has to hold of an archive."""
    data = summed(data)
    assert isinstance(result, Tar)
    for found in result.members:
        assert 0 <= found.offset <= found.offset + found.size <= len(data)
    if result.problems or not result.members:
        return  # the standard library takes no archive that begins with its end
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as other:
        listed = [
            ("/".join(part for part in info.name.split("/") if part not in {"", "."}), info) for info in other
        ]
        listed = [(name, info) for name, info in listed if name or not info.isdir()]
        assert [member.name for member in result.members] == [name for name, _ in listed]
        for entry, (_, info) in zip(result.members, listed, strict=True):
            assert entry.kind == KINDS.get(info.type, "file")
            if entry.kind == "file":
                assert (entry.offset, entry.size) == (info.offset_data, info.size)
            elif entry.kind in {"symlink", "hardlink"}:
                assert entry.target == info.linkname


def deep(result: object) -> bool:
    """Whether the first header was one."""
    assert isinstance(result, Tar)
    return not (
        result.problems and isinstance(result.problems[0], (HeaderSumWrong, NoEnd)) and not result.end
    ) and bool(result.members)
