"""safeload.lock: what is read is what was written, and every mistake has its line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import Status
from safeload.errors import FormatError
from safeload.formats.lock_file import (
    LEVELS,
    LockedEvidence,
    LockedFile,
    LockedSubject,
    LockInvalid,
    LockTooLarge,
    parse_lock,
    path_problem,
    uri_problem,
)
from safeload.formats.lock_file_write import quoted, write_lock, write_subject
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.locks import COMMIT, HOSTILE, POLICY, repository, sample, subject

SHA = "0" * 64
ENTRY = f"""\
[[subject]]
uri = "file:model"
verdict = "ALLOW"
policy = {{ name = "default", digest = "{POLICY}" }}
safeload = "0.1.0"
evidence = [
    {{ kind = "commit-signature", status = "absent", subject = "file:model" }},
]

[subject.files]
"config.json" = {{ sha256 = "{SHA}", size = 2 }}
"sub/x.txt" = {{ sha256 = "{SHA}", size = 0 }}
"""
GOOD = f"version = 1\n\n{ENTRY}"


def problems(text: str) -> list[str]:
    with pytest.raises(LockInvalid) as caught:
        parse_lock(text, "safeload.lock")
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)


def test_an_entry():
    """Everything that it says, and the lines of what a report points to."""
    (found,) = parse_lock(GOOD, "safeload.lock").subjects
    assert (found.uri, found.revision, found.commit, found.repository) == ("file:model", None, None, None)
    assert (found.policy_name, found.policy_digest, found.safeload) == ("default", POLICY, "0.1.0")
    absent = LockedEvidence(kind="commit-signature", status=Status.ABSENT, subject="file:model")
    assert found.evidence == (absent,)
    assert found.files == {
        "config.json": LockedFile(sha256=SHA, size=2, line=13),
        "sub/x.txt": LockedFile(sha256=SHA, size=0, line=14),
    }
    assert found.line == 3
    assert (found.key, found.name) == (("file:model", ""), "file:model")


def test_places_are_files_and_lines():
    """Also of the second entry, whose tables have the same names as those of the first."""
    lock = parse_lock(write_lock([subject("file:b"), subject("file:a")]), "x/safeload.lock")
    first, second = lock.subjects
    text = write_lock(lock.subjects).splitlines()
    for entry in (first, second):
        assert text[entry.line - 1] == "[[subject]]"
        assert text[entry.files["config.json"].line - 1].startswith('"config.json" = ')
        assert lock.place(entry) == f"x/safeload.lock:{entry.line}"
    assert (first.uri, second.uri) == ("file:a", "file:b")
    assert first.line < first.files["config.json"].line < second.line


def test_the_format_is_the_golden_file():
    """What was written yesterday is what is written today: users review this text."""
    golden = (Path(__file__).parent.parent / "golden" / "safeload.lock").read_text(encoding="utf-8")
    assert write_lock(sample()) == golden
    assert write_lock(parse_lock(golden, "l").subjects) == golden


def test_an_empty_lock():
    """All subjects were removed."""
    assert parse_lock(write_lock([]), "l").subjects == ()


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


MISTAKES = {
    "no version": (ENTRY, ":1: version = 1 is required"),
    "another version": (changed("version = 1", "version = 2"), ":1: version = 1 is required"),
    "version is true": (changed("version = 1", "version = true"), ":1: version = 1 is required"),
    "unknown key": (f"x = 1\n{GOOD}", ":1: unknown key x"),
    "near miss of a key": (changed("safeload =", "safelaod ="), "unknown key in [subject.0] safelaod"),
    "subject is a table": (
        "version = 1\n[subject]\nuri = 1\n",
        ":2: subjects are not written as [[subject]]",
    ),
    "subject is a number": ("version = 1\nsubject = 1\n", ":2: subjects are not written as [[subject]]"),
    "no uri": (changed('uri = "file:model"\n', ""), ":3: subject.0 has no uri"),
    "uri is a number": (changed('"file:model"', "5"), ":4: subject.0.uri is a whole number, not a string"),
    "absolute": (changed("file:model", "file:/model"), ":4: file:/model is no plain path relative"),
    "inner dots": (changed("file:model", "file:a/../b"), ":4: file:a/../b is no plain path"),
    "leading dot": (changed("file:model", "file:./a"), ":4: file:./a is no plain path"),
    "no path": (changed("file:model", "file:"), ":4: file: is no plain path"),
    "unknown scheme": (
        changed("file:model", "ftp:model"),
        ":4: ftp:model names nothing that this version reads",
    ),
    "no repository's name": (changed("file:model", "hf:a/b/c"), "hf:a/b/c is no name of a repository"),
    "dots in a repository": (changed("file:model", "hf:a/..b"), "hf:a/..b is no name of a repository"),
    "repository without commit": (changed("file:model", "hf:a/b"), ":3: subject.0 has no commit"),
    "repository without revision": (changed("file:model", "hf:a/b"), ":3: subject.0 has no revision"),
    "short commit": (changed("verdict", 'commit = "1234567"\nverdict'), ":5: 1234567 is no commit"),
    "upper commit": (changed("verdict", f'commit = "{"A" * 40}"\nverdict'), ":5: AAAA"),
    "revision of a folder": (
        changed("verdict", 'revision = "main"\nverdict'),
        ":5: a folder has no revisions",
    ),
    "origin without commit": (
        changed("verdict", 'repository = "a/b"\nverdict'),
        ":5: a repository is named, and",
    ),
    "no such repository": (
        changed("verdict", f'commit = "{COMMIT}"\nrepository = "a"\nverdict'),
        ":6: a is no name of a repository",
    ),
    "no verdict": (changed('verdict = "ALLOW"\n', ""), ":3: subject.0 has no verdict"),
    "denied": (changed("ALLOW", "DENY"), ":5: verdict DENY: a lock holds what was allowed only"),
    "verdict in lower case": (changed("ALLOW", "allow"), ":5: verdict allow:"),
    "verdict is true": (changed('"ALLOW"', "true"), ":5: subject.0.verdict is a boolean"),
    "no policy": (changed("policy = {", "x = {"), ":3: subject.0.policy has no digest"),
    "policy is a string": (
        changed(f'{{ name = "default", digest = "{POLICY}" }}', '"default"'),
        "subject.0.policy is a string, not a table",
    ),
    "unknown key of policy": (
        changed("{ name =", "{ names ="),
        ":6: unknown key in [subject.0.policy] names",
    ),
    "short digest": (changed(POLICY, POLICY[:-1]), ":6: the policy's digest is not sha256: and 64"),
    "no version of safeload": (changed('safeload = "0.1.0"\n', ""), ":3: subject.0 has no safeload"),
    "no evidence but text": (changed("evidence = [", "evidence = [1,"), "evidence is not a list of tables"),
    "evidence is a table": (
        changed("evidence = [", "evidence = { a = [")
        .replace("\n]\n", "]}\n")
        .replace("[\n    {", "[{")
        .replace("},]", "}]"),
        "evidence is not a list of tables",
    ),
    "no status": (changed(', status = "absent"', ""), "subject.0.evidence.0 has no status"),
    "unknown status": (
        changed('"absent"', '"fine"'),
        "subject.0.evidence.0.status is 'fine': use verified or",
    ),
    "unknown level": (
        changed('"absent"', '"absent", level = "root"'),
        "evidence.0.level is 'root': use none or",
    ),
    "no kind": (changed('kind = "commit-signature", ', ""), "subject.0.evidence.0 has no kind"),
    "unknown key of evidence": (
        changed("{ kind", "{ time = 1, kind"),
        "unknown key in [subject.0.evidence.0] time",
    ),
    "no files": (
        GOOD.partition("[subject.files]")[0],
        ":3: there are no files: write a table [subject.files]",
    ),
    "empty files": (GOOD.partition('"config')[0], ":12: there are no files"),
    "files is a list": (
        GOOD.partition("[subject.files]")[0].replace("evidence", "files = []\nevidence", 1),
        "files is a list: write a table [subject.files]",
    ),
    "path with dots": (changed('"sub/x.txt"', '"../x.txt"'), ":14: the path ../x.txt leaves its folder"),
    "absolute path": (changed('"sub/x.txt"', '"/x.txt"'), ":14: the path /x.txt leaves its folder"),
    "empty path": (changed('"sub/x.txt"', '""'), ":14: the path  is empty, holds a NUL, or is too long"),
    "NUL": (changed('"sub/x.txt"', '"a\\u0000"'), ":14: the path a\\x00 is empty, holds a NUL"),
    "a file twice": (changed('"sub/x.txt"', '"config.json"'), ":14: not TOML: Cannot overwrite a value"),
    "bare key": (changed('"sub/x.txt"', "sub.x"), "sub is not { sha256 = ..., size = ... }"),
    "file is a digest": (
        changed(f'{{ sha256 = "{SHA}", size = 2 }}', f'"{SHA}"'),
        ":13: config.json is not { sha",
    ),
    "no size": (changed(", size = 2", ""), ":13: config.json is not { sha256 = ..., size = ... }"),
    "one key more": (changed("size = 2", "size = 2, mode = 1"), ":13: config.json is not { sha256"),
    "upper digest": (changed(SHA, "A" * 64), ":13: the sha256 of config.json is not 64 hexadecimal digits"),
    "digest with a prefix": (changed(SHA, f"sha256:{SHA}"), ":13: the sha256 of config.json is not 64"),
    "digest with a line break": (changed(SHA, f"{SHA}\\n"), ":13: the sha256 of config.json is not 64"),
    "size below zero": (
        changed("size = 2", "size = -1"),
        ":13: the size of config.json is no number of bytes",
    ),
    "size is true": (
        changed("size = 2", "size = true"),
        ":13: the size of config.json is no number of bytes",
    ),
    "size is a fraction": (changed("size = 2", "size = 2.0"), ":13: the size of config.json is no number"),
    "the same subject again": (GOOD + ENTRY, ":16: file:model is there twice: its first entry is in line 3"),
    "a merge conflict": (changed("[[subject]]", "<<<<<<< HEAD\n[[subject]]"), ":3: not TOML"),
    "no TOML": ("version = ", "safeload.lock: not TOML"),
    "deep": ("version = " + "[" * 5_000, "not TOML"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_its_line(name):
    """Whatever is not understood is an error, and the message says where and what."""
    text, what = MISTAKES[name]
    found = problems(text)
    assert any(what in problem for problem in found), found
    assert all(problem.startswith("safeload.lock:") for problem in found)


def test_all_mistakes_are_told_at_once():
    """In the order of their lines."""
    text = changed("ALLOW", "DENY").replace('"sub/x.txt"', '"../x"').replace("0.1.0", "")
    assert [problem.split(":")[1] for problem in problems(text)] == ["5", "7", "14"]


def test_a_lock_that_is_too_long():
    """Is not parsed."""
    limits = replace(DEFAULT_LIMITS, lock_bytes=len(GOOD))
    assert parse_lock(GOOD, "l", limits).subjects
    with pytest.raises(LockTooLarge):
        parse_lock(GOOD + "\n", "l", limits)


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_names_survive(path):
    """Newlines, quotes, controls and text that runs backwards: one line of plain characters, read back."""
    made = subject(files={path: b"x", "z": b""})
    text = write_lock([made])
    (found,) = parse_lock(text, "l").subjects
    assert write_subject(found) == write_subject(made)
    line = text.split("\n")[found.files[path].line - 1]
    assert line.isprintable()
    assert tomllib.loads(line) == {path: {"sha256": made.files[path].sha256, "size": 1}}


def test_what_is_written_is_the_same_everywhere():
    """The order in which subjects and files come does not show."""
    one = [subject("file:b", {"x": b"1", "a/y": b"2"}), repository(), repository(revision="dev")]
    two = [repository(revision="dev"), repository(), subject("file:b", {"a/y": b"2", "x": b"1"})]
    assert write_lock(one) == write_lock(two)


paths = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
).filter(lambda path: path_problem(path) is None)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
hexes = st.text("0123456789abcdef", min_size=64, max_size=64)
subjects = st.builds(
    LockedSubject,
    uri=paths.map(lambda path: f"file:{path}").filter(lambda uri: uri_problem(uri) is None),
    policy_name=words,
    policy_digest=hexes.map(lambda digits: f"sha256:{digits}"),
    safeload=words,
    commit=st.none() | hexes.map(lambda digits: digits[:40]),
    files=st.dictionaries(
        paths, st.builds(LockedFile, sha256=hexes, size=st.integers(0, 1 << 62)), min_size=1, max_size=5
    ),
    evidence=st.lists(
        st.builds(
            LockedEvidence,
            kind=words,
            status=st.sampled_from(Status),
            subject=words,
            level=st.sampled_from(LEVELS),
            basis=st.just("") | words,
        ),
        max_size=3,
    ).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(subjects, max_size=3, unique_by=lambda item: item.key))
def test_what_was_written_is_read(made):
    """parse(write(x)) == x, and each place is the line where the name stands."""
    text = write_lock(made)
    found = parse_lock(text, "l").subjects
    assert [write_subject(item) for item in found] == [
        write_subject(item) for item in sorted(made, key=lambda item: item.key)
    ]
    lines = text.split("\n")
    for item in found:
        for path, file in item.files.items():
            assert lines[file.line - 1].startswith(f"{quoted(path)} = {{")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.characters(exclude_categories=["Cs"]))
def test_one_character_changed_is_read_or_refused(at, char):
    """Nothing but a FormatError leaves the parser, and what it reads it would write."""
    try:
        found = parse_lock(GOOD[:at] + char + GOOD[at + 1 :], "l").subjects
    except FormatError:
        return
    assert [write_subject(item) for item in parse_lock(write_lock(found), "l").subjects] == [
        write_subject(item) for item in found
    ]
