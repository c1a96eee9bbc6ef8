"""What archives cost an audit is bounded over all of them, and honest ones pass."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from safeload.core import AuditReport, Coverage, Verdict
from safeload.limits import DEFAULT_LIMITS
from safeload.pipeline import audit, resolve_policy
from safeload.record import replace
from tests.forge.audits import audited
from tests.forge.compressed import WRITERS, seven_zip
from tests.forge.npy import header, npy
from tests.forge.safetensors import two_tensors
from tests.forge.tar import archive, by_tarfile, pax
from tests.forge.tar import header as tar_header

if TYPE_CHECKING:
    from pathlib import Path

JSON = json.dumps({"key": [1, 2.5, "text"]}).encode()
LINES = b'{"text": "one"}\n{"text": "two"}\n' * 50
"""JSON lines."""
TABLE = b"a,b\n1,2\n" * 50
ARRAY = npy(header("'<f4'"), bytes(8))
FILES = {"README.md": b"# text\n", "data/a.json": JSON, "data/b.npy": ARRAY}
HONEST = {
    "files.tar": by_tarfile(FILES),
    "files.tar.gz": WRITERS["gzip"](by_tarfile(FILES)),
    "files.tgz": WRITERS["gzip"](by_tarfile(FILES)),
    "files.tar.bz2": WRITERS["bzip2"](by_tarfile(FILES)),
    "files.tar.xz": WRITERS["xz"](by_tarfile(FILES)),
    "files.tar.zst": WRITERS["zstd"](by_tarfile(FILES)),
    "git-archive.tar.gz": WRITERS["gzip"](
        archive(pax((b"comment", b"0" * 40), kind=b"g"), tar_header(b"d/", kind=b"5"))
    ),
    "files.7z": seven_zip(FILES),
    "a.json.gz": WRITERS["gzip"](JSON),
    "notes.txt.gz": WRITERS["gzip"](b"text\n"),
    "empty.txt.gz": WRITERS["gzip"](b""),
    "train.jsonl.zst": WRITERS["zstd"](LINES),
    "train.jsonl.gz": WRITERS["gzip"](LINES),
    "table.csv.xz": WRITERS["xz"](TABLE),
    "table.csv.lzma": WRITERS["lzma"](TABLE),
    "table.csv.bz2": WRITERS["bzip2"](TABLE) + WRITERS["bzip2"](TABLE),
    "log.lz4": WRITERS["lz4"](b"line\n" * 99),
    "packed.tar": by_tarfile(
        {"train.jsonl.gz": WRITERS["gzip"](LINES), "table.csv.bz2": WRITERS["bzip2"](TABLE)}
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_archives_pass(tmp_path: Path, name: str) -> None:
    """Each is read to the last member; nothing is denied, and nothing warned about."""
    (tmp_path / name).write_bytes(HONEST[name])
    report = audit(tmp_path, policy="default")
    assert report.decision.verdict is Verdict.ALLOW
    assert report.decision.warnings == ()
    assert {artifact.coverage for artifact in report.artifacts} == {Coverage.SCANNED}


def audited_with(folder: Path, files: dict[str, bytes], **limits: int) -> AuditReport:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    policy = replace(resolve_policy("default"), limits=replace(DEFAULT_LIMITS, **limits))
    return audit(folder, policy=policy)


def exceeded(report: AuditReport) -> list[str]:
    return [
        artifact.location.name
        for artifact in report.artifacts
        if artifact.coverage is Coverage.LIMIT_EXCEEDED
    ]


def test_all_archives_of_an_audit_share_a_budget(tmp_path: Path) -> None:
    """Ten files that unfold into 100 kB each pass a budget of 1 MB, and one of 450 kB ends at the fifth."""
    files = {f"{n}.txt.gz": WRITERS["gzip"](b"%d" % n * 100_000) for n in range(10)}
    assert exceeded(audited_with(tmp_path, files, inflated_bytes=1_000_000, unpacked_total_factor=0)) == []
    late = exceeded(audited_with(tmp_path, files, inflated_bytes=450_000, unpacked_total_factor=0))
    assert late == [f"{n}.txt.gz" for n in range(4, 10)]


def test_the_budget_counts_members_of_zip_and_7z_archives(tmp_path: Path) -> None:
    """Whatever unfolds them."""
    import io
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a.txt", b"a" * 100_000)
    files = {
        "1.zip": file.getvalue(),
        "2.7z": seven_zip({"a.txt": b"a" * 100_000}),
        "3.txt.xz": WRITERS["xz"](b"a" * 100_000),
        "4.txt.gz": WRITERS["gzip"](b"a" * 100_000),
    }
    late = exceeded(audited_with(tmp_path, files, inflated_bytes=350_000, unpacked_total_factor=0))
    assert late == ["4.txt.gz"]


def test_a_source_has_budget_for_its_size(tmp_path: Path) -> None:
    """A repository of many compressed files is honest where these are large themselves."""
    files = {f"{n}.txt.gz": WRITERS["gzip"](bytes(range(33, 122)) * 1_000) for n in range(10)}
    assert exceeded(audited_with(tmp_path, files, inflated_bytes=100_000, unpacked_total_factor=1_000)) == []


def test_members_of_all_archives_share_a_budget(tmp_path: Path) -> None:
    """Small files that unfold into many are cut off, and that is said about the archive."""
    small = WRITERS["gzip"](by_tarfile({f"{i}.txt": b"x" for i in range(9)}))
    files = {f"{n}.tar.gz": small for n in range(3)}
    assert sum(map(len, files.values())) < 1024
    # a member of each compressed file, and nine of each archive
    assert exceeded(audited_with(tmp_path, files, members=30)) == []
    report = audited_with(tmp_path, files, members=29)
    assert exceeded(report) == ["2.tar.gz!2.tar"]
    assert report.decision.verdict is Verdict.DENY


def test_children_for_members_have_a_budget(tmp_path: Path) -> None:
    """A small archive of many compressed members would start a process for each."""
    members = {f"{n}.bz2": WRITERS["bzip2"](b"text\n") for n in range(4)}
    files = {"a.tar": by_tarfile(members), "b.txt.bz2": WRITERS["bzip2"](b"text\n")}
    assert exceeded(audited_with(tmp_path, files, member_errands=4)) == []
    assert exceeded(audited_with(tmp_path, files, member_errands=3)) == ["a.tar!3.bz2"]
    files = {"a.tar": by_tarfile({"a.7z": seven_zip({"a": b"x"}), "b.7z": seven_zip({"a": b"x"})})}
    assert "a.tar!b.7z" in exceeded(audited_with(tmp_path, files, member_errands=5))


def test_what_was_not_unpacked_denies(tmp_path: Path) -> None:
    """A weight file in a compressed one that is too large is not clean for that."""
    data = WRITERS["gzip"](two_tensors() + bytes(64 << 20))
    outcome = audited(tmp_path, data, "model.safetensors.gz")
    assert "limits.exceeded" in outcome.rules
