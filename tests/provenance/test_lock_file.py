"""The files are those that the lock holds, or it is said which are not."""

from __future__ import annotations

import hashlib

import pytest

from safeload.core import Manifest, ManifestEntry, Role, Status
from safeload.provenance import BoundFile, Case, Held, collect_evidence, lock_file
from safeload.record import replace
from safeload.sources.blobs import ChangedWhileRead
from tests.forge.locks import COMMIT, POLICY, locked, subject

FILES = {"config.json": b"{}", "model.safetensors": b"weights", "sub/vocab.txt": b"a\nb\n", "empty": b""}
ENTRY = subject(
    line=3,
    files={path: locked(content, line=10 + at) for at, (path, content) in enumerate(FILES.items())},
)


def bound(content: bytes, *, digest: bool = True, read: bool = True) -> BoundFile:
    sha256 = hashlib.sha256(content).hexdigest() if digest else None
    return BoundFile(size=len(content), chunks=(lambda: iter([content])) if read else None, sha256=sha256)


SAME = {path: bound(content) for path, content in FILES.items()}


def case(files, *, names=None, handed_out=None, commit=None, entry=ENTRY, policy=("default", POLICY)):
    entries = tuple(ManifestEntry(path=path, size=0, role=Role.OTHER) for path in sorted(names or files))
    return Case(
        manifest=Manifest(uri="file:/m", entries=entries, commit=commit),
        now=0.0,
        files=files,
        handed_out=handed_out,
        held=Held(source="safeload.lock", digest="sha256:d", subject=entry, policy=policy),
    )


def collect(*args, **more):
    """What the collector says of these files."""
    found = case(*args, **more)
    evidence, facts = lock_file.collect(found, found.held)
    assert (evidence.kind, evidence.subject, evidence.basis) == ("lock", "file:/m", "sha256:d")
    assert (evidence.level, evidence.required) == ("none", "none")
    assert (evidence.code == "named") is (evidence.status is Status.INVALID) is bool(facts)
    assert {fact.kind for fact in facts} <= {"integrity.mismatch"}
    return evidence, [(fact.location.artifact, fact.data["problem"], fact.data["detail"]) for fact in facts]


def test_files_of_the_lock():
    """By digests that were taken, and of files in memory by ours."""
    for files in (SAME, {path: bound(content, digest=False) for path, content in FILES.items()}):
        evidence, _ = collect(files)
        assert evidence.status is Status.VERIFIED
        assert evidence.detail == "4 of 4 files were compared, each is the one that safeload.lock:3 holds"


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("digest", [True, False])
def test_a_changed_file_is_named(path, digest):
    """Of the same size and of another, in any place, with its line in the lock."""
    line = ENTRY.files[path].line
    same_size = bytes(byte ^ 1 for byte in FILES[path])
    for content in {same_size, FILES[path] + b"!"} - {FILES[path]}:
        evidence, facts = collect(SAME | {path: bound(content, digest=digest)})
        ((place, problem, detail),) = facts
        assert (place, problem, evidence.status) == (path, "content", Status.INVALID)
        assert f"safeload.lock:{line} holds" in detail
        assert f"{path} {detail}" in evidence.detail


def test_too_many_and_too_few():
    """A file that nobody locked, one that is gone, and one that cannot be read."""
    assert collect(SAME | {"new.bin": bound(b"")})[1] == [
        ("new.bin", "extra", "is no file of safeload.lock:3")
    ]
    fewer = {path: file for path, file in SAME.items() if path != "config.json"}
    ((path, problem, detail),) = collect(fewer)[1]
    assert (path, problem) == ("config.json", "missing")
    assert detail == "is missing here, and safeload.lock:10 holds it"
    ((path, problem, _),) = collect(fewer, names=FILES)[1]
    assert (path, problem) == ("config.json", "unread")


def test_renamed_and_swapped_files():
    """The same bytes under another name are two mismatches, and so are two files that changed places."""
    renamed = {("config2.json" if path == "config.json" else path): file for path, file in SAME.items()}
    assert [fact[:2] for fact in collect(renamed)[1]] == [
        ("config2.json", "extra"),
        ("config.json", "missing"),
    ]
    swapped = SAME | {"empty": SAME["config.json"], "config.json": SAME["empty"]}
    assert [fact[:2] for fact in collect(swapped)[1]] == [("config.json", "content"), ("empty", "content")]


def test_what_a_load_does_not_read():
    """Large files that a tokenizer does not want: their names and sizes count, and the evidence says so."""
    files = SAME | {"model.safetensors": bound(b"WEIGHTS", digest=False, read=False)}
    evidence, _ = collect(files, handed_out=frozenset({"config.json"}))
    assert evidence.status is Status.VERIFIED
    assert evidence.detail == (
        "3 of 4 files were compared, each is the one that safeload.lock:3 holds; 1 that this load does not "
        "hand out were not, but for names and sizes"
    )
    longer = SAME | {"model.safetensors": bound(b"WEIGHTS!", digest=False, read=False)}
    ((path, problem, _),) = collect(longer, handed_out=frozenset({"config.json"}))[1]
    assert (path, problem) == ("model.safetensors", "content")
    gone = {path: file for path, file in SAME.items() if path != "model.safetensors"}
    assert collect(gone, names=FILES, handed_out=frozenset({"config.json"}))[0].status is Status.VERIFIED
    assert collect(gone, names=FILES, handed_out=frozenset({"model.safetensors"}))[0].status is Status.INVALID
    assert collect(gone, handed_out=frozenset({"config.json"}))[0].status is Status.INVALID


def test_the_clients_bookkeeping():
    """What `hf download --local-dir` writes is no file of the snapshot, unless a load would take it."""
    path = ".cache/huggingface/download/config.json.metadata"
    files = SAME | {path: bound(b"x")}
    assert collect(files)[0].status is Status.VERIFIED
    assert collect(files, handed_out=frozenset({path}))[0].status is Status.INVALID


def test_another_commit():
    """The same files at another commit are not what was locked; a commit that nobody knows is no other."""
    entry = replace(ENTRY, commit=COMMIT)
    for commit in (None, COMMIT):
        assert collect(SAME, entry=entry, commit=commit)[0].status is Status.VERIFIED
    ((path, problem, detail),) = collect(SAME, entry=entry, commit="2" * 40)[1]
    assert (path, problem) == ("file:/m", "commit")
    assert detail == f"is at the commit {'2' * 40}, and safeload.lock:3 holds {COMMIT}"
    assert collect(SAME, commit="2" * 40)[0].status is Status.VERIFIED


def test_a_subject_that_is_not_locked():
    """Is refused as such, whatever its files are."""
    evidence, facts = collect(SAME, entry=None)
    assert evidence.status is Status.INVALID
    detail = "is not in safeload.lock: review it, then add it with `safeload lock`"
    assert facts == [("file:/m", "subject", detail)]


def test_another_policy_is_said_and_is_no_mismatch():
    """Where the files are the locked ones, and where they are not."""
    now = ("strict", f"sha256:{'b' * 64}")
    said = f"; allowed then by the policy default ({POLICY[:19]}), judged now by strict (sha256:bbbbbbbbbbbb)"
    evidence, _ = collect(SAME, policy=now)
    assert (evidence.status, evidence.detail.endswith(said)) == (Status.VERIFIED, True)
    evidence, _ = collect(SAME | {"empty": bound(b"x")}, policy=now)
    assert (evidence.status, evidence.detail.endswith(said)) == (Status.INVALID, True)


def test_a_file_that_changes_while_it_is_read():
    """Is a mismatch and no fault."""

    def chunks():
        raise ChangedWhileRead("the file changed while it was read")
        yield b""

    files = SAME | {"config.json": BoundFile(size=2, chunks=chunks)}
    ((path, problem, detail),) = collect(files)[1]
    assert (path, problem) == ("config.json", "content")
    assert detail == "could not be compared with safeload.lock:10: the file changed while it was read"


def test_many_differences_are_counted():
    """A hundred facts, and one sentence about all."""
    evidence, facts = collect(SAME | {f"n{number}": bound(b"") for number in range(500)})
    assert len(facts) == 100
    assert evidence.detail.endswith(", and 499 more")


def test_a_collector_that_fails_is_no_check():
    """UNAVAILABLE, beside the other evidence."""

    class Broken:
        @property
        def here(self):
            raise ZeroDivisionError

    found = collect_evidence(case(SAME | {"empty": Broken()}))
    assert [(item.kind, item.status) for item in found.evidence] == [
        ("commit-signature", Status.ABSENT),
        ("lock", Status.UNAVAILABLE),
    ]
    assert found.evidence[1].detail == "the collector failed, which is a bug of safeload: ZeroDivisionError"
