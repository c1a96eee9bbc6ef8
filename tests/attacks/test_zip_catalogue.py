"""Zip archives that two readers see differently, that cost more than they hold, or are something else too.

One row per trick; each is denied by the rule that names the reason, and where it hides a pickle, the report
says what that would import. Rows of the catalogue that carry an identifier of their own have their own file
(CVE-2025-1889, CVE-2025-1944, CVE-2025-1945, CVE-2025-10156); surroundings, duplicates and TorchScript are in
`test_archive_tricks`.

- overlapping members: https://www.bamsoftware.com/hacks/zipbomb/
- an archive that holds itself: https://research.swtch.com/zip
- names: https://cwe.mitre.org/data/definitions/22.html, https://cwe.mitre.org/data/definitions/59.html
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from safeload.limits import Limits
from tests.forge.archives import (
    ONE_TENSOR,
    PAYLOAD,
    TWO_FLOATS,
    Part,
    build,
    deflated,
    plain,
    torch_parts,
    torch_zip,
)
from tests.forge.audits import audited
from tests.forge.hdf5 import written

if TYPE_CHECKING:
    from pathlib import Path

AMBIGUOUS, MALFORMED, LIMIT = "archive.ambiguous", "artifact.malformed", "limits.exceeded"
GOOD = torch_parts(ONE_TENSOR, {"0": TWO_FLOATS})


def member(name: bytes | str = b"archive/data.pkl", data: bytes = PAYLOAD, **fields: object) -> Part:
    """One member with the payload, and whatever lies about it."""
    raw = name.encode() if isinstance(name, str) else name
    return Part(raw, data, **fields)  # type: ignore[arg-type]


def wide(*values: int) -> bytes:
    """A zip64 extra field."""
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


def descriptor(crc: int, compressed: int, size: int, *, signed: bool = True) -> bytes:
    return (b"PK\x07\x08" if signed else b"") + struct.pack("<III", crc, compressed, size)


CRC = zlib.crc32(PAYLOAD)
SIZE = len(PAYLOAD)
UNIX, MAC = 3 << 8, 19 << 8

ROWS: dict[str, tuple[bytes, str, str]] = {
    # names
    "NFC and NFD twins": (
        build([member("archive/caf\u00e9"), member("archive/cafe\u0301")]), AMBIGUOUS, "DuplicateName"),
    "ligature twins": (
        build([member("archive/\ufb01le"), member("archive/file")]), AMBIGUOUS, "DuplicateName"),
    "trailing dot twins": (build([member("a/data.pkl"), member("a/data.pkl.")]), AMBIGUOUS, "DuplicateName"),
    "trailing blank twins": (
        build([member("a /data.pkl"), member("a/data.pkl")]), AMBIGUOUS, "DuplicateName"),
    "climbs": (build([member("archive/../../x")]), MALFORMED, ""),
    "absolute": (build([member("/etc/cron.d/x")]), MALFORMED, ""),
    "drive letter": (build([member("C:/x")]), MALFORMED, ""),
    "backslash": (build([member("archive\\data.pkl")]), AMBIGUOUS, "BackslashName"),
    "NUL in a name": (build([member(b"archive/data.pkl\0.txt")]), AMBIGUOUS, "NameNotText"),
    "bidirectional override": (build([member("archive/\u202etxt.lkp")]), AMBIGUOUS, "NameNotText"),
    "undeclared encoding": (build([member(b"archive/\x82", flags=0x0008)]), AMBIGUOUS, "NameNotText"),
    "broken UTF-8": (build([member(b"archive/\xc3\x28")]), AMBIGUOUS, "NameNotText"),
    "empty name": (build([member(b"")]), MALFORMED, ""),
    "second name in an extra field": (
        build([member(central={"extra": struct.pack("<HHBI", 0x7075, 6, 1, 0) + b"x"})]),
        AMBIGUOUS, "UnicodePathExtra"),
    # kinds of members
    "symbolic link": (
        build([member(central={"made_by": UNIX, "attributes": 0o120777 << 16})]), MALFORMED, ""),
    "symbolic link, made elsewhere": (
        build([member(central={"made_by": MAC, "attributes": 0o120777 << 16})]), MALFORMED, ""),
    "device": (build([member(central={"made_by": UNIX, "attributes": 0o020666 << 16})]), MALFORMED, ""),
    "pipe": (build([member(central={"made_by": UNIX, "attributes": 0o010666 << 16})]), MALFORMED, ""),
    "directory with the name of a file": (build([member(central={"attributes": 0x10})]), MALFORMED, ""),
    "directory entry with data": (build([member(b"archive/")]), MALFORMED, ""),
    # the two records of a member
    "flags differ": (build([member(local={"flags": 0x0008})]), AMBIGUOUS, "FlagsDiffer"),
    "method differs": (build([member(local={"method": 8})]), AMBIGUOUS, "MethodDiffers"),
    "sizes differ": (
        build([plain("a", PAYLOAD, local={"size": 1, "compressed": 1})]), AMBIGUOUS, "SizesDiffer"),
    "crc32 differs": (build([plain("a", PAYLOAD, local={"crc": 1})]), AMBIGUOUS, "SizesDiffer"),
    "stored with two sizes": (build([member(central={"size": 3})]), AMBIGUOUS, "SizesImpossible"),
    "method 99": (build([member(local={"method": 99}, central={"method": 99})]), MALFORMED, ""),
    "method 99 in the directory alone": (build([member(central={"method": 99})]), MALFORMED, ""),
    "bzip2": (build([member(local={"method": 12}, central={"method": 12})]), MALFORMED, ""),
    "version 6.4": (build([member(central={"version": 64})]), AMBIGUOUS, "NewerVersion"),
    "member comment": (build([member(central={"comment": b"PK"})]), MALFORMED, ""),
    "unknown extra field": (build([member(extra=struct.pack("<HH", 0x9999, 4) + b"data")]), MALFORMED, ""),
    "strong encryption header": (build([member(extra=struct.pack("<HH", 0x0017, 0))]), MALFORMED, ""),
    # data descriptors
    "no descriptor": (build([member(descriptor=b"")]), AMBIGUOUS, "DescriptorDiffers"),
    "descriptor without signature": (
        build([member(descriptor=descriptor(CRC, SIZE, SIZE, signed=False))]),
        AMBIGUOUS, "DescriptorDiffers"),
    "descriptor of another crc32": (
        build([member(descriptor=descriptor(0, SIZE, SIZE))]), AMBIGUOUS, "DescriptorDiffers"),
    "descriptor of another size": (
        build([member(descriptor=descriptor(CRC, SIZE, SIZE + 1))]), AMBIGUOUS, "DescriptorDiffers"),
    "descriptor of 64 bits without a field": (
        build([member(descriptor=b"PK\x07\x08" + struct.pack("<IQQ", CRC, SIZE, SIZE))]),
        AMBIGUOUS, "DescriptorDiffers"),
    "descriptor that nobody announces": (
        build([plain("a", PAYLOAD, descriptor=descriptor(CRC, SIZE, SIZE))]),
        AMBIGUOUS, "GapBetweenMembers"),
    # zip64
    "zip64 field with another size": (build([member(extra=wide(1, 1))]), AMBIGUOUS, "SizesDiffer"),
    "zip64 field with too much": (build([member(central={"extra": wide(SIZE, SIZE, 0)})]), MALFORMED, ""),
    "zip64 field twice": (build([member(central={"extra": wide() * 2})]), MALFORMED, ""),
    "zip64 disk number": (build([member(central={"disk": 0xFFFF, "extra": wide()})]), MALFORMED, ""),
    "zip64 record elsewhere": (build([member()], locator={"record": 0}), AMBIGUOUS, "EndRecordsDisagree"),
    "zip64 record with other count": (build([member()], end64={"count": 2}), AMBIGUOUS, "EndRecordsDisagree"),
    "zip64 record with other offset": (
        build([member()], end64={"offset": 9}), AMBIGUOUS, "EndRecordsDisagree"),
    "zip64 record of another length": (
        build([member()], end64={"rest": 60}), AMBIGUOUS, "EndRecordsDisagree"),
    "zip64 locator of two disks": (build([member()], locator={"disks": 2}), MALFORMED, ""),
    # the directory
    "more members than entries": (
        build([member()] * 2, zip64=False, end={"count": 1, "here": 1}), AMBIGUOUS, "DirectoryMisplaced"),
    "more entries than members": (
        build([member()], zip64=False, end={"count": 2, "here": 2}), MALFORMED, ""),
    "entry that points at another member": (
        build([member("a"), member("b", central={"offset": 0})]), AMBIGUOUS, "MembersOverlap"),
    "entry that points into data": (
        build([member("a"), member("b", central={"offset": 40})]), AMBIGUOUS, "MembersOverlap"),
    "directory before the members": (
        build([member("a", central={"offset": 1})]), AMBIGUOUS, "LeadingBytes"),
    "spanning mark": (b"PK00" + build([member()], zip64=False), AMBIGUOUS, "DirectoryMisplaced"),
    "member that nobody lists": (
        build([member("a"), member("b", before=build([member("c")])[:-22])]), AMBIGUOUS, "GapBetweenMembers"),
    "a comment that hides an archive": (
        build([member("a")], comment=build([member("b")])), AMBIGUOUS, ""),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_tricks_with_the_structure(row: str, tmp_path: Path) -> None:
    """Denied for the reason, and the pickle inside is named all the same."""
    data, rule, problem = ROWS[row]
    outcome = audited(tmp_path, data)
    assert outcome.denied
    assert rule in outcome.rules
    assert problem in outcome.problems or not problem
    assert "os.system" in outcome.imports


def overlapping(count: int) -> bytes:
    """Members that all share one kernel: each is listed at the same local header."""
    kernel = deflated(bytes(1 << 20))
    parts = [Part(b"a", bytes(1 << 20), method=8, flags=0)]
    data = build(parts, zip64=False)
    start = data.index(b"PK\x01\x02")
    entry = data[start:-22]
    directory = entry * count
    assert kernel in data
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), start, 0)
    return data[:start] + directory + b"PK\x05\x06" + end


def quoting(count: int) -> bytes:
    """Members whose deflate streams quote the local headers behind them as stored blocks."""
    kernel = deflated(bytes(1 << 20))
    name = [b"%d" % index for index in range(count)]
    headers: list[bytes] = []
    body, size, crc_data = kernel, 1 << 20, bytes(1 << 20)
    for index in reversed(range(count)):
        head = b"PK\x03\x04" + struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0, 0, zlib.crc32(crc_data), len(body), size, len(name[index]), 0
        ) + name[index]  # fmt: skip
        headers.insert(0, head)
        body = b"\x00" + struct.pack("<HH", len(head), len(head) ^ 0xFFFF) + head + body
        size, crc_data = size + len(head), head + crc_data
    data = body[5:]
    at, directory = 0, b""
    for index, head in enumerate(headers):
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + head[4:30]
        directory += struct.pack("<HHHII", 0, 0, 0, 0, at)[: 46 - 32] + name[index]
        at += len(head) + 5
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(data), 0)
    return data + directory + b"PK\x05\x06" + end


@pytest.mark.parametrize("data", [overlapping(64), quoting(20)], ids=["one kernel", "quoted headers"])
def test_overlapping_members(data: bytes, tmp_path: Path) -> None:
    """A bomb whose members share their bytes is refused by its structure, before anything is inflated."""
    outcome = audited(tmp_path, data, "bomb.zip")
    assert outcome.denied
    assert AMBIGUOUS in outcome.rules
    assert outcome.problems & {"MembersOverlap", "DuplicateName"}


def zipped(members: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return sink.getvalue()


def test_nesting_within_the_budget(tmp_path: Path) -> None:
    """Three levels are opened and named; what is in the innermost is found."""
    data = PAYLOAD
    for _ in range(3):
        data = zipped({"x": data})
    outcome = audited(tmp_path, data)
    assert "archive.nested" in outcome.warned
    assert "pickle.dangerous-global" in outcome.rules
    assert "os.system" in outcome.imports


def test_nesting_without_end(tmp_path: Path) -> None:
    """An archive that holds itself goes as deep as the budget, which is said."""
    data = zipped({"x": b"end"})
    for _ in range(12):
        data = zipped({"x": data, "y": data})
    outcome = audited(tmp_path, data)
    assert "archive.nested" in outcome.warned
    assert LIMIT in outcome.rules


@pytest.mark.parametrize("copies", [1, 40])
def test_high_ratios(copies: int, tmp_path: Path) -> None:
    """One member that inflates a thousandfold, and many that do so together."""
    size = (64 if copies == 1 else 1) << 20
    outcome = audited(tmp_path, zipped({f"z{index}": bytes(size) for index in range(copies)}))
    assert LIMIT in outcome.rules


def test_small_bombs_in_many_archives(tmp_path: Path) -> None:
    """Archives in an archive share one budget: the members of the later ones are not inflated."""
    inner = zipped({f"z{index}": bytes(1 << 20) for index in range(4)})
    outcome = audited(tmp_path, zipped({f"a{index}.zip": inner for index in range(20)}))
    assert "archive.nested" in outcome.warned
    assert LIMIT in outcome.rules


@pytest.mark.parametrize("blanks", [0, 5_000])
def test_json_that_grows(blanks: int, tmp_path: Path) -> None:
    """A few kilobytes that would become a million objects are not parsed."""
    data = b" " * blanks + b"[" + b'{"":1},' * 500_000 + b"0]"
    packed = Part(b"config.json", data, method=8, flags=0)
    noise = b"".join(zlib.crc32(index.to_bytes(4, "big")).to_bytes(4, "big") for index in range(150_000))
    outcome = audited(tmp_path, build([packed, plain("notes.txt", noise.hex().encode())]), "a.zip")
    assert LIMIT in outcome.rules


def test_too_many_members(tmp_path: Path) -> None:
    """The stated count is held against the budget before the directory is read."""
    most = Limits().zip_members
    data = build([member()], end={"count": 0xFFFF, "here": 0xFFFF}, end64={"count": most + 1})
    outcome = audited(tmp_path, data)
    assert LIMIT in outcome.rules
    assert "os.system" in outcome.imports


def test_long_names(tmp_path: Path) -> None:
    """A name above the budget."""
    assert LIMIT in audited(tmp_path, build([member(b"a/" + b"x" * 2_000)])).rules


POLYGLOTS = {
    "pickle and zip": PAYLOAD + torch_zip(ONE_TENSOR, {"0": TWO_FLOATS}),
    "zip and HDF5 user block": (
        (zipped_head := build([Part(b"a/x", PAYLOAD)], zip64=False)) + bytes(512 - len(zipped_head))
        + written(lambda file: file.__setitem__("a", [1.0]))
    ),
    "HDF5 behind a user block in a stored member": build(
        [plain("a", bytes(512 - 31) + written(lambda file: file.__setitem__("a", [1.0])))]
    ),
    "PDF and zip": b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n" + build([member()]),
    "GIF and zip": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;" + build([member()]),
    "PNG and zip": b"\x89PNG\r\n\x1a\n" + bytes(32) + build([member()], zip64=False),
    "program and zip": b"\x7fELF" + bytes(60) + build([member()], zip64=False),
    "script and zip": b"#!/bin/sh\nexec unzip $0\n" + build([member()]),
    "two archives": build([member()], zip64=False) + build(GOOD, zip64=False),
    "tar in a stored member": build([plain("a", bytes(226) + b"ustar\x0000" + bytes(1024))]),
}  # fmt: skip


@pytest.mark.parametrize("name", POLYGLOTS)
def test_polyglots(name: str, tmp_path: Path) -> None:
    """Bytes that two formats accept are denied for that, whatever the file is called."""
    outcome = audited(tmp_path, POLYGLOTS[name], "model.bin")
    assert outcome.denied
    assert outcome.rules & {"format.polyglot", AMBIGUOUS}


DEVIATIONS: dict[str, list[Part]] = {
    "no root folder": [Part(part.name.partition(b"/")[2], part.data) for part in GOOD],
    "two roots": [*GOOD, Part(b"other/data/1", b"x")],
    "missing version": [part for part in GOOD if not part.name.endswith(b"/version")],
    "missing data.pkl": GOOD[1:],
    "deflated tensor": [*(part for part in GOOD if b"data/0" not in part.name),
                        Part(b"archive/data/0", TWO_FLOATS, method=8)],
    "member with leading zeros": [*GOOD, Part(b"archive/data/00", TWO_FLOATS)],
    "extra member": [*GOOD, Part(b"archive/notes.txt", b"hello")],
    "directory entry": [*GOOD, Part(b"archive/data/", b"", flags=0x0800)],
    "second version": [*GOOD, Part(b"archive/.data/version", b"1\n")],
    "deeper data.pkl": [*GOOD, Part(b"archive/archive/data.pkl", PAYLOAD)],
}  # fmt: skip


@pytest.mark.parametrize("name", DEVIATIONS)
def test_checkpoints_that_torch_did_not_write(name: str, tmp_path: Path) -> None:
    """Whatever torch would tolerate: a checkpoint has the members that torch.save writes."""
    outcome = audited(tmp_path, build(DEVIATIONS[name]), "pytorch_model.bin")
    assert outcome.denied
    assert outcome.rules & {MALFORMED, "artifact.unrecognised"}
