"""The files are those of the commit, or it is said which are not."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import Manifest, ManifestEntry, Role, Status
from safeload.formats.git_commit import parse_commit
from safeload.formats.git_objects import GitObject, object_id
from safeload.formats.lfs_pointer import canonical_pointer
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance import BoundFile, Case, tree_binding
from safeload.record import replace
from safeload.sources.blobs import ChangedWhileRead
from tests.forge.git import git, repository, tree
from tests.forge.trust import claim, payload

FILES = {"config.json": b"{}", "model.safetensors": b"weights", "sub/vocab.txt": b"a\nb\n", "empty": b""}


def blob(content: bytes) -> str:
    return object_id("blob", content)


def pointer(content: bytes) -> str:
    return blob(canonical_pointer(hashlib.sha256(content).hexdigest(), len(content)))


def bound(content: bytes, *, digest: bool = True) -> BoundFile:
    sha256 = hashlib.sha256(content).hexdigest() if digest else None
    return BoundFile(size=len(content), chunks=lambda: iter([content]), sha256=sha256)


def signed_tree(ids: dict[str, str]) -> dict[str, GitObject]:
    """Trees of these blobs, with one level of folders; the last is the root."""
    objects: dict[str, GitObject] = {}
    entries: dict[str, list[tuple[str, str, str]]] = {"": []}
    for path, id_ in ids.items():
        folder, _, name = path.rpartition("/")
        entries.setdefault(folder, []).append(("100644", name, id_))
    for folder in [name for name in entries if name]:
        raw = tree(*sorted(entries[folder]))
        objects[object_id("tree", raw)] = GitObject("tree", raw)
        entries[""].append(("40000", folder, object_id("tree", raw)))
    root = tree(*sorted(entries[""], key=lambda entry: entry[1] + ("/" if entry[0] == "40000" else "")))
    objects[object_id("tree", root)] = GitObject("tree", root)
    return objects


def collect(files: dict[str, BoundFile], ids: dict[str, str], *, names=None, handed_out=None, **more):
    """What the collector says of these files and this tree."""
    objects = more.pop("objects", None)
    objects = signed_tree(ids) if objects is None else objects
    raw = payload(tree=more.pop("root", list(objects)[-1] if objects else "1" * 40))
    asked = claim(raw, objects, **more)
    entries = tuple(ManifestEntry(path=path, size=0, role=Role.OTHER) for path in sorted(names or files))
    case = Case(
        manifest=Manifest(uri="file:/m", entries=entries), now=0.0, files=files, handed_out=handed_out
    )
    evidence, facts = tree_binding.collect(case, asked, parse_commit(raw, DEFAULT_LIMITS))
    assert (evidence.kind, evidence.subject) == ("tree-binding", asked.commit)
    return evidence, [(fact.location.artifact, fact.data["problem"]) for fact in facts]


GIT_IDS = {path: blob(content) for path, content in FILES.items()}
SAME = {path: bound(content) for path, content in FILES.items()}


def test_files_of_the_commit():
    """As blobs, and as pointers to what lies in LFS, whichever the tree names."""
    lfs = GIT_IDS | {"model.safetensors": pointer(b"weights")}
    for ids in (GIT_IDS, lfs):
        evidence, facts = collect(SAME, ids)
        assert (evidence.status, facts) == (Status.VERIFIED, [])
        assert evidence.detail == "4 of 4 files were compared, each is the one that the commit names"


def test_large_files_are_compared_by_their_pointer_first(monkeypatch):
    """And by their own digest where they are blobs all the same."""
    monkeypatch.setattr(tree_binding, "SMALL", 3)
    for ids in (GIT_IDS, GIT_IDS | {"model.safetensors": pointer(b"weights")}):
        assert collect(SAME, ids)[0].status is Status.VERIFIED


@pytest.mark.parametrize("path", sorted(FILES))
@pytest.mark.parametrize("kind", [blob, pointer])
def test_a_changed_file_is_named(path, kind):
    """Of the same size, in any place."""
    ids = {name: kind(content) for name, content in FILES.items()}
    changed = SAME | {path: bound(FILES[path][:-1] + b"!")}
    evidence, facts = collect(changed, ids)
    assert (evidence.status, facts) == (Status.INVALID, [(path, "content")])
    assert path in evidence.detail


def test_a_pointer_that_lies_is_not_followed():
    """Pointer text is compared as text: another digest, size, order or version is another blob."""
    content = b"weights"
    digest = hashlib.sha256(content).hexdigest()
    for text in (
        canonical_pointer("0" * 64, len(content)),
        canonical_pointer(digest, 8),
        canonical_pointer(digest, len(content)) + b"x y\n",
        canonical_pointer(digest.upper(), len(content)),
        canonical_pointer(digest, len(content)).replace(b"\n", b"\r\n"),
    ):
        _, facts = collect(SAME, GIT_IDS | {"model.safetensors": blob(text)})
        assert facts == [("model.safetensors", "content")]


def test_a_pointer_that_was_not_fetched_is_itself():
    """The text of a pointer is what the tree names; that it is no model is another rule's business."""
    text = canonical_pointer(hashlib.sha256(b"weights").hexdigest(), 7)
    stub = SAME | {"model.safetensors": bound(text)}
    assert collect(stub, GIT_IDS | {"model.safetensors": blob(text)})[0].status is Status.VERIFIED


def test_files_too_many_and_too_few():
    """An extra file could be loaded; a missing one makes a loader take another."""
    extra = SAME | {"pytorch_model.bin": bound(b"x")}
    assert collect(extra, GIT_IDS)[1] == [("pytorch_model.bin", "extra")]
    fewer = {path: file for path, file in SAME.items() if path != "model.safetensors"}
    assert collect(fewer, GIT_IDS)[1] == [("model.safetensors", "missing")]
    assert collect(fewer, GIT_IDS, partial=True)[0].status is Status.VERIFIED
    assert collect(extra, GIT_IDS, partial=True)[1] == [("pytorch_model.bin", "extra")]
    assert collect({}, GIT_IDS, names=[])[1] == [(path, "missing") for path in sorted(FILES)]


def test_a_file_that_could_not_be_opened():
    """A link that leads out, a device: there, and not the file of the commit."""
    fewer = {path: file for path, file in SAME.items() if path != "config.json"}
    assert collect(fewer, GIT_IDS, names=FILES)[1] == [("config.json", "unread")]
    assert collect(fewer, GIT_IDS, names=FILES, handed_out=frozenset({"config.json"}))[1]


def test_a_cache_that_holds_what_a_load_asked_for():
    """The other files of the commit are missing there, which is said and is no mismatch for that load."""
    fewer = {path: file for path, file in SAME.items() if path != "model.safetensors"}
    evidence, facts = collect(fewer, GIT_IDS, names=FILES, handed_out=frozenset({"config.json"}))
    assert (evidence.status, facts) == (Status.VERIFIED, [])
    assert evidence.detail.startswith("3 of 4 files were compared")
    assert evidence.detail.endswith("; 1 that this load does not hand out were not")


def test_bookkeeping_of_the_hub_client_is_no_extra_file():
    """Exactly that folder, and never where it would be loaded."""
    name = ".cache/huggingface/download/config.json.metadata"
    extra = SAME | {name: bound(b"x")}
    assert collect(extra, GIT_IDS)[0].status is Status.VERIFIED
    assert collect(extra, GIT_IDS, handed_out=frozenset({name}))[1] == [(name, "extra")]
    for other in (".cache/huggingface.json", ".cache/other", "sub/.cache/huggingface/x", ".gitignore"):
        assert collect(SAME | {other: bound(b"x")}, GIT_IDS)[1] == [(other, "extra")]


def test_what_a_load_does_not_read_is_said():
    """A tokenizer does without the digest of the weights; the count is in the evidence."""
    unread = SAME | {"model.safetensors": BoundFile(size=7, chunks=None)}
    evidence, facts = collect(unread, GIT_IDS, handed_out=frozenset({"sub/vocab.txt"}))
    assert (evidence.status, facts) == (Status.VERIFIED, [])
    assert evidence.detail.endswith("; 1 that this load does not hand out were not")


def test_line_endings_are_a_difference_with_a_hint():
    """Git changed them on checkout: other bytes than those that were signed."""
    changed = SAME | {"sub/vocab.txt": bound(b"a\r\nb\r\n")}
    evidence, facts = collect(changed, GIT_IDS)
    assert facts == [("sub/vocab.txt", "content")]
    assert "only line endings differ" in evidence.detail


def test_many_differences_are_counted():
    """The first hundred as facts, all of them in the count."""
    evidence, facts = collect(SAME | {f"{number:03}": bound(b"") for number in range(150)}, GIT_IDS)
    assert len(facts) == 100
    assert evidence.detail.endswith("and 149 more")


def test_a_file_that_changes_while_it_is_read():
    """Nothing can be said of it, so it is not the file of the commit."""

    def chunks():
        yield b"{"
        raise ChangedWhileRead("the file was modified while it was read")

    changed = SAME | {"config.json": BoundFile(size=2, chunks=chunks)}
    evidence, facts = collect(changed, GIT_IDS)
    assert facts == [("config.json", "content")]
    assert "was modified while it was read" in evidence.detail


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ([("120000", "link", "1" * 40)], "a symbolic link"),
        ([("160000", "module", "1" * 40)], "a submodule"),
        ([("100664", "a", "1" * 40)], "mode 100664"),
        ([("100644", "..", "1" * 40)], "no plain name"),
        ([("100644", ".GIT", "1" * 40)], ".git to some file systems"),
        ([("100644", "A", "1" * 40), ("100644", "a", "1" * 40)], "one name to some file systems"),
        ([("100644", "b", "1" * 40), ("100644", "a", "1" * 40)], "in the wrong place or twice"),
    ],
)
def test_a_tree_that_is_refused(entries, what):
    """Links, submodules, odd modes, names, collisions, order: INVALID, with the entry."""
    raw = tree(*entries)
    evidence, facts = collect(SAME, {}, objects={object_id("tree", raw): GitObject("tree", raw)})
    assert evidence.status is Status.INVALID
    assert what in evidence.detail
    assert [problem for _, problem in facts] == ["tree"]


def test_a_tree_that_lacks_or_lies():
    """Missing is unavailable; other bytes under its id are invalid; too large is unavailable."""
    evidence, facts = collect(SAME, GIT_IDS, objects={})
    assert (evidence.status, facts) == (Status.UNAVAILABLE, [])
    lie = {"1" * 40: GitObject("tree", tree(("100644", "a", "1" * 40)))}
    evidence, facts = collect(SAME, GIT_IDS, objects=lie)
    assert (evidence.status, [problem for _, problem in facts]) == (Status.INVALID, ["tree"])
    raw = payload()
    tight = replace(DEFAULT_LIMITS, git_tree_entries=1)
    objects = signed_tree(GIT_IDS)
    raw = payload(tree=list(objects)[-1])
    case = Case(manifest=Manifest(uri="file:/m", entries=()), now=0.0, limits=tight)
    commit = parse_commit(raw, DEFAULT_LIMITS)
    assert tree_binding.collect(case, claim(raw, objects), commit)[0].status is Status.UNAVAILABLE
    assert tree_binding.collect(case, claim(raw, objects), None)[0].status is Status.UNAVAILABLE


def test_a_real_work_tree(tmp_path):
    """Differential: what git committed is bound, and what `git status` calls modified is not."""
    repository(tmp_path, FILES)

    class Git:
        def read(self, object_id):
            kind = git(tmp_path, "cat-file", "-t", object_id).decode().strip()
            return GitObject(kind, git(tmp_path, "cat-file", kind, object_id))

    raw = git(tmp_path, "cat-file", "commit", "HEAD")
    entries = tuple(ManifestEntry(path=path, size=0, role=Role.OTHER) for path in sorted(FILES))
    asked = replace(claim(raw), objects=Git())
    case = Case(manifest=Manifest(uri="file:/m", entries=entries), now=0.0, files=SAME)
    commit = parse_commit(raw, DEFAULT_LIMITS)
    assert tree_binding.collect(case, asked, commit)[0].status is Status.VERIFIED
    (tmp_path / "config.json").write_bytes(b"[]")
    assert git(tmp_path, "status", "--porcelain").decode() == " M config.json\n"
    case = replace(case, files=SAME | {"config.json": bound(b"[]")})
    assert tree_binding.collect(case, asked, commit)[0].status is Status.INVALID


@settings(max_examples=40, deadline=None)
@given(path=st.sampled_from(["config.json", "model.safetensors", "sub/vocab.txt"]), at=st.integers(0, 6),
       flip=st.integers(1, 255), kind=st.sampled_from([blob, pointer]))  # fmt: skip
def test_no_flipped_byte_is_bound(path, at, flip, kind):
    """Of any file, whichever way the tree names it."""
    content = bytearray(FILES[path])
    content[at % len(content)] ^= flip
    ids = {name: kind(whole) for name, whole in FILES.items()}
    assert collect(SAME | {path: bound(bytes(content))}, ids)[0].status is Status.INVALID
