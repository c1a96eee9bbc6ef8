"""The child's tasks that unpack: how far they come, and why they stop, whatever the bytes."""

from __future__ import annotations

import bz2
import io
import lzma
import subprocess
import sys
from pathlib import Path

import lz4.frame
import py7zr
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.formats.view import BytesView
from safeload.isolation import decompress_task, seven_zip_task
from safeload.isolation.decompress_task import decompress
from safeload.isolation.errands import run_errand
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import Answer, Errand

DATA = b"some content\n" * 3000
WINDOW = 1 << 27
WRITERS = {
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True),
}
JOINABLE = sorted(set(WRITERS) - {"lzma"})
SKIP = b"\x50\x2a\x4d\x18\x03\0\0\0abc"


def run(codec: str, data: bytes, most: int = 1 << 20, streams: int = 9) -> tuple[str, int, bytes]:
    makers = decompress_task._makers()
    options = {"codec": codec, "most": most, "streams": streams, "window": WINDOW}
    result, payload = decompress(data, options, makers)
    assert isinstance(result["consumed"], int)
    return str(result["problem"]), result["consumed"], payload


@pytest.mark.parametrize("codec", WRITERS)
def test_one_stream(codec: str) -> None:
    """All of it, and where it ends."""
    data = WRITERS[codec](DATA)
    assert run(codec, data) == ("", len(data), DATA)
    assert run(codec, WRITERS[codec](b"")) == ("", len(WRITERS[codec](b"")), b"")


@pytest.mark.parametrize("codec", JOINABLE)
def test_joined_streams(codec: str) -> None:
    """The tools of these codecs read files that were joined as one."""
    data = WRITERS[codec](b"one") + WRITERS[codec](b"") + WRITERS[codec](b"two")
    assert run(codec, data) == ("", len(data), b"onetwo")
    assert run(codec, data, streams=2)[0] == "streams"


def test_what_stands_between_streams() -> None:
    """Frames to skip, for zstd and lz4; zeros in fours, for xz."""
    for codec in ("zstd", "lz4"):
        data = SKIP + WRITERS[codec](b"one") + SKIP + WRITERS[codec](b"two") + SKIP
        assert run(codec, data) == ("", len(data), b"onetwo")
        assert run(codec, data[:-1])[0] == "truncated"
    data = WRITERS["xz"](b"one") + bytes(8) + WRITERS["xz"](b"two") + bytes(4)
    assert run("xz", data) == ("", len(data), b"onetwo")
    assert run("xz", data + b"\0")[0] == "trailing"


@pytest.mark.parametrize("codec", WRITERS)
def test_bytes_behind(codec: str) -> None:
    """They are said, and where they begin."""
    data = WRITERS[codec](DATA)
    assert run(codec, data + b"\x80\x02.") == ("trailing", len(data), DATA)


@pytest.mark.parametrize("codec", WRITERS)
@pytest.mark.parametrize("cut", [1, 3, 20])
def test_cut_short(codec: str, cut: int) -> None:
    """Never taken for the whole."""
    assert run(codec, WRITERS[codec](DATA)[:-cut])[0] == "truncated"


@pytest.mark.parametrize("codec", ["bzip2", "xz", "zstd", "lz4"])
def test_damage_is_said_and_what_came_before_is_kept(codec: str) -> None:
    """The data of a stream whose checksum is wrong is what a loader has read by then."""
    data = bytearray(WRITERS[codec](DATA))
    at = {"bzip2": 12, "xz": -36, "zstd": -1, "lz4": -1}[codec]
    data[at] ^= 1
    problem, _, payload = run(codec, bytes(data))
    assert problem == "broken"
    assert DATA.startswith(payload)
    assert payload


@pytest.mark.parametrize("codec", WRITERS)
def test_bombs_end_at_the_budget(codec: str) -> None:
    """To the byte."""
    problem, _, payload = run(codec, WRITERS[codec](bytes(5 << 20)), most=100_000)
    assert (problem, payload) == ("too-large", bytes(100_000))
    assert run(codec, WRITERS[codec](bytes(1000)), most=1000)[0] == ""


def test_memory_has_a_budget() -> None:
    """A dictionary above it is refused before it is made."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20}]
    assert run("xz", lzma.compress(b"x", filters=filters))[0] == "memory"


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(WRITERS)), st.binary(max_size=60), st.integers(0, 200))
def test_any_bytes_give_an_answer(codec: str, noise: bytes, at: int) -> None:
    """Whatever a library raises."""
    data = bytearray(WRITERS[codec](b"abc" * 50))
    data[at : at + len(noise)] = noise
    problem, consumed, payload = run(codec, bytes(data), most=500)
    assert problem in {"", "broken", "truncated", "trailing", "too-large", "memory", "streams"}
    assert 0 <= consumed <= len(data)
    assert len(payload) <= 500


def errand(task: str, data: bytes, **options: object) -> Answer:
    return run_errand(Errand(task=task, view=BytesView(data), options=options), DEFAULT_LIMITS)  # type: ignore[arg-type]


@pytest.mark.parametrize("codec", WRITERS)
def test_in_the_closed_room(codec: str) -> None:
    """The same in a child that can open and import nothing."""
    data = WRITERS[codec](DATA)
    answer = errand("decompress", data, codec=codec, most=1 << 20, streams=9, window=WINDOW)
    assert "rlimits" in answer.room
    assert (answer.failure, answer.payload) == ("", DATA)
    assert answer.result == {"problem": "", "consumed": len(data)}


def test_a_missing_library_is_said() -> None:
    """An environment without the optional packages, as a base installation is."""
    root = str(Path(__file__).resolve().parents[2])
    code = (
        f"import sys; sys.path.append({root!r})\n"
        "from safeload.isolation import decompress_task as task\n"
        "run = task.load()\n"
        "for codec in ('zstd', 'lz4'):\n"
        "    result, _ = run(b'x', {'codec': codec, 'most': 1, 'streams': 1, 'window': 1 << 20})\n"
        "    print(codec, result['problem'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert "lz4 missing" in done.stdout
    assert "zstd missing" in done.stdout or sys.version_info >= (3, 14)


def test_options_are_numbers() -> None:
    """A slip of ours is an error, and no unbounded reading."""
    with pytest.raises(ValueError, match="most"):
        decompress(b"", {"codec": "xz", "most": True, "streams": 1, "window": 1}, {})


def seven(members: dict[str, bytes], **options: object) -> bytes:
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w", **options) as out:  # type: ignore[arg-type]
        for name, data in members.items():
            out.writestr(data, name)
    return file.getvalue()


MEMBERS = {"a": b"first", "b/c": DATA, "empty": b""}


@pytest.mark.parametrize(
    "filters",
    [
        None,
        [{"id": py7zr.FILTER_COPY}],
        [{"id": py7zr.FILTER_LZMA}],
        [{"id": py7zr.FILTER_BZIP2}],
        [{"id": py7zr.FILTER_DEFLATE}],
        [{"id": py7zr.FILTER_ZSTD}],
        [{"id": py7zr.FILTER_BROTLI, "level": 3}],
        [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    ],
)
def test_7z_members(filters: object) -> None:
    """Each with its place in the bytes, in the closed room, whatever the filters."""
    answer = errand("unpack-7z", seven(MEMBERS, filters=filters), most=1 << 20, members=9)
    assert answer.result["problem"] == ""
    listed = answer.result["members"]
    assert isinstance(listed, list)
    got = {name: answer.payload[start : start + length] for name, kind, start, length, _ in listed}
    assert got == MEMBERS


def test_7z_filters_that_need_threads_are_not_read() -> None:
    """PPMd's decoder would wait for a thread that the closed room does not give it."""
    data = seven(MEMBERS, filters=[{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 24}])
    assert errand("unpack-7z", data, most=1 << 20, members=9).result["problem"] == "method"


def test_7z_budgets() -> None:
    """Of bytes and of members; what was unpacked before is kept."""
    data = seven(MEMBERS)
    result, payload = seven_zip_task.unpack(data, {"most": 100, "members": 9})
    assert (result["problem"], len(payload)) == ("too-large", 100)
    assert seven_zip_task.unpack(data, {"most": 100, "members": 2})[0]["problem"] == "members"
    with pytest.raises(ValueError, match="options"):
        seven_zip_task.unpack(data, {"most": "1", "members": 2})


def test_7z_that_cannot_be_read() -> None:
    """Encrypted members, encrypted listings, and damage."""
    for hidden in (False, True):
        data = seven(MEMBERS, password="x", header_encryption=hidden)
        assert seven_zip_task.unpack(data, {"most": 1 << 20, "members": 9})[0]["problem"] == "encrypted"
    data = bytearray(seven(MEMBERS, filters=[{"id": py7zr.FILTER_COPY}]))
    data[33] ^= 1
    assert seven_zip_task.unpack(bytes(data), {"most": 1 << 20, "members": 9})[0]["problem"] == "broken"
    assert seven_zip_task.unpack(b"", {"most": 1, "members": 1})[0]["problem"] == "broken"
