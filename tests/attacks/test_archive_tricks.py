"""Archives that are read differently by two readers, or that hold what no reader expects."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.forge.archives import ONE_TENSOR, PAYLOAD, TWO_FLOATS, Part, build, plain, torch_parts
from tests.forge.audits import audited

if TYPE_CHECKING:
    from pathlib import Path

EVIL = Part(b"archive/data.pkl", PAYLOAD)
GOOD = torch_parts(ONE_TENSOR, {"0": TWO_FLOATS})


@pytest.mark.parametrize("parts", [[EVIL, *GOOD], [*GOOD, EVIL]], ids=["first", "last"])
def test_duplicate_members(tmp_path: Path, parts: list[Part]) -> None:
    """Some readers take the first of two equal names, others the last: both are looked into."""
    outcome = audited(tmp_path, build(parts))
    assert outcome.problems == {"DuplicateName"}
    assert "os.system" in outcome.imports


@pytest.mark.parametrize("name", [b"archive/DATA.PKL", b"archive/Data.pkl", b"ARCHIVE/data.pkl"])
def test_folded_names(tmp_path: Path, name: bytes) -> None:
    """A loader that ignores case finds a pickle that others do not see."""
    outcome = audited(tmp_path, build([Part(name, PAYLOAD), *torch_parts(b"", {})[1:]]))
    assert outcome.denied
    assert "os.system" in outcome.imports


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (PAYLOAD + build(GOOD), ""),
        (build(GOOD, prefix=PAYLOAD), ""),
        (build([EVIL], prefix=b"#!/bin/sh\n"), "LeadingBytes"),
        (build([EVIL]) + build(GOOD), "EndRecordsDisagree"),
        (build([EVIL]) + build(GOOD, zip64=False), "DirectoryMisplaced"),
        (build(GOOD, prefix=build([EVIL])), "LeadingBytes"),
        (build([EVIL]) + build([])[-22:], "DirectoryMisplaced"),
        (build([EVIL], trailing=b"\0" * 70_000), ""),
        (build([EVIL], trailing=b"\0"), "TrailingBytes"),
        (build([EVIL], comment=b"PK"), "ArchiveComment"),
        (build([EVIL], gap=build(GOOD)), "GapBetweenMembers"),
    ],
)
def test_surrounded_archives(tmp_path: Path, data: bytes, problem: str) -> None:
    """Bytes before, between and behind: readers that search differ in which archive they find.

    A file that starts as a pickle and ends as an archive is refused for that alone.
    """
    outcome = audited(tmp_path, data)
    assert outcome.denied
    assert problem in outcome.problems or not problem
    assert "os.system" in outcome.imports


def zipped(**members: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return sink.getvalue()


def test_nested_archives(tmp_path: Path) -> None:
    """An archive in a deflated member of an archive is opened, and said to be nested."""
    outcome = audited(tmp_path, zipped(inner=zipped(weights=PAYLOAD)))
    assert "archive.nested" in outcome.warned
    assert "os.system" in outcome.imports


def test_nesting_has_a_budget(tmp_path: Path) -> None:
    """Past the budget the inmost archive is not opened, and that denies."""
    data = zipped(weights=PAYLOAD)
    for _ in range(5):
        data = zipped(inner=data)
    outcome = audited(tmp_path, data)
    assert outcome.denied
    assert "limit-exceeded" in outcome.coverages


def test_bombs(tmp_path: Path) -> None:
    """A member of 64 MiB zeros in 64 KiB is not inflated; the pickle beside it is still found."""
    outcome = audited(tmp_path, zipped(zeros=bytes(64 << 20), weights=PAYLOAD))
    assert outcome.denied
    assert "limit-exceeded" in outcome.coverages
    assert "os.system" in outcome.imports


@pytest.mark.parametrize("name", ["constants.pkl", "code/__torch__.py", "CONSTANTS.PKL"])
def test_torchscript(tmp_path: Path, name: str) -> None:
    """A checkpoint with code in it is a program: torch.load would hand it to torch.jit.load."""
    outcome = audited(tmp_path, build([*GOOD, Part(b"archive/" + name.encode(), PAYLOAD)]))
    assert "format.executable" in outcome.rules


@pytest.mark.parametrize("name", ["version", "byteorder", ".data/serialization_id", "data/1"])
def test_pickle_in_an_unexpected_member(tmp_path: Path, name: str) -> None:
    """Members that hold a digit or a word, or that nothing refers to, are held to that."""
    name = f"archive/{name}"
    parts = [part for part in torch_parts(ONE_TENSOR, {"0": TWO_FLOATS}) if part.name != name.encode()]
    outcome = audited(tmp_path, build([*parts, Part(name.encode(), PAYLOAD)]))
    assert outcome.denied
    assert "malformed" in outcome.coverages
    assert "os.system" in outcome.imports


def test_names_that_climb(tmp_path: Path) -> None:
    """A name that leaves the folder on extraction is refused, and its content named."""
    outcome = audited(tmp_path, build([plain("../../x.pkl", PAYLOAD)]))
    assert outcome.denied
    assert "os.system" in outcome.imports


def test_seven_zip(tmp_path: Path) -> None:
    """What is not opened counts as unknown, never as clean."""
    assert audited(tmp_path, b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(64)).denied
