"""Pickles behind a codec: each one decompressed within budgets and judged like a pickle outside.

https://github.com/mmaitre314/picklescan/pull/33 and the reports about joblib's compressed files; for
bombs https://cwe.mitre.org/data/definitions/409.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.archives import PAYLOAD
from tests.forge.audits import audited
from tests.forge.compressed import WRITERS, seven_zip
from tests.forge.tar import archive, by_tarfile, member

if TYPE_CHECKING:
    from pathlib import Path

INERT = b"\x80\x04]\x94(K\x01K\x02e."
BROKEN = PAYLOAD[:-1] + b"\xff"
"""It runs its command, and then breaks."""


@pytest.mark.parametrize("codec", WRITERS)
@pytest.mark.parametrize("name", ["model.pkl", "model.pkl.gz", "config.json", "README", "data.CSV"])
def test_a_pickle_in_each_codec(tmp_path: Path, codec: str, name: str) -> None:
    """Whatever the file is called."""
    outcome = audited(tmp_path, WRITERS[codec](PAYLOAD), name)
    assert "pickle.dangerous-global" in outcome.rules
    assert outcome.imports == {"os.system"}


@pytest.mark.parametrize("codec", WRITERS)
def test_a_broken_pickle_in_each_codec(tmp_path: Path, codec: str) -> None:
    """The trick of nullifAI: an unpickler runs what stands before the broken place."""
    outcome = audited(tmp_path, WRITERS[codec](BROKEN), "x.bin")
    assert {"pickle.dangerous-global", "pickle.malformed"} <= outcome.rules


@pytest.mark.parametrize("codec", WRITERS)
@pytest.mark.parametrize("cut", [1, 2])
def test_a_stream_that_was_cut_short(tmp_path: Path, codec: str, cut: int) -> None:
    """A loader that reads as it decompresses has run the pickle before it meets the end."""
    data = WRITERS[codec](PAYLOAD + bytes(range(256)) * 64)[:-cut]
    outcome = audited(tmp_path, data, "x.bin")
    assert outcome.denied
    assert "os.system" in outcome.imports


@pytest.mark.parametrize("codec", WRITERS)
def test_a_pickle_behind_the_stream(tmp_path: Path, codec: str) -> None:
    """Some readers stop behind the first stream, others read on."""
    outcome = audited(tmp_path, WRITERS[codec](b"text\n") + PAYLOAD, "x.bin")
    assert "BytesBehindStream" in outcome.problems
    assert "os.system" in outcome.imports


@pytest.mark.parametrize("codec", sorted(set(WRITERS) - {"zlib", "lzma"}))
def test_a_pickle_in_the_second_stream(tmp_path: Path, codec: str) -> None:
    """What all readers join is read joined."""
    halves = WRITERS[codec](PAYLOAD[:9]) + WRITERS[codec](PAYLOAD[9:])
    assert "os.system" in audited(tmp_path, halves, "x.bin").imports


@pytest.mark.parametrize("codec", WRITERS)
def test_an_inert_pickle_is_judged_as_outside(tmp_path: Path, codec: str) -> None:
    """A codec makes a pickle neither better nor worse."""
    assert not audited(tmp_path, WRITERS[codec](INERT), "notes.bak").denied


@pytest.mark.parametrize("codec", WRITERS)
def test_bombs(tmp_path: Path, codec: str) -> None:
    """64 MiB of zeros are not unfolded; a pickle in front of them is still named."""
    outcome = audited(tmp_path, WRITERS[codec](PAYLOAD + bytes(64 << 20)), "x.bin")
    assert "limits.exceeded" in outcome.rules
    assert "os.system" in outcome.imports


@pytest.mark.parametrize("codec", [codec for codec in WRITERS if codec != "zlib"])
def test_compressed_again_and_again(tmp_path: Path, codec: str) -> None:
    """Twice is nested, and past the budget of nesting nothing is opened."""
    twice = WRITERS[codec](WRITERS[codec](PAYLOAD))
    outcome = audited(tmp_path, twice, "x.bin")
    assert "archive.nested" in outcome.warned
    assert "os.system" in outcome.imports
    data = PAYLOAD
    for _ in range(9):
        data = WRITERS[codec](data)
    assert "limits.exceeded" in audited(tmp_path, data, "x.bin").rules


def test_nullifai(tmp_path: Path) -> None:
    """A 7z archive with a pickle that breaks behind its payload.

    https://www.reversinglabs.com/blog/rl-identifies-malware-ml-model-hosted-on-hugging-face
    """
    outcome = audited(tmp_path, seven_zip({"model/data.pkl": BROKEN}), "pytorch_model.bin")
    assert {"pickle.dangerous-global", "pickle.malformed"} <= outcome.rules


def test_nullifai_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where py7zr is not installed the archive is refused unread."""
    from safeload.isolation import runner

    monkeypatch.setitem(runner.LIBRARIES, "unpack-7z", ("no_such_package",))
    monkeypatch.setitem(runner.REQUIRED, "unpack-7z", "no_such_package")
    outcome = audited(tmp_path, seven_zip({"data.pkl": BROKEN}))
    assert outcome.denied
    assert "artifact.unrecognised" in outcome.rules


@pytest.mark.parametrize("depth", [1, 2])
def test_archives_in_archives(tmp_path: Path, depth: int) -> None:
    """Tar in tar in a compressed file: opened, nested, and named."""
    data = PAYLOAD
    for _ in range(depth):
        data = by_tarfile({"inner": data})
    outcome = audited(tmp_path, WRITERS["gzip"](data), "x.tar.gz")
    assert ("archive.nested" in outcome.warned) == (depth > 1)
    assert "os.system" in outcome.imports


def test_an_archive_that_hides_behind_its_names(tmp_path: Path) -> None:
    """A tar archive begins with the name of its first member, which may be any other format's magic."""
    for magic in (b"\x1f\x8b\x08", b"BZh91AY&SY", b"\x89HDF\r\n\x1a\n"):
        outcome = audited(tmp_path, archive(member(magic, PAYLOAD)), "x.bin")
        assert "format.polyglot" in outcome.rules
