"""formats.appended_zip: stored members behind a model, and the same ones for every reader of zip."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.appended_zip import NotAppended, read_appended
from safeload.formats.identify import identify
from safeload.formats.view import BytesView
from safeload.pipeline import audit
from tests.forge.tflite import model

if TYPE_CHECKING:
    from pathlib import Path

MODEL = model()


def appended(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    """A model with an archive behind it, as the writers of such models make it."""
    target = io.BytesIO(MODEL)
    with zipfile.ZipFile(target, "a", method) as archive:
        archive.comment = comment
        for name, data in members:
            archive.writestr(name, data)
    return target.getvalue()


TWO = appended(("labels.txt", b"cat\ndog\n"), ("é.txt", b"x" * 300))


def test_members_of_a_model() -> None:
    """Names and places are those that zipfile has."""
    first, members = read_appended(BytesView(TWO))
    assert first == len(MODEL)
    assert [(item.name, TWO[item.offset : item.offset + item.size]) for item in members] == [
        ("labels.txt", b"cat\ndog\n"),
        ("é.txt", b"x" * 300),
    ]
    assert identify(BytesView(TWO), "m.tflite").formats == ("tflite",)


def test_a_model_without_any() -> None:
    """The whole file is the model."""
    assert read_appended(BytesView(MODEL)) == (len(MODEL), ())
    assert read_appended(BytesView(b"")) == (0, ())


def changed(at: int, value: bytes, data: bytes = TWO) -> bytes:
    """The file with some bytes changed; places before the start count from the end."""
    at %= len(data)
    return data[:at] + value + data[at + len(value) :]


CENTRAL = TWO.index(b"PK\x01\x02")


@pytest.mark.parametrize(
    "data",
    [
        appended(("a", b"x" * 99), method=zipfile.ZIP_DEFLATED),
        appended(("a", b"x"), ("A", b"y")),
        appended(),
        changed(-22 + 4, b"\1"), changed(-22 + 10, b"\1"), changed(-22 + 16, b"\0\0\0\0"),
        changed(len(MODEL), b"XX"), changed(len(MODEL) + 6, b"\1"), changed(len(MODEL) + 30, b"Labels"),
        changed(CENTRAL, b"XX"), changed(CENTRAL + 8, b"\1"), changed(CENTRAL + 24, b"\7"),
        changed(CENTRAL + 42, struct.pack("<I", len(MODEL) + 1)), changed(CENTRAL + 30, b"\1"),
        MODEL + b"PK\5\6" + bytes(18),
    ],
)  # fmt: skip
def test_other_archives(data: bytes) -> None:
    """Compressed, twice the same name, none, headers that differ, gaps: refused."""
    with pytest.raises(NotAppended):
        read_appended(BytesView(data))


def test_too_many_members() -> None:
    """Members are counted before they are read."""
    with pytest.raises(LimitExceeded):
        read_appended(BytesView(appended(*[(str(at), b"") for at in range(101)])))


def test_every_changed_byte() -> None:
    """Whatever one byte is changed to, the members are those of zipfile, or it is a FormatError."""
    for at in range(len(MODEL), len(TWO)):
        data = changed(at, bytes((TWO[at] ^ 0x41,)))
        try:
            _, members = read_appended(BytesView(data))
        except FormatError:
            continue
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                theirs = [(item.filename, item.file_size) for item in archive.infolist()]
        except (NotImplementedError, zipfile.BadZipFile):
            continue  # a version that it does not read, or no archive any more
        assert [(item.name, item.size) for item in members] == theirs


def test_a_pickle_among_the_members(tmp_path: Path) -> None:
    """Members are judged one by one; labels are labels."""
    (tmp_path / "m.tflite").write_bytes(TWO)
    assert audit(tmp_path, policy="default").decision.verdict.value == "ALLOW"
    (tmp_path / "m.tflite").write_bytes(appended(("labels.txt", b"cos\nsystem\n(S'x'\ntR.")))
    rules = {reason.finding.rule for reason in audit(tmp_path, policy="default").decision.denials}
    assert "pickle.dangerous-global" in rules


def test_an_archive_that_does_not_end_the_file() -> None:
    """With a comment, or with something behind it, the file has two readings and is refused as such."""
    for data in (appended(("a", b"x"), comment=b"c"), TWO + b"\0"):
        assert identify(BytesView(data), "m.tflite").formats == ("tflite", "zip")
