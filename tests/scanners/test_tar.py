"""scanners.tar: members as children, links that stay inside, and torch's oldest checkpoints."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Location
from safeload.formats.archive_names import link_problem
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import ScanResult, Subject
from safeload.scanners.tar import scan
from tests.forge.archives import PAYLOAD
from tests.forge.tar import archive, header, member


def examine(data: bytes, depth: int = 0) -> ScanResult:
    location = Location(artifact="x.tar")
    return scan(Subject(view=BytesView(data), location=location, format="tar", depth=depth), DEFAULT_LIMITS)


def test_files_are_children() -> None:
    """With the names that tools give them, and their bytes."""
    result = examine(archive(member(b"./a", b"one"), member(b"d/", kind=b"5"), member(b"d/b", b"two")))
    assert result.coverage is Coverage.SCANNED
    assert [(child.name, child.view.read(0, 3)) for child in result.children] == [
        ("a", b"one"),
        ("d/b", b"two"),
    ]
    assert result.facts == result.members == ()


def test_an_archive_in_an_archive_is_nested() -> None:
    """Only there."""
    assert [fact.kind for fact in examine(archive(member(b"a")), depth=1).facts] == ["archive.nested"]


@pytest.mark.parametrize(
    ("name", "target"), [("a", "b"), ("d/a", "../b"), ("d/e/a", ".././/b"), ("a", "d/../b"), ("a", ".")]
)
def test_links_that_stay_inside(name: str, target: str) -> None:
    """They are accounted for, and nothing is wrong with them."""
    assert link_problem(name, target, {name: target}) == ""
    result = examine(archive(header(name.encode(), kind=b"2", link=target.encode())))
    assert (result.coverage, result.facts) == (Coverage.SCANNED, ())
    assert [entry.coverage for entry in result.members] == [Coverage.SCANNED]


@pytest.mark.parametrize(
    ("name", "target"),
    [("a", "/etc/passwd"), ("a", ".."), ("a", "../b"), ("d/a", "../../b"), ("a", "d/../../b"), ("a", "C:x"),
     ("a", "b\\c"), ("d/a", "..\\b"), ("a", "l/b"), ("a", "l/../b")],
)  # fmt: skip
def test_links_that_lead_out(name: str, target: str) -> None:
    """Out of the archive, or through another link, which may lead anywhere."""
    result = examine(
        archive(header(b"l", kind=b"2", link=b"d"), header(name.encode(), kind=b"2", link=target.encode()))
    )
    assert [(fact.kind, fact.data["problem"]) for fact in result.facts] == [("artifact.link", "escape")]


def test_hard_links() -> None:
    """To an earlier file of the archive, or out of it."""
    good = archive(
        member(b"a", b"x"), header(b"b", kind=b"1", link=b"./a"), header(b"c", kind=b"1", link=b"b")
    )
    assert examine(good).facts == ()
    for target in (b"later", b"/a", b"../a", b"s"):
        data = archive(
            member(b"a", b"x"),
            header(b"s", kind=b"2", link=b"a"),
            header(b"b", kind=b"1", link=target),
            member(b"later"),
        )
        assert [fact.data["problem"] for fact in examine(data).facts] == ["escape"]


@pytest.mark.parametrize("kind", [b"3", b"4", b"6"])
def test_devices_and_pipes(kind: bytes) -> None:
    """A checkpoint holds plain files."""
    result = examine(archive(header(b"a", kind=kind)))
    assert [fact.data["problem"] for fact in result.facts] == ["special"]


def test_members_behind_the_end_are_looked_into() -> None:
    """As those that hide in the data of another one, once anything is wrong."""
    result = examine(archive(member(b"a", b"x")) + member(b"hidden", PAYLOAD))
    assert result.coverage is Coverage.MALFORMED
    assert [child.name for child in result.children] == ["a", "hidden (at byte 2048)", "(behind the end)"]


def test_a_torch_tar_is_a_program() -> None:
    """Two of the names that torch asks for are enough; what its members hold is run through the machine."""
    raw = bytes(8) + b"\x80\x02" + PAYLOAD
    data = archive(member(b"pickle", b"\x80\x02N."), member(b"storages", b"\x80\x02K\x01." + raw))
    result = examine(data)
    assert result.facts[0].kind == "format.executable"
    assert result.coverage is Coverage.UNRECOGNISED
    (stream,) = result.streams
    assert (stream.location.members, stream.location.offset) == (("storages",), 13)
    assert examine(archive(member(b"pickle", b"x"), member(b"other", b"x"))).coverage is Coverage.SCANNED
