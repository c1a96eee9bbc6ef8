"""formats.zip and formats.zip_directory: every reader would see the archive that we accept."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.formats.archive import AmbiguousArchive
from safeload.formats.view import BytesView
from safeload.formats.zip import ZipArchive, parse_zip
from safeload.limits import DEFAULT_LIMITS, Limits
from tests.forge.archives import Part, build, padded, plain, torch_parts

A, B = b"first member", b"second"


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> ZipArchive:
    return parse_zip(BytesView(data), limits)


def two(**second: object) -> list[Part]:
    return [Part(b"r/a", A), Part(b"r/b", B, **second)]  # type: ignore[arg-type]


def zip64(*values: int) -> bytes:
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


def test_torch_form_is_accepted() -> None:
    """Descriptors, zero sizes in local headers, FB padding, an empty member without a descriptor."""
    data = build(padded(torch_parts(b"\x80\x02N.", {"0": b"x" * 100, "1": b""})))
    archive = parse(data)
    with zipfile.ZipFile(io.BytesIO(data)) as peer:
        assert peer.testzip() is None
        assert [member.name for member in archive.members] == peer.namelist()
        for member in archive.members:
            assert data[member.offset : member.offset + member.size] == peer.read(member.name)
            assert member.offset % 64 == 0


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize("force_zip64", [True, False])
def test_zipfile_form_is_accepted(*, method: int, seekable: bool, force_zip64: bool) -> None:
    """What Python's zipfile writes, streamed or not, with zip64 or not (numpy forces it)."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, chunk: object) -> int:
            self.data += bytes(chunk)  # type: ignore[call-overload]
            return len(bytes(chunk))  # type: ignore[call-overload]

    sink = io.BytesIO() if seekable else Pipe()
    with zipfile.ZipFile(sink, "w", method) as out:  # type: ignore[arg-type]
        for name in ("a.npy", "folder/ü.npy"):
            with out.open(zipfile.ZipInfo(name), "w", force_zip64=force_zip64) as member:
                member.write(b"content " * 50)
        out.writestr("folder/", b"")
    data = sink.getvalue() if isinstance(sink, io.BytesIO) else bytes(sink.data)
    assert [member.name for member in parse(data).members] == ["a.npy", "folder/ü.npy", "folder/"]


def test_zip64_of_large_torch_files_is_accepted() -> None:
    """Past 4 GiB torch puts sizes, 0 and the header's own offset into a local zip64 field."""
    crc = zlib.crc32(B)
    offset = 30 + 3 + len(A) + 16
    wide = {"descriptor": b"PK\x07\x08" + struct.pack("<IQQ", crc, len(B), len(B))}
    for local in (zip64(offset), zip64(len(B), 0), zip64(len(B), 0, offset)):
        assert parse(build(two(extra=local, **wide))).members[1].size == len(B)
    central = {"offset": 0xFFFFFFFF, "extra": zip64(offset)}
    assert parse(build(two(extra=zip64(offset), central=central, **wide))).members[1].header_offset == offset
    central = {"size": 0xFFFFFFFF, "compressed": 0xFFFFFFFF, "extra": zip64(len(B), len(B))}
    assert parse(build(two(extra=zip64(len(B), 0), central=central, **wide))).members[1].size == len(B)
    assert parse(build(two(), end={"offset": 0xFFFFFFFF})).members[1].size == len(B)


@pytest.mark.parametrize(
    "extra",
    [
        b"UT\x05\x00\x01abcd",
        b"ux\x0b\x00\x01\x04\0\0\0\0\x04\0\0\0\0",
        b"\x0a\0\x20\0" + bytes(32),
        b"\x20\xa2\x08\x00\x28\xa0\x04\x00" + bytes(4),
        b"\xfe\xca\x00\x00",
    ],
)
def test_extra_fields_of_writers_are_accepted(extra: bytes) -> None:
    """Times, owners, the room that writers of documents leave, the mark of Java archives."""
    assert parse(build(two(extra=extra, central={"extra": extra}))).members[1].name == "r/b"


def test_names_that_only_look_alike_are_accepted() -> None:
    """Dots inside and at the end of a name that has no twin are part of it."""
    names = [b"r/a.b", b"r/a.", b"r/.a", b"r/b .txt", b"r/weights:0"]
    assert len(parse(build([Part(name, b"x") for name in names])).members) == 5


def test_empty_archive_is_accepted() -> None:
    """22 bytes with no member are an archive."""
    assert parse(build([], zip64=False)).members == ()


PLAIN_FAULTS = {
    "NoEndRecord": build(two())[:-1],
    "SplitArchive": build(two(), end={"disk": 1}),
    "DirectoryBroken": build(two(), zip64=False, end={"count": 3, "here": 3}),
    "MemberComment": build(two(central={"comment": b"hello"})),
    "UnlistedMethod": build(two(central={"method": 99}, local={"method": 99})),
    "ExtraBroken": build(two(extra=b"FB\x09\x00Z")),
    "UnlistedExtra": build(two(extra=b"XX\x01\x00Z")),
    "SpecialMember": build(two(central={"made_by": 0x031E, "attributes": 0o120777 << 16})),
    "DirectoryWithData": build([Part(b"r/", b"x")]),
    "UnsafeName": build([Part(b"../r", b"x")]),
    "LocalHeaderBroken": build(two()).replace(b"PK\x03\x04", b"PK\x03\x05", 1),
}
AMBIGUITIES = {
    "TrailingBytes": build(two(), trailing=b"more"),
    "ArchiveComment": build(two(), comment=b"note"),
    "EndRecordsDisagree": build(two(), end={"offset": 7}),
    "DirectoryMisplaced": build(two(), zip64=False, end={"offset": 7}),
    "EncryptedMember": build(two(central={"flags": 0x0809})),
    "NewerVersion": build(two(central={"version": 64})),
    "UnlistedFlags": build(two(central={"flags": 0x0828})),
    "SizesImpossible": build(two(central={"size": 5})),
    "UnicodePathExtra": build(two(central={"extra": b"up\x01\x00x"})),
    "NameNotText": build([Part(b"r/\xff", b"x", flags=0)]),
    "BackslashName": build([Part(b"r\\a", b"x")]),
    "DuplicateName": build([Part(b"r/a", b"1"), Part(b"r/A", b"2")]),
    "LeadingBytes": build(two(), prefix=b"#!/bin/sh\n"),
    "GapBetweenMembers": build(two(before=b"hidden")),
    "MembersOverlap": build(two(central={"offset": 3})),
    "NameDiffers": build(two(local={"name": b"r/c"})),
    "MethodDiffers": build(two(local={"method": 8})),
    "FlagsDiffer": build(two(local={"flags": 0x0008})),
    "SizesDiffer": build([plain("a", A, local={"crc": 1})]),
    "DescriptorDiffers": build(two(descriptor=b"PK\x07\x08" + bytes(12))),
}


@pytest.mark.parametrize("code", PLAIN_FAULTS)
def test_fault_is_named(code: str) -> None:
    """Each way to be wrong raises its own error."""
    with pytest.raises(FormatError) as caught:
        parse(PLAIN_FAULTS[code])
    assert caught.value.code == code
    assert not isinstance(caught.value, AmbiguousArchive)


@pytest.mark.parametrize("code", AMBIGUITIES)
def test_ambiguity_is_named(code: str) -> None:
    """Where readers would differ, the error says that they would."""
    with pytest.raises(AmbiguousArchive) as caught:
        parse(AMBIGUITIES[code])
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("GapBetweenMembers", build(two(), gap=b"hidden")),
        ("SplitArchive", build(two(central={"disk": 1}))),
        ("SplitArchive", build(two(), end64={"disk": 1})),
        ("SplitArchive", build(two(), locator={"disks": 2})),
        ("EndRecordsDisagree", build(two(), locator={"record": 0})),
        ("EndRecordsDisagree", build(two(), end64={"rest": 45})),
        ("EndRecordsDisagree", build(two(), end={"here": 1})),
        ("ExtraBroken", build(two(central={"extra": zip64(6)}))),
        ("ExtraBroken", build(two(extra=b"FB\x00\x00FB\x00\x00"))),
        ("SizesDiffer", build(two(extra=zip64(7)))),
        ("SizesDiffer", build([plain("a", A, local={"size": 0xFFFFFFFF, "compressed": 0xFFFFFFFF})])),
        ("UnlistedExtra", build(two(extra=b"FB\x03\x00\x80\x02."))),
        ("UnlistedExtra", build(two(extra=b"\x20\xa2\x06\x00\x28\xa0\x02\x00\x00x"))),
        ("UnlistedExtra", build(two(extra=b"\xfe\xca\x01\x00x"))),
        ("ExtraBroken", build(two(extra=b"UT\x40\x00" + bytes(64)))),
        ("SpecialMember", build(two(central={"made_by": 0x131E, "attributes": 0o120777 << 16}))),
        ("SpecialMember", build(two(central={"attributes": 0x10}))),
        ("EncryptedMember", build(two(local={"flags": 0x0809}))),
        ("NewerVersion", build(two(local={"version": 99}))),
        ("DuplicateName", build([Part(b"r/a", b"1"), Part(b"r/a", b"2")])),
        ("DuplicateName", build([Part("r/é".encode(), b"1"), Part("r/e\u0301".encode(), b"2")])),
        ("DuplicateName", build([Part(b"r/a", b"1"), Part(b"r/a/", b"", flags=0x0800)])),
        ("DuplicateName", build([Part(b"r/a", b"1"), Part(b"r/a. .", b"2")])),
        ("DuplicateName", build([Part(b"r./a", b"1"), Part(b"r/a", b"2")])),
        ("NameNotText", build([Part(b"r/a\x00.pkl", b"x")])),
        ("NameNotText", build([Part(b"r/a\nb", b"x"), Part(b"r/c", b"x")])),
        ("NameNotText", build([Part(b"r/\xff", b"x")])),
        ("UnsafeName", build([Part(b"/etc/passwd", b"x")])),
        ("UnsafeName", build([Part(b"C:evil", b"x")])),
        ("UnsafeName", build([Part(b"r//a", b"x")])),
        ("UnsafeName", build([Part(b"", b"x")])),
    ],
)
def test_variants(code: str, data: bytes) -> None:
    """Other shapes of the same faults."""
    with pytest.raises(FormatError) as caught:
        parse(data)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(zip_members=1), "TooManyMembers"),
        (Limits(zip_directory_bytes=50), "DirectoryTooLarge"),
        (Limits(zip_name_bytes=2), "NameTooLong"),
    ],
)
def test_budgets(limits: Limits, code: str) -> None:
    """Each budget has its error, and the defaults hold the same archive."""
    assert len(parse(build(two())).members) == 2
    with pytest.raises(FormatError) as caught:
        parse(build(two()), limits)
    assert caught.value.code == code


HONEST = build(padded(torch_parts(b"\x80\x02N.", {"0": b"x" * 20, "1": b""})))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_mutations_end_in_a_record_or_format_error(data: st.DataObject) -> None:
    """Flipped bits, cuts and splices never raise anything else, and what passes zipfile reads alike."""
    mutant = bytearray(HONEST)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(mutant) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "splice", "drop"]))
        if kind == "flip":
            mutant[at] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "cut":
            del mutant[at + 1 :]
        elif kind == "drop":
            del mutant[at : at + data.draw(st.integers(1, 40))]
            mutant = mutant or bytearray(1)
        else:
            mutant[at:at] = mutant[: data.draw(st.integers(1, 80))]
    try:
        archive = parse(bytes(mutant))
    except FormatError:
        return
    with zipfile.ZipFile(io.BytesIO(mutant)) as peer:
        assert [member.name for member in archive.members] == peer.namelist()


def test_every_byte_counts() -> None:
    """Outside member data only times, attributes and small versions may change unnoticed."""
    reference = parse(HONEST)
    data = {at for member in reference.members for at in range(member.offset, member.offset + member.size)}
    allowed = {header + at for header in headers(b"PK\x03\x04") for at in (4, 5, 10, 11, 12, 13)}
    entry = (*range(4, 8), *range(12, 16), *range(36, 42))
    allowed |= {header + at for header in headers(b"PK\x01\x02") for at in entry}
    allowed |= {header + at for header in headers(b"PK\x06\x06") for at in range(12, 16)}
    silent = set()
    for at in set(range(len(HONEST))) - data:
        mutant = bytearray(HONEST)
        mutant[at] ^= 0x02
        try:
            same = parse(bytes(mutant)) == reference
        except FormatError:
            continue
        if same:
            silent.add(at)
    assert silent == allowed


def headers(signature: bytes) -> list[int]:
    """Where the records of one kind begin."""
    return [at for at in range(len(HONEST)) if HONEST.startswith(signature, at)]
