"""scanners.compressed, gzip and seven_zip: content as children, and answers that are not believed."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Location
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from safeload.scanners import Answer, Errand, ScanResult, Subject, compressed, gzip, seven_zip, unread_archive
from safeload.scanners._unpacked import inner_name
from tests.forge.compressed import WRITERS
from tests.forge.compressed import seven_zip as seven

HI = WRITERS["gzip"](b"hi")


def subject(data: bytes, kind: str, name: str = "x", **fields: object) -> Subject:
    return Subject(view=BytesView(data), location=Location(artifact=name), format=kind, **fields)  # type: ignore[arg-type]


def content(result: ScanResult) -> dict[str, bytes]:
    return {child.name: child.view.read(0, child.view.size) for child in result.children}


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("a/data.json.gz", "data.json"),
        ("x.tgz", "x.tar"),
        ("x.tar.XZ", "x.tar"),
        ("model.pkl", "model.pkl"),
        ("gz", "gz"),
        (".gz", ".gz"),
        ("x.lzma", "x"),
    ],
)
def test_the_content_is_called_what_tools_call_it(name: str, inner: str) -> None:
    """Without the extension of a codec, and with any other one."""
    assert inner_name(subject(b"", "gzip", name)) == inner


@pytest.mark.parametrize("kind", ["gzip", "zlib"])
def test_deflate_is_read_in_process(kind: str) -> None:
    """The content is one child, which is all that the file holds."""
    result = gzip.scan(subject(WRITERS[kind](b"hi"), kind, "x.txt.gz"), DEFAULT_LIMITS)
    assert (result.coverage, content(result)) == (Coverage.SCANNED, {"x.txt": b"hi"})
    assert [child.wrapped for child in result.children] == [True]
    assert result.facts == ()


def test_what_is_wrong_is_stated_with_what_was_read() -> None:
    """Cut short, another checksum, bytes behind: two readings, and the content so far."""
    for data, problem, names in (
        (HI[:-1], "StreamEndsEarly", {"x"}),
        (HI[:-1] + b"\1", "DigestDiffers", {"x"}),
        (HI + b"rest", "BytesBehindStream", {"x", "x (behind the stream)"}),
    ):
        result = gzip.scan(subject(data, "gzip", "x.gz"), DEFAULT_LIMITS)
        assert result.coverage is Coverage.MALFORMED
        assert [fact.data["problem"] for fact in result.facts] == [problem]
        assert content(result).keys() == names
        assert content(result)["x"] == b"hi"


def test_too_large_content_is_looked_at() -> None:
    """The first bytes, so that the report names more than the size."""
    limits = replace(DEFAULT_LIMITS, inflated_bytes=100)
    result = gzip.scan(subject(WRITERS["gzip"](bytes(101)), "gzip"), limits)
    assert result.coverage is Coverage.LIMIT_EXCEEDED
    assert content(result) == {"x": bytes(100)}


def test_compressed_twice_is_nested() -> None:
    """No honest file is; an archive in a compressed file is what every tar.gz is."""
    result = gzip.scan(subject(WRITERS["gzip"](WRITERS["xz"](b"hi")), "gzip", "x.gz"), DEFAULT_LIMITS)
    assert [(fact.kind, fact.location.members) for fact in result.facts] == [("archive.nested", ("x",))]
    result = gzip.scan(subject(WRITERS["gzip"](seven({})), "gzip"), DEFAULT_LIMITS)
    assert result.facts == ()


def test_two_bytes_do_not_make_a_zlib_stream() -> None:
    """What merely begins like one is not recognised, rather than called broken."""
    result = gzip.scan(subject(b"\x78\x9c\xff\xff\xff", "zlib"), DEFAULT_LIMITS)
    assert result.coverage is Coverage.UNRECOGNISED


@pytest.mark.parametrize(
    ("module", "kind"), [(gzip, "gzip"), (compressed, "xz"), (seven_zip, "7z")], ids=["gzip", "xz", "7z"]
)
def test_quick_unfolds_nothing_large(module, kind: str) -> None:
    """And says so."""
    limits = replace(DEFAULT_LIMITS, small_file_bytes=3)
    assert module.scan(subject(b"abcd", kind, read_data=False), limits).coverage is Coverage.NOT_READ


@pytest.mark.parametrize("codec", ["bzip2", "xz", "lzma", "zstd", "lz4"])
def test_a_child_is_sent_for(codec: str) -> None:
    """With the codec of the header, and the budgets."""
    data = WRITERS[codec](b"hi")
    (errand,) = compressed.scan(subject(data, "xz"), DEFAULT_LIMITS).errands
    assert (errand.task, errand.options["codec"], errand.label) == ("decompress", codec, codec)
    assert errand.options["most"] == 1 << 20


def test_of_what_says_that_it_is_too_large_little_is_read() -> None:
    """Enough to see what it begins with."""
    limits = replace(DEFAULT_LIMITS, inflate_ratio=1 << 30)
    data = WRITERS["zstd"](bytes(40 << 20))
    (errand,) = compressed.scan(subject(data, "zstd"), limits).errands
    assert errand.options["most"] == 1 << 20


def concluded(answer: Answer, data: bytes = HI) -> ScanResult:
    errand = Errand(task="decompress", view=BytesView(data), options={"most": 9}, label="zstd")
    return compressed.conclude(subject(data, "zstd", "x.zst"), errand, answer, DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("problem", "coverage", "facts"),
    [
        ("", Coverage.SCANNED, []),
        ("broken", Coverage.MALFORMED, []),
        ("truncated", Coverage.MALFORMED, ["StreamEndsEarly"]),
        ("trailing", Coverage.MALFORMED, ["BytesBehindStream"]),
        ("too-large", Coverage.LIMIT_EXCEEDED, []),
        ("memory", Coverage.LIMIT_EXCEEDED, []),
        ("streams", Coverage.LIMIT_EXCEEDED, []),
    ],
)
def test_what_a_child_may_say(problem: str, coverage: Coverage, facts: list[str]) -> None:
    """Each word of the closed list; the content is a child in any case."""
    result = concluded(Answer(result={"problem": problem, "consumed": 3}, payload=b"content"))
    assert result.coverage is coverage
    assert [fact.data["problem"] for fact in result.facts] == facts
    assert content(result)["x"] == b"content"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"problem": "fine", "consumed": 0},
        {"problem": ["broken"], "consumed": 0},
        {"problem": "", "consumed": -1},
        {"problem": "", "consumed": 1000},
        {"problem": "", "consumed": True},
        {"problem": "", "consumed": "3"},
    ],
)
def test_what_makes_no_sense_is_refused(answer: dict[str, object]) -> None:
    """A child that read hostile bytes may say anything."""
    result = concluded(Answer(result=answer, payload=b"content"))  # type: ignore[arg-type]
    assert result.coverage is Coverage.MALFORMED
    assert result.children == ()


def test_why_there_is_no_answer() -> None:
    """A budget, a crash, or a library that is missing, with the line that helps."""
    assert concluded(Answer(failure="used up 5 s", exceeded=True)).coverage is Coverage.LIMIT_EXCEEDED
    assert concluded(Answer(failure="ended by signal 11")).coverage is Coverage.MALFORMED
    missing = concluded(Answer(result={"problem": "missing", "consumed": 0}))
    assert missing.coverage is Coverage.UNRECOGNISED
    assert "pip install 'safeload[codecs]'" in missing.reason


def unpacked(answer: Answer) -> ScanResult:
    data = seven({"a": b"x"})
    errand = Errand(task="unpack-7z", view=BytesView(data), options={"most": 9})
    return seven_zip.conclude(subject(data, "7z"), errand, answer, DEFAULT_LIMITS)


def listing(*entries: object, problem: str = "", payload: bytes = b"abcdef") -> Answer:
    return Answer(result={"problem": problem, "members": list(entries)}, payload=payload)  # type: ignore[dict-item]


def test_members_of_a_7z_archive() -> None:
    """Files are children; links are followed inside the archive only; devices are refused."""
    result = unpacked(
        listing(
            ["d", "folder", 0, 0, False],
            ["d/a", "file", 0, 2, True],
            ["l", "link", 2, 3, True],
            ["out", "link", 5, 1, True],
            ["dev", "other", 0, 0, False],
            payload=b"hid/a/",
        )
    )
    assert content(result) == {"d/a": b"hi"}
    assert {member.name: member.coverage for member in result.members} == {
        "l": Coverage.SCANNED, "out": Coverage.NOT_READ, "dev": Coverage.NOT_READ,
    }  # fmt: skip
    assert [fact.data["problem"] for fact in result.facts] == ["escape", "special"]


@pytest.mark.parametrize(
    ("problem", "coverage"),
    [
        ("broken", Coverage.MALFORMED),
        ("anti", Coverage.MALFORMED),
        ("too-large", Coverage.LIMIT_EXCEEDED),
        ("members", Coverage.LIMIT_EXCEEDED),
        ("encrypted", Coverage.UNRECOGNISED),
        ("method", Coverage.UNRECOGNISED),
        ("other", Coverage.MALFORMED),
    ],
)
def test_what_may_be_wrong_with_a_7z_archive(problem: str, coverage: Coverage) -> None:
    """Never clean."""
    result = unpacked(listing(["a", "file", 0, 2, True], problem=problem))
    assert result.coverage is coverage


@pytest.mark.parametrize(
    "entry",
    [
        "a", [], ["a", "file", 0, 2], [1, "file", 0, 2, True], ["a", "pipe", 0, 2, True],
        ["a", ["file"], 0, 2, True], ["a", "file", -1, 2, True], ["a", "file", 0, -2, True],
        ["a", "file", 5, 2, True], ["a", "file", 0, 7, True], ["a", "file", 0.0, 2, True],
        ["a", "file", 0, True, True], ["a", "file", 0, 2, 1],
    ],
)  # fmt: skip
def test_listings_that_make_no_sense_are_refused(entry: object) -> None:
    """Every name, kind and number is checked against the bytes that came along."""
    result = unpacked(listing(entry))
    assert (result.coverage, result.children) == (Coverage.MALFORMED, ())


def test_members_do_not_share_bytes() -> None:
    """Twenty thousand members of the same bytes would be a bomb made by the child."""
    entry = ["a", "file", 0, 4, True]
    assert unpacked(listing(entry, entry)).coverage is Coverage.MALFORMED


def test_names_in_7z_archives() -> None:
    """The rules of names hold here as well."""
    for name in ("../a", "/a", "a\\b", "a\nb"):
        assert unpacked(listing([name, "file", 0, 2, True])).coverage is Coverage.MALFORMED
    twice = listing(["a", "file", 0, 2, True], ["A", "file", 2, 2, True])
    assert [fact.kind for fact in unpacked(twice).facts] == ["archive.ambiguous"]


def test_7z_without_its_library() -> None:
    """Named and refused, with the line that helps."""
    result = unpacked(Answer(failure="py7zr is not installed"))
    assert result.coverage is Coverage.UNRECOGNISED
    assert "pip install 'safeload[codecs]'" in result.reason
    assert unpacked(Answer(failure="no answer", exceeded=True)).coverage is Coverage.LIMIT_EXCEEDED
    assert unpacked(Answer(failure="ended by signal 9")).coverage is Coverage.MALFORMED


def test_a_broken_signature_is_said_and_the_members_are_looked_for() -> None:
    """A lenient reader may find them."""
    data = seven({"a": b"x"}) + b"behind"
    result = seven_zip.scan(subject(data, "7z"), DEFAULT_LIMITS)
    assert (result.coverage, len(result.errands)) == (Coverage.MALFORMED, 1)
    assert [fact.kind for fact in result.facts] == ["archive.ambiguous"]


@pytest.mark.parametrize("kind", unread_archive.FORMATS)
@pytest.mark.parametrize("depth", [0, 1])
def test_archives_that_nothing_opens(kind: str, depth: int) -> None:
    """Never clean; inside another archive it is nested as well."""
    result = unread_archive.scan(subject(b"", kind, depth=depth), DEFAULT_LIMITS)
    assert result.coverage is Coverage.UNRECOGNISED
    assert result.reason.startswith(kind)
    assert [fact.kind for fact in result.facts] == ["archive.nested"] * depth
