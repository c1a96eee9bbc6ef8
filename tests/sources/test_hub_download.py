"""Whole files into the cache: where they go, what replaces what, and what ends a download."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import close_session, scan_cache_dir

from safeload.errors import FormatError
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from safeload.sources.git_transport import FetchFailed, fetch_commit
from safeload.sources.hub_api import Hub, HubAccess, HubUnavailable
from safeload.sources.hub_download import TooLong, Wanted, fetch
from safeload.sources.hub_json import get_pages
from tests.forge import hub_lies as lies
from tests.forge.hub import Lfs, serve
from tests.forge.hub_answers import CDN, GIT_PACK, MODEL, RESOLVE, TREE

NAME = "acme/bert"
CONTENT = bytes(range(256)) * 9
FILES = {"a/b/weights.bin": Lfs(CONTENT), "config.json": b"{}"}


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    with serve() as served:
        served.repository(NAME)
        yield served
    close_session()


@pytest.fixture
def commit(hub):
    return hub.repositories[NAME].commit(FILES)


@pytest.fixture
def client(hub, tmp_path):
    """Of a user without token."""
    return Hub(NAME, HubAccess(endpoint=hub.endpoint, cache_dir=str(tmp_path / "cache"), token=False))


def listed(client, commit):
    return {item.path: item for item in client.list_files(commit, DEFAULT_LIMITS)}


def test_the_layout_is_theirs(hub, client, commit, tmp_path):
    """Blobs by their ids, files as links to them, and huggingface_hub has no complaint."""
    client.download(listed(client, commit).values(), commit)
    client.remember("main", commit)
    scanned = scan_cache_dir(tmp_path / "cache")
    assert scanned.warnings == []
    (repo,) = scanned.repos
    (revision,) = repo.revisions
    assert (revision.commit_hash, revision.refs) == (commit, frozenset({"main"}))
    assert {str(f.file_name): f.size_on_disk for f in revision.files} == {
        "weights.bin": 2304,
        "config.json": 2,
    }
    link = (tmp_path / "cache/models--acme--bert/snapshots" / commit / "a/b/weights.bin").readlink()
    assert str(link).startswith("../../../../blobs/")


def test_without_links(hub, client, commit, monkeypatch):
    """Where links are switched off, files are copies."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_SYMLINKS", True)
    folder = client.download(listed(client, commit).values(), commit)
    place = Path(folder, "a/b/weights.bin")
    assert not place.is_symlink()
    assert place.read_bytes() == CONTENT


def test_a_blob_that_is_there_is_taken(hub, client, commit):
    """By name and size: whether it is the right one is found out later, as for every file."""
    folder = client.download(listed(client, commit).values(), commit)
    other = hub.repositories[NAME].commit(FILES | {"config.json": b"[]"})
    hub.forget()
    client.download(listed(client, other).values(), other)
    assert hub.asked(CDN) == []
    assert [request.path for request in hub.asked(RESOLVE)] == ["config.json"]
    place = Path(folder, "a/b/weights.bin")
    blob = place.resolve()
    blob.write_bytes(CONTENT[:5])
    place.unlink()
    client.download([listed(client, commit)["a/b/weights.bin"]], commit)
    assert blob.read_bytes() == CONTENT


def test_what_repositories_share_is_not_written_through(hub, client, commit, tmp_path):
    """A blob that is a link to a store of several repositories is replaced, and the store is left alone."""
    folder = client.download(listed(client, commit).values(), commit)
    blob = Path(folder, "config.json").resolve()
    shared = tmp_path / "shared"
    shared.write_bytes(b"xx")
    blob.unlink()
    blob.symlink_to(shared)
    forced = Hub(NAME, replace(client.access, force_download=True))
    forced.download([listed(client, commit)["config.json"]], commit)
    assert shared.read_bytes() == b"xx"
    assert not blob.is_symlink()


def test_more_than_was_listed_is_not_written(hub, client, commit, tmp_path):
    """A body without end fills no disk."""
    endless = lambda request, *, honest: lies.Answer(body=iter(lambda: b"x" * (1 << 16), b""))
    hub.lie(endless, RESOLVE)
    wanted = Wanted("config.json", "1" * 40, 1 << 20)
    url = f"{hub.endpoint}/{NAME}/resolve/{commit}/config.json"
    with pytest.raises(TooLong):
        fetch(url, {}, wanted, str(tmp_path / "home"), commit, force=False)
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == []


def test_packed_answers_are_held_to_their_size(hub, client, commit, tmp_path):
    """Compression that nobody asked for does not get around the bound."""
    import gzip

    packed = gzip.compress(bytes(1 << 22))
    answer = lies.Answer(headers={"Content-Encoding": "gzip"}, body=packed)
    hub.lie(lambda request, *, honest: replace_answer(answer), RESOLVE, MODEL)
    url = f"{hub.endpoint}/{NAME}/resolve/{commit}/config.json"
    with pytest.raises(TooLong):
        fetch(url, {}, Wanted("c", "1" * 40, 1 << 20), str(tmp_path / "home"), commit, force=False)
    with pytest.raises(HubUnavailable, match="UTF-8"):
        client.resolve("main", DEFAULT_LIMITS)


def replace_answer(answer):
    """A copy: each request gets its own."""
    return lies.Answer(headers=dict(answer.headers), body=answer.body)


def test_answers_that_come_too_late(hub, client, commit):
    """Seconds are bounded for model, list and pack, however steadily bytes arrive."""
    none = replace(DEFAULT_LIMITS, fetch_seconds=0)
    with pytest.raises(HubUnavailable, match="no complete answer in time"):
        client.resolve("main", none)
    with pytest.raises(HubUnavailable, match="no complete answer in time"):
        client.list_files(commit, none)
    with pytest.raises(FetchFailed, match="no complete answer within 0 seconds"):
        fetch_commit(hub.git(NAME), commit, token=None, limits=none)


def test_a_page_says_where_in_the_list_the_next_one_is_and_no_more(hub, commit):
    """Another origin in its link is a mirror's, or a trap: the list goes on where it began."""
    hub.page = 1
    url = f"{hub.endpoint}/api/models/{NAME}/tree/{commit}?recursive=true"

    def mirrored(request, *, honest):
        answer = honest(request)
        if "Link" in answer.headers:
            answer.headers["Link"] = answer.headers["Link"].replace(hub.endpoint, "https://hub.example")
        return answer

    hub.lie(mirrored, TREE)
    found = [item["path"] for item in get_pages(url, {"authorization": "Bearer x"}, DEFAULT_LIMITS)]
    assert found == ["a", "a/b", "a/b/weights.bin", "config.json"]


def test_a_pack_in_tiny_pieces(hub, commit):
    """Each packet costs time, so their number is bounded with their bytes."""

    def pieces(request, *, honest):
        if b"command=fetch" not in request.body:
            return honest(request)
        tiny = lies.line(b"\x01P") * 50_000

        def body():
            yield lies.line(b"packfile\n")
            while True:
                yield tiny

        return lies.Answer(headers={"Content-Type": "application/x-git-upload-pack-result"}, body=body())

    hub.lie(pieces, GIT_PACK)
    with pytest.raises(FormatError, match="in too many pieces"):
        fetch_commit(hub.git(NAME), commit, token=None, limits=DEFAULT_LIMITS)
