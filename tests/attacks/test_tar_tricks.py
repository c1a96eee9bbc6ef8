"""Tar archives that lead out of their folder, or that two readers take for two archives.

Links: CVE-2025-4517, CVE-2025-4330, CVE-2025-4138 (https://github.com/python/cpython/issues/135034),
CVE-2007-4559. Headers that disagree: CVE-2025-62518
(https://github.com/astral-sh/tokio-tar/security/advisories/GHSA-j5gw-2vrg-8fgx).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.archives import PAYLOAD
from tests.forge.audits import audited
from tests.forge.tar import END, archive, by_tarfile, header, member, padded, pax

if TYPE_CHECKING:
    from pathlib import Path

INNER = member(b"hidden", PAYLOAD)


def test_CVE_2025_62518(tmp_path: Path) -> None:  # noqa: N802  the identifier
    """A pax size that skips what the header's size of zero would read as members, and the reverse."""
    hidden_by_pax = archive(pax((b"size", b"%d" % len(INNER))), header(b"a", 0), INNER)
    hidden_by_header = archive(pax((b"size", b"0")), header(b"a", len(INNER)), INNER)
    for data in (hidden_by_pax, hidden_by_header):
        outcome = audited(tmp_path, data, "x.tar")
        assert "SizesDisagree" in outcome.problems
        assert "archive.ambiguous" in outcome.rules
        assert "os.system" in outcome.imports


LINKS = {
    "absolute": [header(b"a", kind=b"2", link=b"/etc/passwd")],
    "climbing": [header(b"d/a", kind=b"2", link=b"../../etc/passwd")],
    "hard": [header(b"a", kind=b"1", link=b"../../etc/passwd")],
    "hard through a link": [header(b"l", kind=b"2", link=b"."), header(b"a", kind=b"1", link=b"l/../../x")],
    "chain": [header(b"d/l", kind=b"2", link=b"."), header(b"a", kind=b"2", link=b"d/l/l/../../../x")],
    "pax": [pax((b"linkpath", b"/etc/passwd")), header(b"a", kind=b"2", link=b"b")],
    "device": [header(b"a", kind=b"3")],
}


@pytest.mark.parametrize("parts", LINKS.values(), ids=LINKS)
def test_links_out_of_the_archive(tmp_path: Path, parts: list[bytes]) -> None:
    """No reader of ours follows them, and no policy lets the archive through."""
    assert "artifact.link-escape" in audited(tmp_path, archive(*parts), "x.tar").rules


def test_files_through_a_link(tmp_path: Path) -> None:
    """A link, and a file whose name leads through it."""
    data = archive(header(b"d", kind=b"2", link=b"e"), member(b"d/x", PAYLOAD))
    outcome = audited(tmp_path, data, "x.tar")
    assert "FileUsedAsFolder" in outcome.problems
    assert "os.system" in outcome.imports


@pytest.mark.parametrize("name", [b"/tmp/x", b"../x", b"a/../../x", b"..\\x", b"C:\\x"])
def test_CVE_2007_4559(tmp_path: Path, name: bytes) -> None:  # noqa: N802  the identifier
    """Names that lead out."""
    outcome = audited(tmp_path, archive(member(name, PAYLOAD)), "x.tar")
    assert "artifact.malformed" in outcome.rules
    assert "os.system" in outcome.imports


TWO_READINGS = {
    "duplicate": ([member(b"a", b"text"), member(b"a", PAYLOAD)], "DuplicateName"),
    "folded": ([member(b"a", PAYLOAD), member(b"A", b"text")], "DuplicateName"),
    "behind the end": ([member(b"a", b"text"), END, INNER], "BytesBehindEnd"),
    "behind one block": ([member(b"a", b"text"), bytes(512), INNER], "BytesBehindEnd"),
    "sized link": ([header(b"a", len(INNER), b"2", link=b"b"), INNER], "SizeOfNoFile"),
    "two names": (
        [member(b"x", b"safe\0", b"L"), pax((b"path", b"other")), member(b"b", PAYLOAD)], "ExtensionsStack",
    ),
    "global name": ([pax((b"path", b"other"), kind=b"g"), member(b"b", PAYLOAD)], "PaxGlobal"),
    "unknown type": ([header(b"a", len(INNER), b"Z"), INNER], "TypeNotCommon"),
    "holes": ([header(b"a", len(PAYLOAD), b"S", magic=b"ustar  \0"), padded(PAYLOAD)], "SparseMember"),
    "wrong sum": ([header(b"a", len(INNER), sum_off_by=1), INNER], "HeaderSumWrong"),
    "odd number": ([header(b"a", size_field=b"0_00".ljust(12, b"\0")), INNER], "NumberBroken"),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "problem"), TWO_READINGS.values(), ids=TWO_READINGS)
def test_two_readings(tmp_path: Path, parts: list[bytes], problem: str) -> None:
    """Refused for the trick, and the danger is named with it."""
    outcome = audited(tmp_path, archive(*parts), "x.tar")
    assert problem in outcome.problems
    assert "archive.ambiguous" in outcome.rules
    assert "os.system" in outcome.imports


def test_cut_short(tmp_path: Path) -> None:
    """A reader that stops at the end of the file does not notice."""
    data = by_tarfile({"a": PAYLOAD, "b": b"text"})[:1024]
    outcome = audited(tmp_path, data, "x.tar")
    assert "NoEnd" in outcome.problems
    assert "os.system" in outcome.imports
