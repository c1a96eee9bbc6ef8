"""The served Hub is a Hub to those who know one, and each of its lies is the lie that it says."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import HfApi, close_session, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tests.forge import git as forge
from tests.forge import hub_lies as lies
from tests.forge.hub import Lfs, by, pointer, serve
from tests.forge.hub_answers import API, CDN, COMMITS, GIT, GIT_PACK, GIT_REFS, MODEL, RAW, RESOLVE, TREE
from tests.forge.keys import GPG, Keyring

NAME = "acme/bert"
WEIGHTS = bytes(range(256)) * 8
FILES = {"config.json": b'{"a": 1}', "deep/er/vocab.txt": b"[PAD]\n", "model.safetensors": Lfs(WEIGHTS)}


@pytest.fixture
def hub(monkeypatch):
    """A Hub with one repository; the client shows no bars."""
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    with serve() as served:
        served.repository(NAME)
        yield served
    close_session()


@pytest.fixture
def commit(hub):
    return hub.repositories[NAME].commit(FILES)


def api(hub, token=None):
    return HfApi(endpoint=hub.endpoint, token=token or False)


def fetched(address, **headers):
    """Status, headers and body; errors are answers too, and no redirect is followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with opener.open(urllib.request.Request(address, headers=sent)) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def resolved(hub, path, revision="main"):
    return f"{hub.endpoint}/{NAME}/resolve/{revision}/{path}"


def listed(hub, **more):
    return [item.path for item in api(hub).list_repo_tree(NAME, recursive=True, **more)]


def download(hub, path, folder, **more):
    return Path(
        hf_hub_download(NAME, path, endpoint=hub.endpoint, cache_dir=folder, token=False, **more)
    ).read_bytes()


class TestHonest:
    """What users of huggingface_hub and git see."""

    def test_model(self, hub, commit):
        """By branch, by commit, by tag, and what the Hub's scanners say where they are asked about."""
        assert api(hub).model_info(NAME).sha == commit
        assert api(hub).model_info(NAME).security_repo_status is None
        told = api(hub).model_info(NAME, revision=commit, securityStatus=True)
        assert (told.id, told.sha) == (NAME, commit)
        assert told.security_repo_status == {"scansDone": True, "filesWithIssues": []}
        assert [each.rfilename for each in told.siblings] == list(FILES)
        hub.repositories[NAME].branch("refs/tags/v1", commit)
        assert api(hub).resolve_revision(NAME, revision="v1").resolved == commit

    def test_files(self, hub, commit):
        """Ids are git's, sizes those of the content; folders are listed, one level or all."""
        items = {item.path: item for item in api(hub).list_repo_tree(NAME, recursive=True)}
        assert list(items) == ["config.json", "deep", "deep/er", "deep/er/vocab.txt", "model.safetensors"]
        config, weights = items["config.json"], items["model.safetensors"]
        assert (config.size, config.lfs) == (8, None)
        assert config.blob_id == hashlib.sha1(b"blob 8\0" + FILES["config.json"]).hexdigest()
        assert weights.size == weights.lfs.size == len(WEIGHTS)
        assert weights.lfs.sha256 == hashlib.sha256(WEIGHTS).hexdigest()
        assert weights.lfs.pointer_size == len(pointer(WEIGHTS))
        assert items["deep/er"].tree_id in hub.repositories[NAME].objects
        assert [item.path for item in api(hub).list_repo_tree(NAME)] == [
            "config.json", "deep", "model.safetensors"
        ]  # fmt: skip
        found = api(hub).get_paths_info(NAME, ["config.json", "absent"])
        assert [(item.path, item.blob_id) for item in found] == [("config.json", config.blob_id)]

    def test_pages(self, hub, commit):
        """A long list comes in pages, whatever their size."""
        expected = listed(hub)
        for hub.page in (1, 2, 5):
            hub.forget()
            assert listed(hub) == expected
            assert len(hub.asked(TREE)) == -(-5 // hub.page)

    def test_history(self, hub, commit):
        """Commits newest first, and every ref."""
        repository = hub.repositories[NAME]
        after = repository.commit({}, message="second\n\nwhy")
        repository.branch("refs/pr/1", commit)
        assert [each.commit_id for each in api(hub).list_repo_commits(NAME)] == [after, commit]
        refs = api(hub).list_repo_refs(NAME, include_pull_requests=True)
        assert [(each.name, each.target_commit) for each in refs.branches] == [("main", after)]
        assert [each.ref for each in refs.pull_requests] == ["refs/pr/1"]
        assert len(hub.asked(COMMITS)) == 1

    def test_downloads(self, hub, commit, tmp_path):
        """A snapshot has every file; asked again by commit, nothing is asked."""
        folder = snapshot_download(NAME, endpoint=hub.endpoint, cache_dir=tmp_path, token=False)
        assert Path(folder).name == commit
        assert {path: Path(folder, path).read_bytes() for path in FILES} == FILES
        assert [request.path for request in hub.asked(CDN)] == ["model.safetensors"]
        hub.forget()
        snapshot_download(NAME, revision=commit, endpoint=hub.endpoint, cache_dir=tmp_path, token=False)
        assert hub.asked() == []

    def test_what_is_missing(self, hub, commit, tmp_path):
        """A repository, a revision and a file that do not exist are three errors to the client."""
        with pytest.raises(RepositoryNotFoundError):
            api(hub).model_info("acme/other")
        with pytest.raises(RevisionNotFoundError):
            api(hub).model_info(NAME, revision="other")
        with pytest.raises(EntryNotFoundError):
            download(hub, "other", tmp_path)

    def test_ranges(self, hub, commit):
        """Of both ports; one that nothing fills is answered with 416, and two with the whole file."""
        status, headers, body = fetched(resolved(hub, "config.json"), Range="bytes=2-3")
        assert (status, body, headers["Content-Range"]) == (206, b'a"', "bytes 2-3/8")
        _, headers, _ = fetched(resolved(hub, "model.safetensors"))
        where = headers["Location"]
        assert headers["X-Linked-Size"] == str(len(WEIGHTS))
        assert where.startswith(hub.cdn)
        assert fetched(where, Range="bytes=2040-9999")[2] == WEIGHTS[2040:]
        assert fetched(where, Range="bytes=-4")[2] == WEIGHTS[-4:]
        assert fetched(where, Range="bytes=2044-")[2] == WEIGHTS[-4:]
        assert fetched(where, Range="bytes=2048-")[0] == 416
        assert fetched(where, Range="bytes=0-1,4-5")[0] == 200

    def test_headers_of_files(self, hub, commit):
        """Commit and id of each, and nothing of Xet."""
        blob = hashlib.sha1(b"blob 8\0" + FILES["config.json"]).hexdigest()
        _, plain, _ = fetched(resolved(hub, "config.json"))
        assert (plain["X-Repo-Commit"], plain["ETag"]) == (commit, f'"{blob}"')
        status, linked, _ = fetched(resolved(hub, "model.safetensors", commit))
        assert (status, linked["X-Repo-Commit"]) == (302, commit)
        assert linked["X-Linked-Etag"] == f'"{hashlib.sha256(WEIGHTS).hexdigest()}"'
        assert "X-Xet-Hash" not in linked
        raw = fetched(f"{hub.endpoint}/{NAME}/{RAW}/main/model.safetensors")
        assert raw[2] == pointer(WEIGHTS)

    def test_git(self, hub, commit, tmp_path):
        """The real git clones it, with and without filter, by either address; fsck has no complaint."""
        forge.git(tmp_path, "clone", "-q", hub.git(NAME), "whole")
        assert (tmp_path / "whole/model.safetensors").read_bytes() == pointer(WEIGHTS)
        assert forge.git(tmp_path / "whole", "rev-parse", "HEAD").decode().strip() == commit
        forge.git(tmp_path / "whole", "fsck", "--strict")
        forge.git(tmp_path, "clone", "-q", "-n", "--filter=blob:none", f"{hub.git(NAME)}.git", "part")
        listing = forge.git(tmp_path / "part", "ls-tree", "-r", "--name-only", "HEAD").decode().split()
        assert listing == list(FILES)
        assert {request.headers["git-protocol"] for request in hub.asked(*GIT)} == {"version=2"}

    def test_unreachable_commit_by_id(self, hub, commit, tmp_path):
        """As on the Hub: what no branch has is served to who knows its id."""
        hidden = hub.repositories[NAME].commit({"a": b"1"}, branch=None)
        forge.git(tmp_path, "init", "-q")
        forge.git(tmp_path, "fetch", "-q", "--depth=1", "--filter=blob:none", hub.git(NAME), hidden)
        assert forge.git(tmp_path, "cat-file", "-t", hidden) == b"commit\n"

    @pytest.mark.skipif(GPG is None, reason="gpg is not installed")
    def test_signed_commits(self, hub, tmp_path):
        """`by` makes what git itself verifies."""
        keys = Keyring()
        try:
            keys.key("good")
            hub.repositories[NAME].commit(FILES, sign=by(keys, "good"))
            forge.git(tmp_path, "clone", "-q", hub.git(NAME), "clone")
            said = forge.git(
                tmp_path / "clone", "verify-commit", "--raw", "HEAD", merged=True, GNUPGHOME=str(keys.home)
            )
            assert b"GOODSIG" in said
        finally:
            keys.close()

    def test_renamed(self, hub, commit):
        """The old name leads to the new one, as on the Hub."""
        hub.renamed["old/bert"] = NAME
        status, headers, _ = fetched(f"{hub.endpoint}/api/models/old/bert/revision/main")
        assert (status, headers["Location"]) == (307, f"/api/models/{NAME}/revision/main")
        assert fetched(f"{hub.endpoint}/old/bert/info/refs?service=git-upload-pack")[0] == 307


class TestClosed:
    """Repositories that need a token."""

    def test_private(self, hub, commit, tmp_path):
        """API, files and git are hidden; the token opens all of them, and the second port never sees it."""
        hub.repositories[NAME].close_to_others("hf_secret")
        for token in (None, "hf_wrong"):
            with pytest.raises(RepositoryNotFoundError):
                api(hub, token).model_info(NAME)
        assert fetched(resolved(hub, "config.json"))[0] == 401
        assert refused(tmp_path, hub.git(NAME))
        assert api(hub, "hf_secret").model_info(NAME).sha == commit
        snapshot_download(NAME, endpoint=hub.endpoint, cache_dir=tmp_path, token="hf_secret")
        header = "http.extraHeader=Authorization: Bearer hf_secret"
        forge.git(tmp_path, "-c", header, "clone", "-q", hub.git(NAME), "bearer")
        basic = hub.git(NAME).replace("http://", "http://ann:hf_secret@")
        forge.git(tmp_path, "clone", "-q", basic, "basic")
        assert len(hub.asked(CDN)) == 1
        assert "authorization" not in hub.asked(CDN)[0].headers

    def test_gated(self, hub, commit, tmp_path):
        """The model is shown, its files are not."""
        hub.repositories[NAME].close_to_others("hf_secret", gated=True)
        assert api(hub).model_info(NAME).gated == "auto"
        assert "config.json" in listed(hub)
        with pytest.raises(GatedRepoError):
            download(hub, "config.json", tmp_path)
        assert refused(tmp_path, hub.git(NAME))


def refused(folder, address):
    """What git says where it may not clone."""
    said = forge.git(folder, "clone", "-q", address, "refused", check=False, merged=True)
    assert not (folder / "refused").exists()
    return said


class TestLies:
    """Each one does what it says, and no more."""

    @pytest.mark.parametrize(("path", "kind"), [("model.safetensors", CDN), ("config.json", RESOLVE)])
    def test_same_size(self, hub, commit, tmp_path, path, kind):
        """The client keeps other bytes of the right size: why content has to be digested."""
        hub.lie(lies.flipped(3), kind)
        got = download(hub, path, tmp_path)
        assert (len(got), got) == (len(FILES[path]), lies.flip(FILES[path], 3))
        hub.honest()
        assert download(hub, path, tmp_path / "new") == FILES[path]

    def test_only_one_file(self, hub, commit, tmp_path):
        """A lie about one path leaves the others alone, on both ports."""
        hub.lie(lies.flipped(3), RESOLVE, CDN, path="model.safetensors")
        assert download(hub, "config.json", tmp_path) == FILES["config.json"]
        assert download(hub, "model.safetensors", tmp_path) != WEIGHTS

    @pytest.mark.parametrize("lie", [lies.shortened(5), lies.longer(b"more")])
    def test_other_size(self, hub, commit, tmp_path, lie):
        """Complete answers of another size than the metadata: the client refuses these."""
        hub.lie(lie, CDN)
        with pytest.raises(OSError, match="Consistency check failed"):
            download(hub, "model.safetensors", tmp_path)

    def test_truncated(self, hub, commit, tmp_path):
        """The client asks again, and gets it."""
        hub.lie(lies.first_then(lies.truncated(5)), CDN)
        assert download(hub, "model.safetensors", tmp_path) == WEIGHTS
        assert len(hub.asked(CDN)) == 2

    def test_overrun(self, hub, commit, tmp_path):
        """Bytes behind the announced end reach nobody."""
        hub.lie(lies.overrun(b"more"), CDN)
        assert download(hub, "model.safetensors", tmp_path) == WEIGHTS

    def test_ranges(self, hub, commit):
        """Ignored, or another one under the same name."""
        hub.lie(lies.range_ignored, RESOLVE)
        assert fetched(resolved(hub, "config.json"), Range="bytes=2-3")[::2] == (200, FILES["config.json"])
        hub.honest()
        hub.lie(lies.range_moved(1), RESOLVE)
        status, headers, body = fetched(resolved(hub, "config.json"), Range="bytes=2-3")
        assert (status, headers["Content-Range"], body) == (206, "bytes 2-3/8", FILES["config.json"][3:5])

    def test_held(self, hub, commit, tmp_path):
        """The middle of a body waits for the test, and the rest follows."""
        hold = lies.Hold(hub, 5)
        hub.lie(hold, CDN)
        got = []
        thread = threading.Thread(target=lambda: got.append(download(hub, "model.safetensors", tmp_path)))
        thread.start()
        assert hold.reached.wait(60)
        assert list(tmp_path.rglob("*.safetensors")) == got == []
        hold.release()
        thread.join()
        assert got == [WEIGHTS]

    def test_ends_while_held(self):
        """A Hub that closes lets go of whoever waits."""
        with serve() as served:
            served.repository(NAME).commit(FILES)
            hold = lies.Hold(served, 5)
            served.lie(hold, MODEL)
            host, port = served.endpoint.removeprefix("http://").split(":")
            with socket.create_connection((host, int(port))) as client:
                client.sendall(b"GET /api/models/acme/bert HTTP/1.1\r\n\r\n")
                assert hold.reached.wait(60)

    def test_a_mistake_of_the_forge_is_heard(self):
        """A lie that fails is not an answer that a test may take for the source's merit."""

        def wrong():
            with serve() as served:
                served.repository(NAME)
                served.lie(lambda request, *, honest: 1 / 0, MODEL)
                with pytest.raises(OSError, match="closed"):
                    fetched(f"{served.endpoint}/api/models/{NAME}")

        with pytest.raises(ZeroDivisionError):
            wrong()

    @pytest.mark.parametrize("sha", ["A" * 40, "main", 7, None, "a" * 64])
    def test_no_commit(self, hub, commit, sha):
        """The models API answers with anything."""
        hub.lie(lies.told(sha=sha), MODEL)
        assert api(hub).model_info(NAME).sha == sha

    def test_moved(self, hub, commit):
        """The branch moves behind the first question; and the API may say so without its having moved."""
        repository = hub.repositories[NAME]
        other = repository.commit({"a": b"1"}, branch=None)
        hub.lie(lies.moved(hub, NAME, other), MODEL)
        assert [api(hub).model_info(NAME).sha for _ in range(3)] == [commit, other, other]
        hub.honest()
        hub.lie(lies.first_then(lies.told(sha=commit)), MODEL)
        assert [api(hub).model_info(NAME).sha for _ in range(2)] == [commit, other]

    def test_left_out_field(self, hub, commit):
        """Ellipsis takes a field away."""
        hub.lie(lies.told(securityRepoStatus=..., sha=...), MODEL)
        told = api(hub).model_info(NAME, securityStatus=True)
        assert (told.sha, told.security_repo_status) == (None, None)

    def test_lists(self, hub, commit):
        """Fields of one file, a file less, and entries of any name and type."""
        hub.lie(lies.item("config.json", oid="0" * 40, size=7), TREE)
        hub.lie(lies.left_out("model.safetensors"), TREE)
        for path in ("../x", "/etc/passwd", "config.json", "CONFIG.json"):
            hub.lie(lies.added(path), TREE)
        hub.lie(lies.added("odd", kind="symlink"), TREE)
        items = list(api(hub).list_repo_tree(NAME, recursive=True))
        assert [item.path for item in items][-5:] == [
            "../x", "/etc/passwd", "config.json", "CONFIG.json", "odd"
        ]  # fmt: skip
        assert (items[0].blob_id, items[0].size) == ("0" * 40, 7)
        assert "model.safetensors" not in [item.path for item in items]

    def test_lists_without_end(self, hub, commit):
        """New entries for ever, and the same ones for ever."""
        hub.lie(lies.endless, TREE)
        tree = api(hub).list_repo_tree(NAME, recursive=True)
        assert len({next(tree).path for _ in range(3000)}) == 3000
        hub.honest()
        hub.lie(lies.repeating, TREE)
        tree = api(hub).list_repo_tree(NAME, recursive=True)
        assert len({next(tree).path for _ in range(50)}) == 5

    @pytest.mark.parametrize("code", [400, 401, 403, 404, 416, 429, 500, 503])
    def test_statuses(self, hub, commit, code):
        """Of API, files and git, each for itself."""
        for kinds, address in (
            (API, f"{hub.endpoint}/api/models/{NAME}"),
            ([RESOLVE], resolved(hub, "config.json")),
            (GIT, f"{hub.git(NAME)}/info/refs?service=git-upload-pack"),
        ):
            assert fetched(address)[0] == 200
            hub.lie(lies.status(code, Retry_After="1"), *kinds)
            status, headers, _ = fetched(address)
            assert (status, headers["Retry-After"]) == (code, "1")
            hub.honest()

    def test_the_client_waits_where_it_is_told_to(self, hub, commit):
        """429 and 503 are asked again, and are errors in the end."""
        hub.lie(lies.first_then(lies.status(503)), TREE)
        assert "config.json" in listed(hub)
        hub.lie(lies.status(429, Retry_After="1"), TREE)
        with pytest.raises(HfHubHTTPError):
            listed(hub)

    def test_redirects(self, hub, commit):
        """Elsewhere with the same path, elsewhere altogether, and for ever in a circle."""
        hub.lie(lies.redirected(f"{hub.cdn}/"), MODEL)
        status, headers, _ = fetched(f"{hub.endpoint}/api/models/{NAME}")
        assert (status, headers["Location"]) == (307, f"{hub.cdn}/api/models/{NAME}")
        hub.lie(lies.redirected(hub.cdn, 302), RESOLVE)
        assert fetched(resolved(hub, "config.json"))[1]["Location"] == hub.cdn
        hub.lie(lies.redirect_loop, GIT_REFS)
        said = refused(Path(hub._folder), hub.git(NAME))
        assert b"redirect" in said

    def test_headers(self, hub, commit):
        """Changed, added and taken away."""
        hub.lie(lies.headers(X_Repo_Commit="0" * 40, ETag="", X_More="1"), RESOLVE)
        headers = fetched(resolved(hub, "config.json"))[1]
        assert (headers["X-Repo-Commit"], headers["ETag"], headers["X-More"]) == ("0" * 40, None, "1")

    def test_body_that_is_no_json(self, hub, commit):
        """Anything in place of a body."""
        hub.lie(lies.instead(b"{"), MODEL)
        with pytest.raises(json.JSONDecodeError):
            api(hub).model_info(NAME)


class TestGitLies:
    """Against the real git, which refuses what is broken and takes what is only different."""

    def fetch(self, hub, folder, wanted, *options):
        """What git says, and whether it has the commit then."""
        forge.git(folder, "init", "-q", "clone")
        clone = folder / "clone"
        # as we ask: a commit by its id, its trees, no blobs
        ask = ("fetch", "-q", "--depth=1", *(options or ("--filter=blob:none",)), hub.git(NAME), wanted)
        said = forge.git(clone, *ask, check=False, merged=True)
        kind = forge.git(clone, "cat-file", "-t", wanted, check=False, GIT_NO_LAZY_FETCH="1")
        return said, kind == b"commit\n"

    def test_old_protocol(self, hub, commit, tmp_path):
        """Version 2 is not heard of, and the other ones are spoken."""
        hub.lie(lies.old_protocol(), *GIT)
        body = fetched(f"{hub.git(NAME)}/info/refs?service=git-upload-pack", Git_Protocol="version=2")[2]
        assert b"version 2" not in body
        assert commit.encode() in body
        hub.lie(lies.old_protocol("version=1"), *GIT)
        assert self.fetch(hub, tmp_path, commit)[1]

    def test_without_filter(self, hub, commit, tmp_path):
        """The blobs come along."""
        lies.without_filter(hub, NAME)
        said, there = self.fetch(hub, tmp_path, commit)
        assert there
        assert b"filter" in said.lower()
        kinds = forge.git(
            tmp_path / "clone", "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"
        )
        assert kinds.split().count(b"blob") == 3

    def test_other_commit(self, hub, commit, tmp_path):
        """A good pack, of what nobody asked for."""
        other = hub.repositories[NAME].commit({"a": b"1"}, branch=None)
        hub.lie(lies.asked_for(other), GIT_PACK)
        assert not self.fetch(hub, tmp_path, commit)[1]
        assert forge.git(tmp_path / "clone", "cat-file", "-t", other) == b"commit\n"

    @pytest.mark.parametrize("keep", [0, 30, 300, -5])
    def test_cut(self, hub, commit, tmp_path, keep):
        """In the middle of the answer, announced or not."""
        for lie in (lies.truncated(keep), lies.shortened(keep)):
            hub.honest()
            hub.lie(lie, GIT_PACK)
            said, there = self.fetch(hub, tmp_path, commit)
            assert not there
            assert said

    def test_packs(self, hub, commit, tmp_path):
        """Forged ones are framed as git frames them: an honest one is taken, garbage is not."""
        good = lies.served_pack(hub, NAME, commit)
        hub.lie(lies.packed(b"PACK" + good[5:]), GIT_PACK)
        assert not self.fetch(hub, tmp_path, commit)[1]
        without = lies.served_pack(hub, NAME, commit, lambda kind, raw: None if kind == "tree" else raw)
        hub.lie(lies.packed(without, shallow=commit), GIT_PACK)
        self.fetch(hub, tmp_path, commit)
        root = hub.repositories[NAME].root(commit)
        kind = forge.git(tmp_path / "clone", "cat-file", "-t", root, check=False, GIT_NO_LAZY_FETCH="1")
        assert kind == b""
        hub.lie(lies.packed(good, shallow=commit), GIT_PACK)
        assert self.fetch(hub, tmp_path, commit)[1]

    def test_bomb(self, tmp_path):
        """Little that becomes much, and is a pack to git."""
        (tmp_path / "bomb.pack").write_bytes(lies.bomb(1 << 22))
        assert (tmp_path / "bomb.pack").stat().st_size < 1 << 13
        forge.git(tmp_path, "init", "-q")
        forge.git(tmp_path, "index-pack", str(tmp_path / "bomb.pack"))

    def test_without_end(self, hub, commit, tmp_path):
        """More than anybody waits for: git gives up on a limit of ours."""
        for lie in (lies.endless_pack, lies.endless_progress):
            hub.honest()
            hub.lie(lie, GIT_PACK)
            status, got = asked_for_pack(hub, commit, 1 << 20)
            assert (status, len(got)) == (200, 1 << 20)

    def test_page_for_people(self, hub, commit, tmp_path):
        """200, and not of git."""
        hub.lie(lies.html, *GIT)
        assert not self.fetch(hub, tmp_path, commit)[1]


def asked_for_pack(hub, commit, most):
    """The start of what a fetch is answered with."""
    body = lies.line(b"command=fetch") + b"0001" + lies.line(f"want {commit}\n".encode())
    body += lies.line(b"done\n") + b"0000"
    request = urllib.request.Request(
        f"{hub.git(NAME)}/git-upload-pack", data=body, headers={"Git-Protocol": "version=2"}
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return answer.status, answer.read(most)
