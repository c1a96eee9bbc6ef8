"""Any bytes give an archive or a FormatError.

The invariant holds within the limits and under the seal.
Where the directory lies is made right first in most inputs: else few would get past the end record.
The members of an archive whose data we accept are those that the standard library reads from it.
"""

from __future__ import annotations

import io
import struct
import zipfile

from safeload.errors import FormatError
from safeload.formats.view import BytesView
from safeload.formats.zip import ZipArchive, parse_zip
from safeload.formats.zip_data import check_crc
from safeload.formats.zip_directory import (
    DirectoryBroken,
    DirectoryMisplaced,
    EndRecordsDisagree,
    NoEndRecord,
)
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

LIMITS = replace(DEFAULT_LIMITS, zip_members=64, inflated_bytes=1 << 16)


def seeds() -> list[bytes]:
    """Archives as zipfile writes them: stored, deflated, streamed, with a comment."""
    found = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr(zipfile.ZipInfo("archive/data.pkl"), b"\x80\x02}q\x00.", method)
            archive.writestr(zipfile.ZipInfo("archive/data/0"), b"abc" * 50, method)
        found.append(file.getvalue())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = b"PK\x05\x06"
        archive.writestr(zipfile.ZipInfo("a"), b"")
    return [*found, file.getvalue(), b"PK\x05\x06" + bytes(18)]


def mended(data: bytes) -> bytes:
    """The last end record leads to the first entry and ends the file, in two of three inputs."""
    end, start = data.rfind(b"PK\x05\x06"), data.find(b"PK\x01\x02")
    if not 0 <= start < end <= len(data) - 22 or len(data) % 3 == 0:
        return data
    place = struct.pack("<II", end - start, start)
    comment = struct.pack("<H", min(len(data) - end - 22, 0xFFFF))
    return data[: end + 12] + place + comment + data[end + 22 :]


def read(data: bytes) -> object:
    """The archive with the data of all members checked, or the error that is allowed."""
    view = BytesView(mended(data))
    try:
        archive = parse_zip(view, LIMITS)
        for member in archive.members:
            check_crc(view, member, LIMITS)
    except FormatError as error:
        return error
    return archive


def check(data: bytes, result: object) -> None:
    """What has to hold of an archive."""
    if isinstance(result, ZipArchive):
        with zipfile.ZipFile(io.BytesIO(mended(data))) as other:
            listed = [(info.filename, len(other.read(info))) for info in other.infolist()]
        assert [(member.name, member.size) for member in result.members] == listed


def deep(result: object) -> bool:
    """Whether the end record was found and led to a directory."""
    return not isinstance(result, (EndRecordsDisagree, DirectoryMisplaced, DirectoryBroken, NoEndRecord))
