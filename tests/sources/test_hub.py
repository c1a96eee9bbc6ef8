"""The Hub as a source: what is asked of it, and what becomes of every lie that it may tell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from huggingface_hub import close_session, snapshot_download

from safeload.core import Role, Scope, Status
from safeload.errors import UsageError
from safeload.sources.hub_name import HubName, is_hub_name, parse_hub_name
from tests.forge import hub_lies as lies
from tests.forge.hub import Lfs, by, pointer, serve
from tests.forge.hub_answers import (
    API,
    CDN,
    GIT,
    GIT_PACK,
    GIT_REFS,
    MODEL,
    RESOLVE,
    TREE,
)
from tests.forge.hub_answers import (
    FILES as FILE_KINDS,
)
from tests.forge.hub_user import CONFIG, FILES, MAIN, NAME, User, weights
from tests.forge.keys import GPG, keyring

pytestmark = pytest.mark.skipif(GPG is None, reason="gpg is not installed")

LARGE = FILES | {"model.safetensors": Lfs(weights(5 << 20))}
"""The weights are more than a small file, of which ranges are enough where nobody wants them."""
CONFIG_ONLY = Scope(name="config", roles=frozenset({Role.CONFIG}))
NOTES = "docs/notes.txt"
WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def keys():
    for made in keyring():
        made.key("good")
        made.key("other")
        yield made


@pytest.fixture
def hub():
    with serve() as served:
        yield served
    close_session()


@pytest.fixture
def repository(hub):
    return hub.repository(NAME)


@pytest.fixture
def commit(repository, keys):
    """The commit of main, signed by a key that counts."""
    return repository.commit(FILES, sign=by(keys, "good"))


@pytest.fixture
def user(hub, tmp_path, monkeypatch, keys):
    """Trusts `good` for acme/*."""
    return User(hub, tmp_path, monkeypatch, keys, "good")


@pytest.fixture
def trusting(hub, tmp_path, monkeypatch):
    """Has no trust store."""
    (tmp_path / "trusting").mkdir()
    return User(hub, tmp_path / "trusting", monkeypatch)


class TestNames:
    """What names a repository."""

    @pytest.mark.parametrize(
        ("text", "repository", "revision"),
        [
            ("hf:acme/bert", "acme/bert", None),
            ("acme/bert", "acme/bert", None),
            ("hf:acme/bert@main", "acme/bert", "main"),
            ("hf:acme/bert@refs/pr/1", "acme/bert", "refs/pr/1"),
            ("hf:acme/bert@" + "a" * 40, "acme/bert", "a" * 40),
            ("hf:a-1.b_c/D", "a-1.b_c/D", None),
        ],
    )
    def test_names(self, text, repository, revision):
        """With and without scheme and revision."""
        assert parse_hub_name(text) == HubName(repository, revision)

    @pytest.mark.parametrize(
        "text",
        ["hf:", "hf:bert", "hf:a/b/c", "hf:../b", "hf:a/..", "hf:/a/b", "hf:a/b@", "hf:a/b@../x",
         "hf:a/b@x//y", "hf:a/b@-x", "hf:a/b@x y", "hf:a/b@" + "A" * 40, "hf:a/b.git", "hf:a/b\n", "hf:a\0/b",
         "hf:a/b?x", "hf:a/b#x", "hf:a/b@x?y", "hf:a/b@" + "x" * 300, "hf:a/b@x--y",
         "hf:" + "a" * 200 + "/b"],
    )  # fmt: skip
    def test_no_names(self, text):
        """Nothing that could be asked for under another meaning."""
        with pytest.raises(UsageError):
            parse_hub_name(text)

    def test_paths_are_not_names(self):
        """What starts like a path is one."""
        assert not any(map(is_hub_name, ("./a/b", "/a/b", "a", "a/b/c", "~/a", "a/b/", "..", "a\\b")))


class TestHonest:
    """Every answer is true."""

    def test_signed_and_allowed(self, hub, user, commit):
        """From key to bytes; every file is asked for once, by the commit, and without a token."""
        found = user.audit()
        assert (found.kind, found.rules) == ("allow", frozenset())
        assert found.evidence["commit-signature"].level == "publisher"
        assert found.evidence["tree-binding"].detail.startswith("3 of 3 files were compared")
        assert found.evidence["hub-scan"].status is Status.VERIFIED
        assert user.cached(commit) == FILES
        assert [r.path for r in hub.asked(CDN)] == [WEIGHTS]
        assert sorted(r.path for r in hub.asked(RESOLVE)) == sorted(FILES)
        assert {r.revision for r in hub.asked(RESOLVE, TREE)} == {commit}
        assert [r.revision for r in hub.asked(MODEL)] == ["main"]
        assert len(hub.asked(*GIT)) == 3
        assert not any("authorization" in r.headers for r in hub.requests)
        assert json.loads(user.memory.read_text())["accepted"] == {f"{NAME}@main": [commit, 1_700_000_005]}

    def test_again(self, hub, user, commit):
        """What is in the cache is not asked for again; the branch is, and the list."""
        user.audit()
        hub.forget()
        assert user.audit().kind == "allow"
        assert [r.kind for r in hub.requests] == [MODEL, TREE]

    def test_by_its_commit(self, hub, user, commit):
        """A commit is what it is, and is asked for under its own id."""
        assert user.audit(f"hf:{NAME}@{commit}").kind == "allow"
        assert [r.revision for r in hub.asked(MODEL)] == [commit]

    def test_what_a_load_gets(self, hub, user, commit):
        """The bytes that were signed, and nothing beside them."""
        found = user.admit()
        assert found.kind == "allow"
        assert found.content == {path: FILES[path] for path in ("config.json", WEIGHTS)}

    def test_only_what_is_needed(self, hub, user, repository, keys):
        """Large files that nobody wants are looked at in ranges: what matters of them, and never all."""
        repository.commit(LARGE, sign=by(keys, "good"))
        found = user.admit(policy="default", scope=CONFIG_ONLY)
        assert found.kind == "allow"
        assert found.content == {"config.json": CONFIG}
        asked = [r.headers["range"] for r in hub.asked(CDN)]
        ends = [re.fullmatch(r"bytes=(\d+)-(\d+)", text) for text in asked]
        assert sum(int(end[2]) - int(end[1]) + 1 for end in ends if end) < len(LARGE[WEIGHTS]) // 2
        assert "1 that this load does not hand out were not" in found.evidence["tree-binding"].detail

    def test_nothing_is_fetched_that_is_refused_anyway(self, hub, user, repository):
        """An unsigned commit is refused before any of its files is asked for."""
        repository.commit(FILES)
        for found in (user.audit(), user.admit()):
            assert (found.kind, found.rules) == ("deny", {"provenance.unsigned"})
        assert hub.asked(*FILE_KINDS) == []

    def test_structure_is_judged_before_weights_are_fetched(self, hub, trusting, repository):
        """What ranges show of a large file denies it without its being downloaded."""
        broken = weights(5 << 20).replace(b'"F32"', b'"F99"')
        repository.commit(FILES | {WEIGHTS: Lfs(broken)})
        found = trusting.admit(policy="default")
        assert (found.kind, "artifact.malformed" in found.rules) == ("deny", True)
        assert all("range" in request.headers for request in hub.asked(CDN))

    def test_long_lists(self, hub, user, repository, keys):
        """Pages are followed to the last one."""
        many = {f"docs/{number}.txt": b"%d" % number for number in range(50)}
        repository.commit(FILES | many, sign=by(keys, "good"))
        hub.page = 7
        assert user.audit().kind == "allow"
        assert len(hub.asked(TREE)) == 8

    def test_private(self, hub, user, commit, repository):
        """API, files and git get the token; the store of large files does not."""
        repository.close_to_others("hf_secret")
        found = user.audit()
        assert found.kind == "error"
        assert re.search("there is no acme/bert on .*, or it is private: log in", found.said)
        hub.forget()
        assert user.audit(token="hf_secret").kind == "allow"
        for request in hub.requests:
            given = request.headers.get("authorization")
            assert given == (None if request.kind == CDN else "Bearer hf_secret")

    def test_gated(self, hub, user, trusting, commit, repository):
        """Known to exist, and its files are for those who asked."""
        repository.close_to_others("hf_secret", gated=True)
        found = trusting.audit(policy="default")
        assert found.kind == "error"
        assert "acme/bert is gated: ask for access" in found.said
        assert user.audit().kind == "deny"
        assert user.audit(token="hf_secret").kind == "allow"

    def test_other_revisions(self, hub, user, commit, repository, keys):
        """Branches, tags and pull requests by their names, each with what it is."""
        newer = repository.commit(FILES | {NOTES: b"new\n"}, sign=by(keys, "good"), branch="dev/next")
        repository.branch("refs/tags/v1", commit)
        repository.branch("refs/pr/7", newer)
        for name, expected in (("dev/next", newer), ("v1", commit), ("refs/pr/7", newer)):
            assert user.audit(f"hf:{NAME}@{name}").kind == "allow"
            assert user.cached(expected)[NOTES] == (b"new\n" if expected == newer else FILES[NOTES])
        assert "has no revision v2" in user.audit(f"hf:{NAME}@v2").said

    def test_not_on_an_allowed_branch(self, hub, tmp_path, monkeypatch, keys, repository, commit):
        """The same commit, asked for by its id or from a pull request: nobody says that it is on main."""
        from tests.forge.trust import rule

        rules = rule("good", more='allow_refs = ["main"]\n')
        user = User(hub, tmp_path, monkeypatch, keys, "good", rules=rules)
        repository.branch("refs/pr/7", commit)
        repository.branch("dev", commit)
        assert user.audit().kind == "allow"
        for name, code in ((commit, "ref-unknown"), ("refs/pr/7", "ref-unknown"), ("dev", "ref-not-allowed")):
            found = user.audit(f"hf:{NAME}@{name}")
            assert (found.kind, found.evidence["commit-signature"].code) == ("deny", code)

    def test_without_git(self, hub, trusting, user, commit):
        """A mirror that serves files only: compared with its list by default, and not enough for strict."""
        hub.lie(lies.status(404), *GIT)
        found = trusting.audit(policy="default")
        assert found.kind == "allow"
        assert found.evidence["hub-listing"].status is Status.VERIFIED
        assert user.audit().rules == {"provenance.unsigned"}

    @pytest.mark.parametrize("change", ["v0", "no filter", "http redirect within"])
    def test_other_honest_servers(self, hub, user, commit, change):
        """An older protocol, no filters, files behind a relative redirect: nobody lied."""
        if change == "v0":
            hub.lie(lies.old_protocol(), *GIT)
        elif change == "no filter":
            lies.without_filter(hub, NAME)
        else:
            hub.lie(
                lies.first_then(lies.redirected(f"/{NAME}/resolve/{commit}/{NOTES}")), RESOLVE, path=NOTES
            )
        assert user.audit().kind == "allow"
        assert user.cached(commit) == FILES

    def test_pointers_that_are_files(self, hub, user, repository, keys, commit):
        """A pointer that the repository holds as a file's content stays that text, and is no model."""
        repository.commit(FILES | {WEIGHTS: pointer(b"elsewhere")}, sign=by(keys, "good"))
        found = user.audit()
        assert found.evidence["tree-binding"].status is Status.VERIFIED
        assert (found.kind, "integrity.mismatch" in found.rules) == ("deny", False), found


class TestCache:
    """Shared with huggingface_hub, and believed no more than the network."""

    def test_theirs_is_ours(self, hub, user, commit):
        """What huggingface_hub downloaded is not downloaded again."""
        snapshot_download(NAME, endpoint=hub.endpoint, cache_dir=user.cache, token=False)
        hub.forget()
        assert user.audit().kind == "allow"
        assert hub.asked(*FILE_KINDS) == []

    def test_ours_is_theirs(self, hub, user, commit):
        """What we downloaded is a snapshot to huggingface_hub, under the branch's name, without a request."""
        user.audit()
        hub.forget()
        folder = snapshot_download(NAME, cache_dir=user.cache, local_files_only=True)
        assert Path(folder).name == commit
        assert hub.requests == []
        blobs = Path(folder).parent.parent / "blobs"
        assert (Path(folder) / WEIGHTS).resolve().parent == blobs
        snapshot_download(NAME, endpoint=hub.endpoint, cache_dir=user.cache, token=False)
        assert hub.asked(CDN) == []

    @pytest.mark.parametrize("target", [MAIN, f"hf:{NAME}"])
    def test_offline(self, hub, user, commit, target):
        """The same answers without one request, by the name that was used."""
        user.audit()
        hub.forget()
        found = user.admit(target, local_files_only=True)
        assert (found.kind, found.content[WEIGHTS]) == ("allow", FILES[WEIGHTS])
        assert found.evidence["commit-signature"].level == "publisher"
        assert found.evidence["hub-scan"].status is Status.UNAVAILABLE
        assert user.audit(f"hf:{NAME}@{commit}", local_files_only=True).kind == "allow"
        assert hub.requests == []

    def test_offline_is_where_the_branch_was_last(self, hub, user, repository, keys, commit):
        """Also where nothing had to be downloaded when it moved there."""
        newer = repository.commit(FILES | {NOTES: b"new\n"}, sign=by(keys, "good"))
        assert user.audit(f"hf:{NAME}@{newer}").kind == "allow"
        repository.branch("main", commit)
        assert user.audit().kind == "allow"
        repository.branch("main", newer)
        assert user.audit().kind == "allow"
        found = user.audit(local_files_only=True)
        assert (found.kind, found.evidence["commit-signature"].subject) == ("allow", newer)

    def test_offline_as_huggingface_hub_says_it(self, hub, user, commit, monkeypatch):
        """HF_HUB_OFFLINE holds."""
        user.audit()
        hub.forget()
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        assert user.audit().kind == "allow"
        assert hub.requests == []

    def test_offline_without_anything(self, hub, user, commit):
        """Nothing was downloaded, so there is nothing."""
        for name in ("main", commit):
            found = user.audit(f"hf:{NAME}@{name}", local_files_only=True)
            assert found.kind == "error"
            assert "nothing may be downloaded" in found.said
        assert hub.requests == []

    def test_offline_with_less_than_all(self, hub, user, commit):
        """A file that is missing is not absent: an audit of everything says so, and denies."""
        user.audit()
        (user.cache / f"models--acme--bert/snapshots/{commit}" / NOTES).unlink()
        found = user.audit(local_files_only=True)
        assert (found.kind, found.rules) == ("deny", {"artifact.not-read"})
        assert f"{NOTES}: not in the cache, and nothing may be downloaded" in found.said
        assert user.audit().kind == "allow"
        assert user.cached(commit) == FILES

    def test_offline_with_what_a_load_needs(self, hub, user, repository, keys):
        """Large files that a load did not want were not downloaded, and it does not want them now either."""
        repository.commit(FILES | {"onnx/model.safetensors": LARGE[WEIGHTS]}, sign=by(keys, "good"))
        assert user.admit(policy="default").kind == "allow"
        found = user.admit(policy="default", local_files_only=True)
        assert (found.kind, found.content[WEIGHTS]) == ("allow", FILES[WEIGHTS])
        found = user.audit(policy="default", local_files_only=True)
        assert (found.kind, found.rules) == ("deny", {"artifact.not-read"})
        (user.cache / "models--acme--bert/snapshots" / repository.resolve("main") / WEIGHTS).unlink()
        assert user.admit(policy="default", local_files_only=True).kind == "deny"

    def test_offline_with_what_others_downloaded(self, hub, trusting, user, commit):
        """No commit was kept, so nothing can be compared: nothing is claimed, and strict denies."""
        snapshot_download(NAME, endpoint=hub.endpoint, cache_dir=user.cache, token=False)
        found = user.audit(local_files_only=True)
        assert (found.kind, found.rules) == ("deny", {"provenance.unsigned", "source.too-new"})
        snapshot_download(NAME, endpoint=hub.endpoint, cache_dir=trusting.cache, token=False)
        found = trusting.audit(policy="default", local_files_only=True)
        assert (found.kind, found.rules) == ("allow", frozenset())
        assert "its commit was not kept" in found.said

    @pytest.mark.parametrize("path", FILES)
    @pytest.mark.parametrize("offline", [True, False])
    def test_one_byte_changed(self, hub, user, commit, path, offline):
        """In any file of the cache, online and offline."""
        user.audit()
        place = user.cache / f"models--acme--bert/snapshots/{commit}" / path
        place.write_bytes(lies.flip(place.read_bytes(), -1))
        for policy in ("strict", "default"):
            found = user.audit(policy=policy, local_files_only=offline)
            assert (found.kind, "integrity.mismatch" in found.rules) == ("deny", True)
            assert f"{path} is not the blob" in found.said
        assert user.audit(force_download=True).kind == "allow"
        assert user.audit().kind == "allow"

    def test_one_byte_less(self, hub, user, commit):
        """Sizes differ already; another download heals it."""
        user.audit()
        place = user.cache / f"models--acme--bert/snapshots/{commit}" / WEIGHTS
        place.write_bytes(FILES[WEIGHTS][:-1])
        assert user.audit().kind == "deny"
        assert "hf download --force-download" in user.audit().said
        assert user.audit(force_download=True).kind == "allow"

    @pytest.mark.parametrize("change", ["extra", "link out", "other case", "hidden"])
    def test_files_of_nobody(self, hub, user, commit, tmp_path, change):
        """What lies in the snapshot's folder and is not in the commit is refused."""
        user.audit()
        home = user.cache / f"models--acme--bert/snapshots/{commit}"
        if change == "link out":
            (tmp_path / "elsewhere").write_bytes(b"x")
            (home / "more").symlink_to(tmp_path / "elsewhere")
        else:
            (home / {"extra": "more.bin", "other case": "CONFIG.json", "hidden": ".x"}[change]).write_bytes(
                b""
            )
        for policy in ("strict", "default"):
            assert user.audit(policy=policy).kind == "deny"
            assert user.admit(policy=policy, local_files_only=True).kind == "deny"

    def test_commits_that_were_kept_are_not_believed(self, hub, user, commit):
        """Another commit, half of one, or nonsense in our own cache: asked for again, or refused offline."""
        user.audit()
        (kept,) = (user.folder / "commits").rglob("*.bundle")
        whole = kept.read_bytes()
        for at in range(0, len(whole), 41):
            kept.write_bytes(lies.flip(whole, at))
            assert user.audit(local_files_only=True).kind in {"deny", "error"} or at < whole.index(b"PACK")
            assert user.audit().kind == "allow"
        for data in (b"", whole[:-30], b"# v2 git bundle\n"):
            kept.write_bytes(data)
            assert user.audit(local_files_only=True).kind == "deny"
            assert user.audit().kind == "allow"
            assert user.audit(local_files_only=True).kind == "allow"

    def test_a_cache_that_cannot_be_written(self, hub, user, commit):
        """The network was there, and the message sends nobody looking for it."""
        user.cache.write_bytes(b"")
        found = user.audit()
        assert found.kind == "error"
        assert f"the cache {user.cache} cannot be written: " in found.said
        assert "could not be asked" not in found.said


UNANSWERED = r"could not be asked about acme/bert@.*: {}; local_files_only=True"
CONTRADICTS = "the Hub's list of files contradicts itself"
MISMATCH = frozenset({"integrity.mismatch", "provenance.unsigned"})
NO_NAME = MISMATCH | {"artifact.not-read"}
UNSIGNED = frozenset({"provenance.unsigned"})
NOTHING = frozenset()


def told(lie, *kinds, path=None):
    """A lie about one part of the Hub."""
    return lambda hub, repository, commit: hub.lie(lie, *kinds, path=path)


def instead_of(kinds, make):
    """A lie that needs to know the commit."""
    return lambda hub, repository, commit: hub.lie(make(hub, repository, commit), *kinds)


def another(repository):
    """Another commit of the same repository, which nobody signed."""
    return repository.commit({"config.json": CONFIG + b"\n"}, branch=None)


def pack_of(hub, repository, commit, how):
    return lies.packed(lies.served_pack(hub, NAME, commit, how))


def statuses():
    """Each error of each part."""
    for code in (400, 403, 404, 416, 429, 500, 503):
        for name, kinds in (("API", API), ("files", [RESOLVE]), ("large files", [CDN])):
            yield f"{code} from {name}", (
                told(lies.status(code, Retry_After="1"), *kinds), "error", NOTHING,
                UNANSWERED.format(f"HTTP {code}"),
            )  # fmt: skip
        for name, kinds in (("git", GIT),) if code % 2 else (("git's pack", [GIT_PACK]),):
            yield f"{code} from {name}", (
                told(lies.status(code), *kinds), "deny", UNSIGNED,
                rf"commit and trees could not be fetched: HTTP {code}(\n|:|$)",
            )  # fmt: skip


LIES = {
    # files
    "a large file of the same size": (
        told(lies.flipped(-1), CDN),
        "deny", MISMATCH, "model.safetensors is not the blob [0-9a-f]{40} of the",
    ),
    "a small file of the same size": (
        told(lies.flipped(-2), RESOLVE, path=NOTES), "deny", MISMATCH, "docs/notes.txt is not the blob",
    ),
    "a cut file": (told(lies.truncated(5), CDN), "error", NOTHING, UNANSWERED.format("peer closed .*")),
    "a file cut once": (told(lies.first_then(lies.truncated(5)), CDN), "allow", NOTHING, ""),
    "a shorter file": (
        told(lies.shortened(5), CDN), "error", NOTHING, "should be of size 80 but has size 5",
    ),
    "a longer file": (
        told(lies.longer(b"x"), CDN),
        "error", NOTHING, "the server sends more than the 80 bytes that it listed",
    ),
    "a longer file than announced": (told(lies.overrun(b"x"), CDN), "allow", NOTHING, ""),
    "a page in place of a file": (
        told(lies.html, RESOLVE, path=NOTES), "error", NOTHING, "sends more than the 6 bytes",
    ),
    "another file": (
        instead_of([RESOLVE], lambda h, r, c: lies.redirected(f"/{NAME}/resolve/{c}/{NOTES}")),
        "error", NOTHING, UNANSWERED.format("Exceeded maximum allowed redirects."),
    ),
    "no headers": (
        told(lies.headers(X_Repo_Commit="", ETag="", X_Linked_Etag="", X_Linked_Size=""), RESOLVE),
        "allow", NOTHING, "",
    ),
    "another commit in a header": (told(lies.headers(X_Repo_Commit="0" * 40), RESOLVE), "allow", NOTHING, ""),
    "ids that are paths": (
        told(
            lies.headers(ETag='"../../../../x"', X_Linked_Etag='"/../../../../x"', X_Repo_Commit="../x"),
            RESOLVE,
        ),
        "allow", NOTHING, "",
    ),
    "one id for all files": (
        told(lies.headers(ETag='"same"', X_Linked_Etag='"same"'), RESOLVE), "allow", NOTHING, "",
    ),
    "another size in a header": (told(lies.headers(X_Linked_Size="7"), RESOLVE), "allow", NOTHING, ""),
    "a Xet digest": (
        told(lies.headers(X_Xet_Hash="a" * 64, Link='<http://127.0.0.1:9/x>; rel="xet-auth"'), RESOLVE),
        "allow", NOTHING, "",
    ),
    "large files in a file of this machine": (
        told(lies.headers(Location="file:///etc/hostname"), RESOLVE, path=WEIGHTS),
        "error", NOTHING, "protocol",
    ),
    "large files at no address": (
        told(lies.headers(Location="::::"), RESOLVE, path=WEIGHTS), "error", NOTHING, "Invalid URL",
    ),
    # the models API
    "no commit": (told(lies.told(sha=None), MODEL), "error", NOTHING, "the Hub names no commit for main"),
    "a branch for a commit": (told(lies.told(sha="main"), MODEL), "error", NOTHING, "names no commit"),
    "a number for a commit": (told(lies.told(sha=7), MODEL), "error", NOTHING, "names no commit"),
    "64 digits": (told(lies.told(sha="a" * 64), MODEL), "error", NOTHING, "names no commit"),
    "a commit in upper case": (
        instead_of([MODEL], lambda h, r, c: lies.told(sha=c.upper())), "error", NOTHING, "names no commit",
    ),
    "a commit that there is not": (
        told(lies.told(sha="1" * 40), MODEL), "error", NOTHING, "acme/bert has no revision 1{40}",
    ),
    "another commit": (
        instead_of([MODEL], lambda h, r, c: lies.told(sha=another(r))), "deny", UNSIGNED, "has no signature",
    ),
    "a branch that moves in between": (
        instead_of([MODEL], lambda h, r, c: lies.moved(h, NAME, another(r))), "allow", NOTHING, "",
    ),
    "another repository's name": (
        told(lies.told(id="evil/bert"), MODEL), "error", NOTHING, "acme/bert is called evil/bert by the Hub",
    ),
    "no name": (told(lies.told(id=...), MODEL), "error", NOTHING, "acme/bert is called None by the Hub"),
    "dates that are none": (
        told(lies.told(createdAt="x", lastModified=7), MODEL), "deny", {"source.too-new"},
        "did not say when the repository last changed",
    ),
    "a list for a model": (told(lies.instead(b"[]"), MODEL), "error", NOTHING, "names no commit"),
    "broken JSON": (told(lies.instead(b"{"), MODEL), "error", NOTHING, UNANSWERED.format("not JSON.*")),
    "a key twice": (
        instead_of([MODEL], lambda h, r, c: lies.instead(b'{"sha": "%b", "sha": "1"}' % c.encode())),
        "error", NOTHING, UNANSWERED.format(".*same key.*|.*twice.*"),
    ),
    "nested JSON": (told(lies.instead(b"[" * 100_000), MODEL), "error", NOTHING, "nested deeper than"),
    "a page in place of a model": (told(lies.html, MODEL), "error", NOTHING, "not JSON"),
    "a cut model": (told(lies.truncated(20), MODEL), "error", NOTHING, UNANSWERED.format("peer closed.*")),
    "an answer without end": (
        told(lambda request, *, honest: lies.Answer(body=iter(lambda: b" " * (1 << 20), b"")), MODEL),
        "error", NOTHING, "an answer of more than 8388608 bytes",
    ),
    # the list of files
    "a wrong id": (told(lies.item("config.json", oid="0" * 40), TREE), "allow", NOTHING, ""),
    "a wrong sha256": (
        told(lies.item(WEIGHTS, lfs={"oid": "0" * 64, "size": 80, "pointerSize": 1}), TREE),
        "allow", NOTHING, "",
    ),
    "a sha256 that is a path": (
        told(lies.item(WEIGHTS, lfs={"oid": "../" * 20 + "x", "size": 80, "pointerSize": 1}), TREE),
        "allow", NOTHING, "",
    ),
    "an id that is a path": (
        told(lies.item("config.json", oid="../../../../x"), TREE), "error", NOTHING, CONTRADICTS,
    ),
    "one sha256 for all files": (
        told(lies.listed(lambda items: [{**each, "lfs": {"oid": "5" * 64}} for each in items]), TREE),
        "deny", NO_NAME, "could not be read and compared",
    ),
    "a smaller size": (
        told(lies.item("config.json", size=7), TREE),
        "error", NOTHING, "sends more than the 7 bytes that it listed",
    ),
    "a larger size": (
        told(lies.item(NOTES, size=60), TREE), "error", NOTHING, "should be of size 60 but has size 6",
    ),
    "a size beyond all disks": (told(lies.item(WEIGHTS, size=1 << 60), TREE), "error", NOTHING, "too large"),
    "a size below nothing": (told(lies.item(WEIGHTS, size=-1), TREE), "error", NOTHING, CONTRADICTS),
    "a size that is none": (told(lies.item(WEIGHTS, size="80"), TREE), "error", NOTHING, CONTRADICTS),
    "a file left out": (
        told(lies.left_out(NOTES), TREE),
        "deny", MISMATCH, "docs/notes.txt is a file of the commit and missing",
    ),
    "a file called a folder": (
        told(lies.item(NOTES, type="directory"), TREE),
        "deny", MISMATCH, "docs/notes.txt is a file of the commit",
    ),
    "a file more": (told(lies.added("x.txt"), TREE), "deny", MISMATCH, "x.txt is no file of the commit"),
    "a link": (told(lies.added("x", kind="symlink"), TREE), "error", NOTHING, CONTRADICTS),
    "no type": (told(lies.item(NOTES, type=...), TREE), "error", NOTHING, CONTRADICTS),
    "a path twice": (told(lies.added("config.json"), TREE), "error", NOTHING, CONTRADICTS),
    "a file that is a folder too": (told(lies.added("docs"), TREE), "error", NOTHING, CONTRADICTS),
    "a path below a file": (
        told(lies.added("config.json/x"), TREE), "deny", MISMATCH, "config.json/x is no file of the commit",
    ),
    "other case": (
        told(lies.added("CONFIG.json"), TREE), "deny", MISMATCH | {"artifact.name-collision"},
        "names collide by case folding",
    ),
    "a path upwards": (
        told(lies.added("../x"), TREE), "deny", NO_NAME | {"artifact.name-collision"}, "../x is no file",
    ),
    "an absolute path": (
        told(lies.added("/etc/x"), TREE),
        "deny", NO_NAME, "/etc/x is no file of the commit",
    ),
    "an empty path": (told(lies.added(""), TREE), "deny", NO_NAME, "is no file of the commit"),
    "a path with NUL": (
        told(lies.added("a\0b"), TREE), "deny", NO_NAME | {"artifact.name-collision"}, "control characters",
    ),
    "a path that is no text": (told(lies.added(7), TREE), "error", NOTHING, CONTRADICTS),
    "half a surrogate": (told(lies.added("\ud800"), TREE), "error", NOTHING, "surrogate"),
    "a path beyond all limits": (
        told(lies.added("x" * 5000), TREE),
        "deny", NO_NAME, "is no file of the commit",
    ),
    "no list": (told(lies.instead(b"{}"), TREE), "error", NOTHING, "a list of files that is no list"),
    "a list of numbers": (told(lies.instead(b"[1]"), TREE), "error", NOTHING, CONTRADICTS),
    "an empty list": (
        told(lies.instead(b"[]"), TREE),
        "deny", NO_NAME, "is a file of the commit and missing",
    ),
    "a list without end": (told(lies.endless, TREE), "error", NOTHING, "more than 20000 files"),
    "a list that repeats itself": (told(lies.repeating, TREE), "error", NOTHING, CONTRADICTS),
    "empty pages for ever": (
        told(lambda request, *, honest: lies.Answer(headers={"Link": '<?1>; rel="next"'}, body=b"[]"), TREE),
        "error", NOTHING, "an empty page of a list that goes on",
    ),
    # redirects
    "the API elsewhere": (
        instead_of([MODEL], lambda h, r, c: lies.redirected(f"{h.cdn}/")), "error", NOTHING, "HTTP 404",
    ),
    "files elsewhere": (
        instead_of([RESOLVE], lambda h, r, c: lies.redirected(f"{h.cdn}/")), "error", NOTHING, "HTTP 404",
    ),
    "git elsewhere": (
        instead_of([GIT_REFS], lambda h, r, c: lies.redirected(f"{h.cdn}/")), "deny", UNSIGNED,
        r"the server redirects to http://127.0.0.1:\d+/.* \(HTTP 307\), which is not followed",
    ),
    "git's pack elsewhere": (
        instead_of([GIT_PACK], lambda h, r, c: lies.redirected(f"{h.cdn}/")),
        "deny", UNSIGNED, "is not followed",
    ),
    "the API in a circle": (told(lies.redirect_loop, MODEL), "error", NOTHING, "Exceeded maximum allowed"),
    "the list in a circle": (told(lies.redirect_loop, TREE), "error", NOTHING, "Exceeded maximum allowed"),
    "files in a circle": (told(lies.redirect_loop, RESOLVE), "error", NOTHING, "Exceeded maximum allowed"),
    "git in a circle": (told(lies.redirect_loop, *GIT), "deny", UNSIGNED, "is not followed"),
    # git
    "version 1": (told(lies.old_protocol("version=1"), *GIT), "deny", UNSIGNED, "git over HTTP failed"),
    "a cut pack": (told(lies.truncated(300), GIT_PACK), "deny", UNSIGNED, "git over HTTP failed"),
    "a shorter pack": (told(lies.shortened(300), GIT_PACK), "deny", UNSIGNED, "git over HTTP failed"),
    "no pack": (told(lies.shortened(0), GIT_PACK), "deny", UNSIGNED, "ended the connection in the middle"),
    "garbage for a pack": (told(lies.packed(b"garbage"), GIT_PACK), "deny", UNSIGNED, "no pack of version 2"),
    "an empty pack": (
        told(lies.packed(lies.pack([])), GIT_PACK), "deny", UNSIGNED, "does not hold the commit|no objects",
    ),
    "the pack of another commit": (
        instead_of([GIT_PACK], lambda h, r, c: lies.asked_for(another(r))), "deny", UNSIGNED,
        "the server's pack does not hold the commit",
    ),
    "a pack that grows": (
        told(lies.packed(lies.bomb(1 << 26)), GIT_PACK),
        "deny", UNSIGNED, "an object has 67108864 bytes, more than",
    ),
    "a pack without end": (told(lies.endless_pack, GIT_PACK), "deny", UNSIGNED, "more than 67108864 bytes"),
    "progress without end": (told(lies.endless_progress, GIT_PACK), "deny", UNSIGNED, "in too many pieces"),
    "a page in place of a pack": (
        told(lies.html, GIT_PACK),
        "deny", UNSIGNED, "the server's answer is not of git",
    ),
    "a page in place of git": (
        told(lies.html, GIT_REFS),
        "deny", UNSIGNED, "the server's answer is not of git",
    ),
    "garbage for refs": (told(lies.instead(b"garbage"), GIT_REFS), "deny", UNSIGNED, "git over HTTP failed"),
    "no refs": (told(lies.instead(b""), GIT_REFS), "deny", UNSIGNED, "ended the connection in the middle"),
    "a changed commit": (
        instead_of([GIT_PACK], lambda h, r, c: pack_of(
            h, r, c, lambda kind, raw: lies.flip(raw, -2) if kind == "commit" else raw)),
        "deny", UNSIGNED, "the server's pack does not hold the commit",
    ),
    "a changed tree": (
        instead_of([GIT_PACK], lambda h, r, c: pack_of(
            h, r, c, lambda kind, raw: lies.flip(raw, -1) if kind == "tree" else raw)),
        "deny", UNSIGNED, "the commit's tree could not be read: object",
    ),
    "no trees": (
        instead_of([GIT_PACK], lambda h, r, c: pack_of(
            h, r, c, lambda kind, raw: None if kind == "tree" else raw)),
        "deny", UNSIGNED, "the commit's tree could not be read: object",
    ),
    "no folder's tree": (
        instead_of([GIT_PACK], lambda h, r, c: pack_of(
            h, r, c, lambda kind, raw: None if raw.startswith(b"100644 notes.txt") else raw)),
        "deny", UNSIGNED, "the commit's tree could not be read: object",
    ),
}  # fmt: skip
STATUSES = dict(statuses())


@pytest.fixture
def told_lie(request, hub, repository, commit):
    tell, *expected = (LIES | STATUSES)[request.param]
    tell(hub, repository, commit)
    return expected


class TestLies:
    """Each ends as specified, with its own message, and never in wrong bytes."""

    @pytest.mark.parametrize("told_lie", [*LIES, *STATUSES], indirect=True)
    def test_before_a_strict_policy(self, hub, user, commit, told_lie):
        """Everything is judged; what is allowed has the bytes that were signed; the truth heals it."""
        kind, rules, message = told_lie
        found = user.audit()
        assert (found.kind, found.rules) == (kind, rules), found.said
        assert re.search(message, found.said), found.said
        if kind == "allow":
            assert user.cached(commit) == FILES
        assert outside(user) == []
        assert not list(user.cache.rglob("*.incomplete"))
        hub.honest()
        assert user.audit(f"hf:{NAME}@{commit}", force_download=True).kind == "allow"

    @pytest.mark.parametrize("told_lie", LIES, indirect=True)
    def test_before_a_policy_that_asks_for_no_signature(self, hub, trusting, commit, told_lie):
        """What is handed out is what the commit names, or nothing is."""
        found = trusting.admit(policy="default")
        assert found.kind in {"allow", "deny", "error"}
        assert all(FILES[path] == content for path, content in found.content.items()) or moved_to_another(
            found
        )
        assert outside(trusting) == []


def moved_to_another(found):
    """The one lie that nothing but a signature shows: another commit, with its own bytes."""
    return found.content == {"config.json": CONFIG + b"\n"}


def outside(user):
    """Files that are where no file of this user should be."""
    known = {"cache", "commits", "trust", "accepted.json", "accepted.json.lock", "hf", "state", "trusting"}
    return [place.name for place in user.folder.iterdir() if place.name not in known]


@pytest.mark.parametrize(
    "lie",
    [lies.range_ignored, lies.range_moved(1), lies.truncated(5), lies.shortened(5), lies.longer(b"x"),
     lies.status(404), lies.status(416), lies.status(500), lies.redirect_loop,
     lies.headers(Content_Range="bytes 0-1/2"), lies.headers(Content_Range="")],
)  # fmt: skip
def test_lies_about_ranges(hub, user, repository, keys, lie):
    """A file of which a range could not be read is not read, which is said, and denies where it counts."""
    repository.commit(LARGE, sign=by(keys, "good"))
    hub.lie(lie, CDN)
    found = user.admit(policy="default", scope=CONFIG_ONLY)
    assert found.content == {"config.json": CONFIG}
    assert "model.safetensors: " in found.said
    assert "artifact.not-read" in user.admit(policy="default").rules


@pytest.mark.parametrize("size", [1 << 60, (5 << 20) + 1000, 5 << 20])
def test_lies_about_sizes_of_large_files(hub, user, repository, keys, size):
    """Read as far as it goes, never as far as is said."""
    repository.commit(LARGE, sign=by(keys, "good"))
    hub.lie(lies.item(WEIGHTS, size=size), TREE)
    found = user.admit(policy="default", scope=CONFIG_ONLY)
    assert "model.safetensors: " in found.said
    assert user.admit(policy="default").kind == "deny"


@pytest.mark.parametrize(
    ("stated", "code", "allowed"),
    [
        ({"scansDone": True, "filesWithIssues": []}, "", True),
        ({"scansDone": False, "filesWithIssues": []}, "pending", True),
        ({"scansDone": 1, "filesWithIssues": []}, "pending", True),
        ({"filesWithIssues": []}, "pending", True),
        ({"scansDone": True, "filesWithIssues": [{"path": "x", "level": "unsafe"}]}, "flagged", False),
        ({"scansDone": False, "filesWithIssues": [{"path": "x", "level": "unsafe"}]}, "flagged", False),
        ({"scansDone": True, "filesWithIssues": [7]}, "flagged", False),
        ({"scansDone": True}, "unclear", True),
        ({"scansDone": True, "filesWithIssues": {}}, "unclear", True),
        ({}, "unclear", True),
        (None, "none", True),
        ("clean", "none", True),
        ([], "none", True),
    ],
)
def test_what_the_hub_says_of_its_scans(hub, user, repository, commit, stated, code, allowed):
    """Only "done and nothing found" is VERIFIED; what is found denies; the rest is not known."""
    repository.security = stated
    found = user.audit()
    evidence = found.evidence["hub-scan"]
    assert evidence.code == code
    status = {"": Status.VERIFIED, "flagged": Status.INVALID}.get(code, Status.UNAVAILABLE)
    assert evidence.status is status
    assert (found.kind == "allow") is allowed
    assert found.rules == (frozenset() if allowed else {"hub.scan-flagged"})
    assert ("hub-scan" in found.said) is True


def test_the_token_stays_at_home(hub, user, commit, repository):
    """Wherever API, list, files and git are said to be: no other origin sees it."""
    repository.close_to_others("hf_secret")
    for kind in (MODEL, TREE, RESOLVE, GIT_REFS, GIT_PACK):
        hub.honest()
        hub.lie(lies.redirected(f"{hub.cdn}/"), kind)
        user.audit(token="hf_secret")
    hub.honest()
    hub.lie(lies.elsewhere_next(f"{hub.cdn}/next?cursor=1"), TREE)
    user.audit(token="hf_secret")
    hub.honest()
    hub.page = 1
    assert user.audit(token="hf_secret").kind == "allow"
    assert hub.asked(CDN)
    assert not any("authorization" in request.headers for request in hub.asked(CDN))


def test_a_name_that_redirects(hub, user, commit, repository):
    """A renamed repository is asked for by its name: the old one may belong to somebody else tomorrow."""
    hub.repositories["new/bert"] = hub.repositories.pop(NAME)
    repository.name, hub.renamed[NAME] = "new/bert", "new/bert"
    found = user.audit()
    assert found.kind == "error"
    assert (
        "acme/bert is called new/bert by the Hub: ask for that name, since trust goes by names" in found.said
    )


def test_a_replay_of_another_repository(hub, user, commit, repository, keys):
    """The same commit, good for acme/*, under a name for which nobody is trusted."""
    copy = hub.repository("evil/bert")
    copy.commit(FILES)
    copy.objects, copy.pointers, copy.stored = repository.objects, repository.pointers, repository.stored
    for path in repository.folder.joinpath("objects").glob("??/*"):
        place = copy.folder / "objects" / path.parent.name / path.name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(path.read_bytes())
    copy.branch("main", commit)
    found = user.audit("hf:evil/bert@main")
    assert (found.kind, found.evidence["commit-signature"].code) == ("deny", "no-rule")


def test_a_branch_that_goes_back(hub, user, commit, repository, keys):
    """Signed, and older than what was accepted before."""
    newer = repository.commit(FILES | {NOTES: b"new\n"}, sign=by(keys, "good"))
    assert user.audit().kind == "allow"
    assert newer != commit
    repository.branch("main", commit)
    found = user.audit()
    assert (found.kind, found.rules) == ("deny", {"provenance.rollback"})
    assert "older than" in found.evidence["commit-freshness"].detail


def test_a_lie_does_not_outlive_itself(hub, user, commit, repository):
    """A pack without trees is not kept: the next honest answer is taken for what it is."""
    hub.lie(pack_of(hub, repository, commit, lambda kind, raw: None if kind == "tree" else raw), GIT_PACK)
    assert user.audit().kind == "deny"
    hub.honest()
    assert user.audit().kind == "allow"


def test_the_lie_that_a_list_shows(hub, trusting, commit, repository):
    """Without trees, and without anybody's trust, files are compared with the list at least."""
    hub.lie(pack_of(hub, repository, commit, lambda kind, raw: None if kind == "tree" else raw), GIT_PACK)
    hub.lie(lies.flipped(-1), CDN)
    found = trusting.admit(policy="default")
    assert (found.kind, found.rules) == ("deny", {"integrity.mismatch"})
    assert "not those that the Hub lists" in found.said
