"""The caches of a user: shared with others, left behind by the killed, and asked when there is no network."""

from __future__ import annotations

import json
import os

import pytest
from huggingface_hub import close_session

from safeload.core import Status
from safeload.errors import UsageError
from safeload.limits import DEFAULT_LIMITS
from safeload.pipeline import audit
from safeload.sources import hub_api
from safeload.sources.blobs import NotFetched
from safeload.sources.hub_api import Hub as Client
from safeload.sources.hub_name import parse_hub_name
from tests.forge import hub_lies as lies
from tests.forge.hub import Lfs, by, serve
from tests.forge.hub_answers import RESOLVE, TREE
from tests.forge.hub_http import Answer
from tests.forge.hub_user import FILES, MAIN, NAME, User
from tests.forge.keys import GPG, keyring
from tests.forge.trust import rule

pytestmark = pytest.mark.skipif(GPG is None, reason="gpg is not installed")

HOME = "models--acme--bert"
OLD = FILES | {"docs/notes.txt": b"old\n"}


@pytest.fixture(scope="module")
def keys():
    for made in keyring():
        made.key("good")
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
def user(hub, tmp_path, monkeypatch, keys):
    return User(hub, tmp_path, monkeypatch, keys, "good")


# what others can put there


def test_links_in_wait_are_not_written_through(hub, user, repository, keys, tmp_path):
    """Another user of a shared cache guesses the number of our process, and lays links to a file of ours."""
    commit = repository.commit(FILES, sign=by(keys, "good"))
    (tmp_path / "precious").write_text("precious")
    commits, refs = user.folder / "commits/commits/acme--bert", user.cache / HOME / "refs"
    for name in (commits / f"{commit}.bundle", refs / "main"):
        name.parent.mkdir(parents=True)
        name.with_name(f"{name.name}.{os.getpid()}.part").symlink_to(tmp_path / "precious")
    assert user.admit().kind == "allow"
    assert (tmp_path / "precious").read_text() == "precious"
    assert (refs / "main").read_text() == commit
    assert not (refs / "main").is_symlink()
    assert user.admit(local_files_only=True).kind == "allow"


def test_a_pipe_in_place_of_a_branch(hub, user, repository, keys):
    """Offline, nobody waits until somebody writes into it."""
    repository.commit(FILES, sign=by(keys, "good"))
    assert user.admit().kind == "allow"
    (user.cache / HOME / "refs/main").unlink()
    os.mkfifo(user.cache / HOME / "refs/main")
    assert "is not in the cache" in user.admit(local_files_only=True).said


def test_a_killed_process_leaves_nothing_in_a_snapshot(hub, user, repository, keys, monkeypatch):
    """What is in the making lies beside the blobs: in the snapshot it would be one file too many for ever."""
    commit = repository.commit(FILES, sign=by(keys, "good"))
    made = []
    symlink = os.symlink
    with monkeypatch.context() as patch:
        patch.setattr(os, "symlink", lambda target, part: (made.append(str(part)), symlink(target, part)))
        assert user.admit().kind == "allow"
    assert len(made) == len(FILES)
    assert all(part.startswith(str(user.cache / HOME / "blobs")) for part in made)
    # as a kill between the two steps leaves it
    (user.cache / HOME / "blobs" / "x.incomplete").symlink_to("nowhere")
    (user.cache / HOME / "snapshots" / commit / "config.json").unlink()
    assert user.admit().kind == "allow"


def test_a_policy_among_the_blobs(hub, user, repository, keys):
    """By whatever name of the cache: it is the repository's own, also where it is of another commit."""
    text = b"schema = 1\n"
    first = repository.commit(FILES | {"policy.toml": text}, sign=by(keys, "good"))
    assert user.audit(policy="default").kind == "allow"
    repository.commit(FILES, sign=by(keys, "good"), time=1_800_000_000)
    assert user.audit(policy="default").kind == "allow"
    own = user.cache / HOME / "snapshots" / first / "policy.toml"
    for path in (own, own.resolve()):
        assert "lies inside the audited path" in user.audit(policy=str(path)).said


def test_a_lock_in_the_snapshot(hub, user, repository, keys):
    """Whoever wrote the checkpoint would state its digests."""
    commit = repository.commit(FILES, sign=by(keys, "good"))
    assert user.audit().kind == "allow"
    lock = user.cache / HOME / "snapshots" / commit / "safeload.lock"
    lock.write_text(
        f'version = 1\n[[subject]]\nuri = "hf:{NAME}"\nrevision = "main"\ncommit = "{commit}"\n'
        f'verdict = "ALLOW"\npolicy = {{ name = "p", digest = "sha256:{"0" * 64}" }}\nsafeload = "1"\n'
        f'[subject.files]\n"config.json" = {{ sha256 = "{"0" * 64}", size = 1 }}\n'
    )
    with pytest.raises(UsageError, match="lies inside the audited path"):
        audit(MAIN, policy="strict", origin=user.origin(), hub=user.access(), lock=str(lock))


# without network


def test_a_branch_that_the_cache_turns_back(hub, user, repository, keys):
    """Offline it is the same branch, so the older commit of it is seen."""
    old = repository.commit(OLD, sign=by(keys, "good"), time=1_600_000_000)
    assert user.admit().kind == "allow"
    repository.commit(FILES, sign=by(keys, "good"), time=1_700_000_000)
    assert user.admit().kind == "allow"
    (user.cache / HOME / "refs/main").write_text(old)
    found = user.admit(local_files_only=True)
    assert (found.kind, found.rules) == ("deny", {"provenance.rollback"})


def test_branches_that_a_rule_allows(hub, tmp_path, monkeypatch, keys, repository):
    """The cache says which branch it is, as a clone does: enough for a publisher's key, not for the Hub's."""
    repository.commit(FILES, sign=by(keys, "good"))
    more = 'allow_refs = ["main"]\n'
    user = User(hub, tmp_path / "1", monkeypatch, keys, "good", rules=rule("good", more=more))
    assert user.admit().kind == user.admit(local_files_only=True).kind == "allow"
    found = user.admit(f"hf:{NAME}@dev", local_files_only=True)
    assert found.kind == "error"
    (user.cache / HOME / "refs/dev").write_text((user.cache / HOME / "refs/main").read_text())
    found = user.admit(f"hf:{NAME}@dev", local_files_only=True)
    assert (found.kind, found.evidence["commit-signature"].code) == ("deny", "ref-not-allowed")
    text = (tmp_path / "1/trust/trust.toml").read_text()
    text = text.replace('kind = "publisher"', 'kind = "hub"')
    text = text.replace('require = "publisher"', 'require = "hub"')
    (tmp_path / "1/trust/trust.toml").write_text(text)
    found = user.admit(local_files_only=True)
    assert (found.kind, found.evidence["commit-signature"].code) == ("deny", "ref-unknown")
    assert user.admit().kind == "allow"


def test_a_commit_by_all_its_digits_is_no_rollback(hub, user, repository, keys):
    """Two projects pin two commits; no branch went back, and the branch is remembered all the same."""
    old = repository.commit(OLD, sign=by(keys, "good"), time=1_600_000_000)
    new = repository.commit(FILES, sign=by(keys, "good"), time=1_700_000_000)
    assert user.admit().kind == "allow"
    for commit in (new, old, new, old):
        for offline in (False, True):
            found = user.admit(f"hf:{NAME}@{commit}", local_files_only=offline)
            assert (found.kind, "commit-freshness" in found.evidence) == ("allow", False), found.said
    repository.branch("main", old)
    assert user.admit().rules == {"provenance.rollback"}


def test_a_download_without_network(hub, user, repository, keys):
    """Is a contradiction, and not an empty cache."""
    repository.commit(FILES, sign=by(keys, "good"))
    assert user.admit().kind == "allow"
    assert "asks for a download" in user.admit(force_download=True, local_files_only=True).said


# what a server can do


def test_a_list_of_few_names_without_end(hub, user, repository, keys):
    """The bytes of a list are bounded, and not its entries alone."""
    repository.commit(FILES, sign=by(keys, "good"))

    def lie(request, *, honest):
        number = int(request.query.rpartition("cursor=")[2] or 0) if "cursor=" in request.query else 0
        item = {"type": "file", "oid": "0" * 40, "size": 1, "path": f"{number}-{'a' * (7 << 20)}"}
        path = request.target.partition("?")[0]
        link = f'<http://{request.headers["host"]}{path}?cursor={number + 1}>; rel="next"'
        return Answer(headers={"Link": link}, body=json.dumps([item]).encode())

    hub.lie(lie, TREE)
    assert f"a list of files of more than {DEFAULT_LIMITS.listing_bytes} bytes" in user.admit().said
    assert len(hub.asked(TREE)) == 5


def test_a_range_that_comes_too_late(hub, user, repository, keys, monkeypatch):
    """However steadily its bytes arrive."""
    commit = repository.commit(FILES, sign=by(keys, "good"))
    monkeypatch.setattr(hub_api, "_RANGE_SECONDS", 0.0)
    client = Client(NAME, user.access())
    with pytest.raises(NotFetched, match="did not send 10 bytes within 0 seconds"):
        client.read_range("config.json", commit, 0, 10)


@pytest.mark.parametrize("token", ["hf_secret\ncret", "hf_s\u00e9cret", "hf_secret\r\nX-A: b", "hf_secret\0"])
def test_a_token_that_is_none(hub, user, repository, keys, token):
    """Is not sent, and not shown: a library would put it into its message."""
    repository.commit(FILES, sign=by(keys, "good"))
    said = user.admit(token=token).said
    assert said.startswith("the token holds a character that no token has")
    assert "cret" not in said
    assert hub.requests == []


@pytest.mark.parametrize("name", ["a--b/c", "a/b--c", "hf:a--b/c@main"])
def test_names_that_one_folder_would_stand_for(name):
    """`a--b/c` and `a/b--c` share a folder of the cache; the Hub has no such names."""
    with pytest.raises(UsageError, match="no name of a repository"):
        parse_hub_name(name)


def test_the_longest_names(hub, user, repository, keys):
    """A name as long as a file system takes is no reason to fail."""
    name = "a" * 251 + ".txt"
    repository.commit(FILES | {name: b"long\n", "b" * 251 + ".bin": Lfs(b"x")}, sign=by(keys, "good"))
    hub.lie(lies.headers(), RESOLVE)
    found = user.audit(policy="default")
    assert found.evidence["tree-binding"].status is Status.VERIFIED, found.said


def test_pull_requests_are_no_branch_together(hub, user, repository, keys):
    """An older one is not one that went back; the same one that did is."""
    old = repository.commit(OLD, sign=by(keys, "good"), time=1_600_000_000, branch="refs/pr/2")
    repository.commit(FILES, sign=by(keys, "good"), time=1_700_000_000, branch="refs/pr/1")
    for number in (1, 2, 1):
        assert user.admit(f"hf:{NAME}@refs/pr/{number}").kind == "allow"
    repository.branch("refs/pr/1", old)
    assert user.admit(f"hf:{NAME}@refs/pr/1").rules == {"provenance.rollback"}


def test_a_claimed_size_buys_no_budget(hub, user, repository, keys):
    """A file that is said to have an exabyte lets no archive unfold further than what may be read of it."""
    from safeload.pipeline import resolve_policy
    from safeload.pipeline.examination import Examination
    from safeload.sources.hub import HubSource

    repository.commit(FILES, sign=by(keys, "good"))
    hub.lie(lies.item("model.safetensors", size=1 << 60), TREE)
    source = HubSource(parse_hub_name(MAIN), user.access(), DEFAULT_LIMITS)
    unfolding = Examination(source, resolve_policy("default"), quick=False)._unfolding
    source.close()
    bytes_at_most = DEFAULT_LIMITS.remote_bytes + (1 << 20)
    assert unfolding._most_members <= DEFAULT_LIMITS.members + bytes_at_most // 1024
    most = DEFAULT_LIMITS.inflated_bytes + DEFAULT_LIMITS.unpacked_total_factor * bytes_at_most
    assert unfolding._most_bytes <= most


def test_an_attestation_beside_what_it_is_about(hub, user, repository, keys, capsys):
    """In the snapshot it would be a file that the commit does not name, from then on."""
    from safeload.cli import main

    commit = repository.commit(FILES, sign=by(keys, "good"))
    assert user.audit().kind == "allow"
    place = user.cache / HOME / "snapshots" / commit / "x.json"
    assert main(["audit", MAIN, "--policy", "default", "--attest", str(place)]) == 2
    assert "lies inside the audited path" in capsys.readouterr().err
    assert not place.exists()
    assert user.audit().kind == "allow"
