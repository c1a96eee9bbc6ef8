"""formats.tar: what every reader sees, and each way in which two of them could differ."""

from __future__ import annotations

import io
import tarfile
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.formats import tar_errors as wrong
from safeload.formats.archive_names import FileUsedAsFolder, NameTooDeep
from safeload.formats.tar import Tar, read_tar
from safeload.formats.tar_salvage import find_files
from safeload.formats.view import BytesView, Truncated
from safeload.formats.zip_names import BackslashName, DuplicateName, NameNotText, NameTooLong, UnsafeName
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.tar import END, archive, by_tarfile, header, member, padded, pax, record

FORMS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
PARTS = st.text(st.sampled_from("abcxyz é0_-"), min_size=1, max_size=60).filter(
    lambda part: part == part.strip() and part.isprintable()
)
NAMES = st.lists(PARTS, min_size=1, max_size=6).map("/".join)


def read(data: bytes, **limits: int) -> Tar:
    return read_tar(BytesView(data), replace(DEFAULT_LIMITS, **limits))


def found(data: bytes, **limits: int) -> list[type]:
    return [type(problem) for problem in read(data, **limits).problems]


@pytest.mark.parametrize("form", FORMS)
def test_what_the_standard_library_writes(form: int) -> None:
    """All three formats give names, sizes and places as they were written."""
    members = {"config.json": b"{}", "sub/weights": b"x" * 1000, "empty": b""}
    data = by_tarfile(members, form)
    result = read(data)
    assert result.problems == ()
    assert {m.name: data[m.offset : m.offset + m.size] for m in result.members} == members


@settings(max_examples=60)
@given(st.dictionaries(NAMES, st.binary(max_size=700), max_size=5), st.sampled_from(FORMS[1:]))
def test_an_archive_is_read_as_it_was_built(members: dict[str, bytes], form: int) -> None:
    """Names of any length survive, in the GNU and the pax way; collisions are the only thing refused."""
    data = by_tarfile(members, form)
    result = read(data)
    assert set(map(type, result.problems)) <= {DuplicateName, FileUsedAsFolder}
    assert [(m.name, data[m.offset : m.offset + m.size]) for m in result.members] == list(members.items())


@settings(max_examples=60)
@given(st.data())
def test_every_prefix_is_said_to_be_one(data: st.DataObject) -> None:
    """An archive that was cut short has a problem, wherever that happened."""
    whole = archive(member(b"a", b"x" * 600), pax((b"path", b"b")), member(b"x", b"y"))
    cut = data.draw(st.integers(0, len(whole) - 1025))
    assert read(whole[:cut]).problems


def test_links_and_folders() -> None:
    """Kinds and targets; a folder may be listed twice, and the root is no member."""
    result = read(
        archive(
            member(b"./", kind=b"5"),
            member(b"./d/", kind=b"5"),
            member(b"d/", kind=b"5"),
            member(b"d/old/", kind=b"\0", magic=bytes(8)),
            member(b"./d/f", b"data", b"7"),
            member(b"d/s", kind=b"2", link=b"f"),
            member(b"h", kind=b"1", link=b"d/f"),
            member(b"p", kind=b"6"),
        )
    )
    assert result.problems == ()
    assert [(m.name, m.kind, m.target) for m in result.members] == [
        ("d", "folder", ""), ("d", "folder", ""), ("d/old", "folder", ""), ("d/f", "file", ""),
        ("d/s", "symlink", "f"), ("h", "hardlink", "d/f"), ("p", "special", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "size_field",
    [
        b"00000000003\0",
        b"          3\0",
        b"3".ljust(12, b"\0"),
        b"\x80".ljust(11, b"\0") + b"\3",
        b"000000000003",
    ],
)
def test_the_ways_to_write_a_number(size_field: bytes) -> None:
    """Octal with zeros, with blanks, ended early or not at all, and base 256."""
    result = read(archive(header(b"f", size_field=size_field), padded(b"abc")))
    assert result.problems == ()
    assert result.members[0].size == 3


def test_sums_of_signed_bytes() -> None:
    """Some old writers summed up signed bytes, and all readers take that."""
    name = "é".encode()
    high = sum(byte > 127 for byte in header(name))
    assert found(archive(header(name, sum_off_by=-256 * high))) == []


def test_one_block_of_zeros_is_an_end() -> None:
    """Readers take it for one; what follows, if it is zeros, does not matter."""
    assert found(member(b"f", b"x") + bytes(512)) == []
    assert found(archive(member(b"f", b"x")) + bytes(9_000)) == []


def test_sizes_beyond_octal_come_from_pax() -> None:
    """A file of 8 GiB and more has its size in pax alone: that is no disagreement."""
    data = archive(pax((b"size", b"%d" % (8 << 30))), header(b"big", 0))
    assert found(data) == [wrong.MemberEndsEarly]


LONG = member(b"././@LongLink", b"n\0", b"L")
CASES = {
    "sum": (header(b"f", sum_off_by=1) + END, wrong.HeaderSumWrong),
    "second header": (archive(member(b"a"), b"x" * 512), wrong.HeaderSumWrong),
    "size": (archive(header(b"f", size_field=b"0x1".ljust(12, b"\0"))), wrong.NumberBroken),
    "size with an underscore": (archive(header(b"f", size_field=b"0000000_1_0\0")), wrong.NumberBroken),
    "size with a sign": (archive(header(b"f", size_field=b"-1".ljust(12, b"\0"))), wrong.NumberBroken),
    "size below zero": (archive(header(b"f", size_field=b"\xff" * 12)), wrong.NumberBroken),
    "mode": (archive(header(b"f", mode=b"rw-rw-r-")), wrong.NumberBroken),
    "nothing": (b"", wrong.NoEnd),
    "half a block": (member(b"f") + b"\0" * 511, wrong.NoEnd),
    "no end": (member(b"f", b"x"), wrong.NoEnd),
    "behind the end": (archive(member(b"f")) + b"x", wrong.BytesBehindEnd),
    "member behind one block": (member(b"f") + bytes(512) + member(b"g") + END, wrong.BytesBehindEnd),
    "data": (header(b"f", 1), wrong.MemberEndsEarly),
    "sizes": (archive(pax((b"size", b"1")), header(b"f", 0), padded(b"x")), wrong.SizesDisagree),
    "sized link": (archive(header(b"f", 1, b"2", link=b"g")), wrong.SizeOfNoFile),
    "sized folder": (archive(header(b"d/", 1, b"0")), wrong.SizeOfNoFile),
    "volume": (archive(header(b"f", 0, b"V")), wrong.TypeNotCommon),
    "type": (archive(header(b"f", 0, b"Z")), wrong.TypeNotCommon),
    "sparse": (archive(header(b"f", 0, b"S", magic=b"ustar  \0")), wrong.SparseMember),
    "sparse in pax": (archive(pax((b"GNU.sparse.major", b"1")), header(b"f")), wrong.SparseMember),
    "prefix": (archive(header(b"f", magic=b"ustar  \0", prefix=b"p")), wrong.PrefixNotPosix),
    "pax length": (archive(member(b"x", b"9 a=b\n", b"x"), header(b"f")), wrong.PaxBroken),
    "pax without length": (archive(member(b"x", b"a=b\n", b"x"), header(b"f")), wrong.PaxBroken),
    "pax zero length": (archive(member(b"x", b"0 a=b\n", b"x"), header(b"f")), wrong.PaxBroken),
    "pax without key": (archive(pax((b"", b"b")), header(b"f")), wrong.PaxBroken),
    "pax key": (archive(pax((b"\xff", b"b")), header(b"f")), wrong.PaxBroken),
    "pax twice": (archive(pax((b"a", b"1"), (b"a", b"2")), header(b"f")), wrong.PaxBroken),
    "pax size": (archive(pax((b"size", b"+1")), header(b"f")), wrong.PaxBroken),
    "pax global": (archive(pax((b"path", b"g"), kind=b"g"), header(b"f")), wrong.PaxGlobal),
    "two pax": (archive(pax((b"a", b"1")), pax((b"b", b"1")), header(b"f")), wrong.ExtensionsStack),
    "pax and long name": (archive(pax((b"a", b"1")), LONG, header(b"f")), wrong.ExtensionsStack),
    "two long names": (archive(LONG, LONG, header(b"f")), wrong.ExtensionsStack),
    "global in between": (
        archive(LONG, pax((b"a", b"1"), kind=b"g"), header(b"f")), wrong.ExtensionsStack,
    ),
    "extension alone": (archive(pax((b"a", b"1"))), wrong.ExtensionAlone),
    "long name": (archive(member(b"x", b"n\0m", b"L"), header(b"f")), wrong.LongNameBroken),
    "extension cut": (header(b"x", 600, b"x") + b"x", Truncated),
    "duplicate": (archive(header(b"a"), header(b"./a")), DuplicateName),
    "folded duplicate": (archive(header(b"a"), header(b"A")), DuplicateName),
    "normal forms": (archive(header("é".encode()), header("e\u0301".encode())), DuplicateName),
    "file as folder": (archive(header(b"a"), header(b"a/b")), FileUsedAsFolder),
    "folder as file": (archive(header(b"a/b"), header(b"a")), FileUsedAsFolder),
    "link as folder": (archive(header(b"a", kind=b"2", link=b"b"), header(b"a/b")), FileUsedAsFolder),
    "folder and file": (archive(header(b"a"), header(b"A/", kind=b"5")), FileUsedAsFolder),
    "absolute": (archive(header(b"/a")), UnsafeName),
    "climbing": (archive(header(b"a/../../b")), UnsafeName),
    "climbing in pax": (archive(pax((b"path", b"../b")), header(b"b")), UnsafeName),
    "climbing prefix": (archive(header(b"b", prefix=b"..")), UnsafeName),
    "drive": (archive(header(b"C:a")), UnsafeName),
    "backslash": (archive(header(b"a\\b")), BackslashName),
    "control": (archive(header(b"a\nb")), NameNotText),
    "latin": (archive(header(b"\xe9")), NameNotText),
    "no name": (archive(header(b"")), NameNotText),
    "deep": (archive(pax((b"path", b"d/" * 40 + b"f")), header(b"f")), NameTooDeep),
    "long": (archive(pax((b"path", b"n" * 2_000)), header(b"f")), NameTooLong),
}  # fmt: skip


@pytest.mark.parametrize(("data", "error"), CASES.values(), ids=CASES)
def test_each_way_to_be_wrong(data: bytes, error: type) -> None:
    """The smallest bytes for each, and nothing else is said to be wrong."""
    assert found(data) == [error]


def test_budgets() -> None:
    """Members, and the size of what stands in front of one."""
    assert found(archive(header(b"a"), header(b"b")), tar_members=1) == [wrong.TooManyMembers]
    assert found(archive(pax((b"a", b"b" * 600))), tar_header_bytes=600) == [wrong.ExtensionTooLarge]
    assert len(read(archive(*[header(b"a/../b")] * 200)).problems) == 64


def test_reading_goes_on_where_it_can() -> None:
    """A doubt about one member does not hide the next one."""
    data = archive(header(b"f", 0, b"Z"), member(b"g", b"x"))
    assert [entry.name for entry in read(data).members] == ["f", "g"]


def test_maps_of_sparse_members_are_stepped_over() -> None:
    """The data of an old GNU sparse member stands behind its maps."""
    first = bytearray(header(b"f", 1, b"S", magic=b"ustar  \0"))
    first[482] = 1
    total = sum(first) - sum(first[148:156]) + 256
    first[148:156] = b"%06o\0 " % total
    data = archive(bytes(first), bytes(512), padded(b"x"), member(b"g"))
    entries = read(data).members
    assert [(entry.name, entry.offset) for entry in entries] == [("f", 1024), ("g", 2048)]


def test_hidden_members_are_found() -> None:
    """A header in the data of another member, or behind the end, is what some other reader starts at."""
    inner = member(b"hidden", b"evil")
    data = archive(member(b"f", inner)) + inner
    names = [entry.name for entry in find_files(BytesView(data), read(data).headers)]
    assert names == ["hidden (at byte 512)", "hidden (at byte 2560)"]


def test_record_lengths_count_themselves() -> None:
    """The builder of the tests agrees with the standard library."""
    data = archive(pax((b"path", b"p" * 93)), header(b"f"))
    assert record(b"a", b"b") == b"7 a=b\n".replace(b"7", b"6")
    with tarfile.open(fileobj=io.BytesIO(data)) as other:
        assert other.getnames() == ["p" * 93] == [entry.name for entry in read(data).members]


REFUSED_BY_FILTER = {
    "absolute link": archive(header(b"a", kind=b"2", link=b"/etc/passwd")),
    "climbing": archive(header(b"../a")),
    "climbing link": archive(header(b"a", kind=b"2", link=b"../x")),
    "climbing hard link": archive(header(b"a", kind=b"1", link=b"../x")),
    "device": archive(header(b"a", kind=b"3")),
    "pipe": archive(header(b"a", kind=b"6")),
}


@pytest.mark.parametrize("data", REFUSED_BY_FILTER.values(), ids=REFUSED_BY_FILTER)
def test_what_the_data_filter_refuses(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever `tarfile.data_filter` refuses, the scanner refuses too."""
    from safeload.core import Coverage, Location
    from safeload.scanners import Subject
    from safeload.scanners.tar import scan

    folder = tmp_path_factory.mktemp("out")
    with tarfile.open(fileobj=io.BytesIO(data)) as other, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(tarfile.FilterError):
            tarfile.data_filter(other.getmembers()[0], str(folder))
    subject = Subject(view=BytesView(data), location=Location(artifact="x"), format="tar")
    result = scan(subject, DEFAULT_LIMITS)
    escapes = [fact for fact in result.facts if fact.kind == "artifact.link"]
    assert escapes or result.coverage is Coverage.MALFORMED
