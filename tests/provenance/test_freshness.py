"""An older commit than the last accepted one is INVALID, and a memory that cannot be read is never empty."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from safeload.core import Manifest, Status
from safeload.formats.git_commit import parse_commit
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance import Case, freshness
from tests.forge.trust import claim, payload

MANIFEST = Manifest(uri="file:/m", entries=())


def ask(memory, time: int, **more):
    raw = payload(time=time)
    case = Case(manifest=MANIFEST, now=0.0, memory=None if memory is None else str(memory))
    return freshness.collect(case, claim(raw, **more), parse_commit(raw, DEFAULT_LIMITS))


@pytest.fixture
def memory(tmp_path):
    """A memory that has accepted the commit of time 200."""
    path = tmp_path / "state" / "accepted.json"
    evidence, accepted = ask(path, 200)
    assert evidence.status is Status.ABSENT
    assert accepted is not None
    accepted()
    return path


@pytest.mark.parametrize(
    ("time", "status"), [(199, Status.INVALID), (200, Status.VERIFIED), (201, Status.VERIFIED)]
)
def test_older_is_invalid(memory, time, status):
    """The same commit again and a newer one are fine."""
    assert ask(memory, time)[0].status is status


def test_an_older_commit_is_never_remembered(memory):
    """Nor does a slower process put an older one back."""
    assert ask(memory, 199)[1] is None
    freshness.remember(str(memory), "acme/bert@main", "1" * 40, 100)
    assert freshness.read_memory(str(memory))["acme/bert@main"][1] == 200


def test_branches_and_repositories_have_their_own(memory):
    """An older release branch is not a rollback of main."""
    assert ask(memory, 1, ref="v1")[0].status is Status.ABSENT
    assert ask(memory, 1, ref=None)[0].status is Status.ABSENT
    assert ask(memory, 1, repository="acme/other")[0].status is Status.ABSENT


def test_without_a_memory_nothing_is_said():
    """Absent, and nothing to remember."""
    evidence, accepted = ask(None, 1)
    assert (evidence.status, accepted) == (Status.ABSENT, None)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "{}", '{"version": 2, "accepted": {}}', '{"version": 1, "accepted": []}',
        '{"version": 1, "accepted": {"a": 1}}', '{"version": 1, "accepted": {"a": ["x", 1]}}',
        '{"version": 1, "accepted": {"a": ["' + "1" * 40 + '", "1"]}}',
        '{"version": 1, "accepted": {"a": ["' + "1" * 40 + '", 1, 2]}}',
        '{"version": 1, "version": 1, "accepted": {}}',
    ],
)  # fmt: skip
def test_a_broken_memory_is_unavailable(tmp_path, text):
    """And it is left alone: overwriting it would forget what it knew."""
    path = tmp_path / "accepted.json"
    path.write_text(text)
    evidence, accepted = ask(path, 1)
    assert (evidence.status, accepted) == (Status.UNAVAILABLE, None)
    with pytest.raises(freshness.MemoryBroken):
        freshness.remember(str(path), "a", "1" * 40, 1)
    assert path.read_text() == text


def test_a_folder_is_no_memory(tmp_path):
    """Whatever the operating system refuses to read is unavailable."""
    assert ask(tmp_path, 1)[0].status is Status.UNAVAILABLE


def test_the_memory_is_private_and_whole(memory):
    """Mode 0600, and no part of it is left behind; a part that a killed process left is no obstacle."""
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    assert stat.S_IMODE(memory.parent.stat().st_mode) == 0o700
    memory.with_name(f"accepted.json.{os.getpid()}.part").write_text("half")
    freshness.remember(str(memory), "b", "1" * 40, 1)
    assert sorted(path.name for path in memory.parent.iterdir()) == ["accepted.json", "accepted.json.lock"]
    assert len(freshness.read_memory(str(memory))) == 2


def test_the_place_of_the_memory(monkeypatch, tmp_path):
    """As the XDG base directories have it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert freshness.default_memory() == str(tmp_path / "safeload" / "accepted.json")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert freshness.default_memory() == str(tmp_path / ".local" / "state" / "safeload" / "accepted.json")


def test_a_place_that_cannot_be_written(memory, tmp_path, monkeypatch):
    """A read-only home is no reason to fail, and it is said that nothing will be remembered."""
    # root may write anywhere, so the answer of a read-only file system is given here
    monkeypatch.setattr(freshness.os, "access", lambda *_: False)
    for path, status in ((tmp_path / "new" / "accepted.json", Status.ABSENT), (memory, Status.VERIFIED)):
        evidence, accepted = ask(path, 300)
        assert (evidence.status, accepted) == (status, None)
        assert evidence.detail.endswith("cannot be written, so this one will not be remembered")
    assert ask(memory, 100)[0].status is Status.INVALID


def test_a_memory_below_a_file(tmp_path):
    """Nothing can lie there, and nothing is taken for an empty memory."""
    (tmp_path / "file").write_text("x")
    evidence, accepted = ask(tmp_path / "file" / "state" / "accepted.json", 1)
    assert (evidence.status, accepted) == (Status.UNAVAILABLE, None)


def test_processes_at_the_same_time(tmp_path):
    """None of several processes loses what another one remembered."""
    path = tmp_path / "accepted.json"
    code = (
        "import sys; from safeload.provenance.freshness import remember\n"
        "for number in range(20): remember(sys.argv[1], f'{sys.argv[2]}/{number}', '1' * 40, number)"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("a", "b", "c")]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(freshness.read_memory(str(path))) == 60


def test_a_process_that_is_killed(tmp_path):
    """Whenever it dies, the memory is whole: the old one or the new one."""
    path = tmp_path / "accepted.json"
    freshness.remember(str(path), "first", "1" * 40, 1)
    code = (
        "import sys, itertools; from safeload.provenance.freshness import remember\n"
        "print('ready', flush=True)\n"
        "for number in itertools.count(): remember(sys.argv[1], f'k/{number % 50}', '1' * 40, number)"
    )
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        known = freshness.read_memory(str(path))
        while freshness.read_memory(str(path)) == known:
            pass
        process.kill()
        process.wait()
        process.stdout.close()
        assert "first" in freshness.read_memory(str(path))
    freshness.remember(str(path), "last", "1" * 40, 1)
