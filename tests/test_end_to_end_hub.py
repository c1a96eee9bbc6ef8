"""From a trusted key, over HTTP, to a model in memory; and what becomes of it when something breaks.

The real command line, the real client of the Hub, git and gpg, against a Hub on loopback.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import close_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload import AutoModel, AutoTokenizer, PolicyDenied
from safeload.cli import main
from safeload.core import Status
from safeload.formats.git_objects import object_id
from tests.forge import hub_lies as lies
from tests.forge.checkpoints import tiny_bert
from tests.forge.git import entry, git, pack
from tests.forge.hub import Lfs, by, serve
from tests.forge.hub_answers import CDN, GIT_PACK, MODEL, RESOLVE, TREE
from tests.forge.hub_user import FILES, MAIN, NAME, User, weights
from tests.forge.keys import GPG, keyring
from tests.forge.states import LISTED, STATES, StateKeys
from tests.forge.trust import payload

pytestmark = pytest.mark.skipif(GPG is None, reason="gpg is not installed")

ROOT = Path(__file__).parent.parent
STRICT = (ROOT / "policies" / "strict.toml").read_text()
WEIGHTS = "model.safetensors"
LARGE = FILES | {WEIGHTS: Lfs(weights(5 << 20))}


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
    """Trusts `good`, by a copy of the strict policy that names a trust store and asks for a publisher."""
    monkeypatch.chdir(tmp_path)
    made = User(hub, tmp_path, monkeypatch, keys, "good")
    assert 'require = "none"' in STRICT
    named = 'require = "publisher"\ntrust-store = "trust"'
    (tmp_path / "production.toml").write_text(STRICT.replace('require = "none"', named, 1))
    return made


AUDIT = ["audit", MAIN, "--policy", "production.toml"]


def audit(capsys, *more):
    """Exit code, and everything that was said."""
    code = main([*AUDIT, *more])
    said = capsys.readouterr()
    return code, said.out + said.err


class TestCommandLine:
    """`safeload audit hf:acme/bert@main` with a strict policy."""

    def test_from_a_key_to_a_verdict(self, hub, user, repository, keys, capsys):
        """A signed commit is allowed, offline as well; another signature or none, and it is denied."""
        commit = repository.commit(FILES, sign=by(keys, "good"))
        code, said = audit(capsys)
        assert code == 0, said
        assert f"commit-signature verified: signed by good ({keys.prints['good']}), a publisher key" in said
        assert "tree-binding verified: 3 of 3 files were compared" in said
        assert f"{NAME}@{commit}" in said
        hub.forget()
        code, said = audit(capsys, "--offline")
        assert (code, hub.requests) == (0, [])
        repository.commit(FILES | {"docs/notes.txt": b"unsigned\n"})
        code, said = audit(capsys)
        assert code == 1
        assert "the commit has no signature" in said

    def test_the_network_is_gone(self, hub, user, repository, keys, capsys, monkeypatch):
        """The cache answers where it may; else the answer is that there is none."""
        repository.commit(FILES, sign=by(keys, "good"))
        assert audit(capsys)[0] == 0
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
        code, said = audit(capsys)
        assert code == 2
        assert "could not be asked about acme/bert@main" in said
        assert audit(capsys, "--offline")[0] == 0

    def test_reports_name_the_commit(self, hub, user, repository, keys, capsys):
        """In JSON: subject, commit, evidence."""
        commit = repository.commit(FILES, sign=by(keys, "good"))
        code, said = audit(capsys, "--format", "json")
        assert code == 0
        assert commit in said
        assert json.loads(said)

    def test_one_cached_byte(self, hub, user, repository, keys, capsys):
        """Whichever file it is in."""
        commit = repository.commit(FILES, sign=by(keys, "good"))
        assert audit(capsys)[0] == 0
        for path in FILES:
            place = user.cache / f"models--acme--bert/snapshots/{commit}" / path
            whole = place.read_bytes()
            place.write_bytes(lies.flip(whole, len(whole) // 2))
            for more in ([], ["--offline"]):
                code, said = audit(capsys, *more)
                assert code == 1
                assert f"{path} is not the blob" in said
            place.write_bytes(whole)
        assert audit(capsys, "--offline")[0] == 0

    def test_several_subjects(self, hub, user, repository, keys, capsys):
        """One that there is not does not hide another one's verdict."""
        repository.commit(FILES, sign=by(keys, "good"))
        assert main(["audit", "hf:acme/none", MAIN, "--policy", "production.toml"]) == 2
        said = capsys.readouterr()
        assert "there is no acme/none" in said.err
        assert "tree-binding verified" in said.out


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """Files of a real BERT, as transformers writes them."""
    from transformers import BertConfig, BertModel

    folder = tiny_bert(tmp_path_factory.mktemp("bert") / "bert")
    # with a pooler, so that no part of it starts untrained
    BertModel(BertConfig.from_pretrained(folder)).save_pretrained(folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return folder, files | {WEIGHTS: Lfs(files[WEIGHTS])}


class TestModel:
    """`from_pretrained` with the name of a repository."""

    @pytest.fixture
    def served(self, hub, user, repository, keys, bert):
        """The commit of it."""
        return repository.commit(bert[1], sign=by(keys, "good"))

    def load(self, **more):
        """The model, as a user asks for it."""
        return AutoModel.from_pretrained(NAME, revision="main", policy="production.toml", **more)

    def test_over_http(self, hub, user, served, bert):
        """The weights are those of the file, and the vocabulary too."""
        import torch
        import transformers

        model = self.load()
        theirs = transformers.AutoModel.from_pretrained(bert[0]).state_dict()
        ours = model.state_dict()
        assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items() if name in ours)
        assert len(ours) > 30
        tokenizer = AutoTokenizer.from_pretrained(NAME, revision="main", policy="production.toml")
        assert tokenizer("a hobbit")["input_ids"] == [2, 6, 10, 3]

    def test_after_the_network_is_gone(self, hub, user, served, monkeypatch):
        """From the cache, without one request."""
        self.load()
        hub.forget()
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
        with pytest.raises(Exception, match="could not be asked about acme/bert@main"):
            self.load()
        assert self.load(local_files_only=True).config.model_type == "bert"
        assert hub.requests == []

    @pytest.mark.parametrize("path", ["config.json", WEIGHTS])
    def test_one_cached_byte(self, hub, user, served, path):
        """No model comes out, online or offline."""
        self.load()
        place = user.cache / f"models--acme--bert/snapshots/{served}" / path
        place.write_bytes(lies.flip(place.read_bytes(), -1))
        for offline in (True, False):
            with pytest.raises(PolicyDenied, match=r"integrity\.mismatch"):
                self.load(local_files_only=offline)

    def test_one_byte_on_the_way(self, hub, user, served):
        """Nor when it was changed by the server."""
        hub.lie(lies.flipped(-1), CDN)
        with pytest.raises(PolicyDenied, match=r"integrity\.mismatch"):
            self.load()

    def test_a_folder_of_that_name(self, hub, user, served, bert):
        """Which of the two is meant is not guessed."""
        Path("acme").mkdir()
        Path(NAME).symlink_to(bert[0])
        with pytest.raises(PolicyDenied, match=r"source\.ambiguous"):
            AutoModel.from_pretrained(NAME, policy="production.toml")
        assert hub.requests == []


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """One Hub and one user for all of them."""
    with serve() as served, pytest.MonkeyPatch.context() as patch:
        repository = served.repository(NAME)
        unsigned = payload(tree=repository.tree(FILES))
        keys = StateKeys(unsigned)
        try:
            user = User(served, tmp_path_factory.mktemp("states"), patch, keys, *LISTED)
            yield served, repository, user, keys, unsigned
        finally:
            keys.close()
    close_session()


class TestStates:
    """Every way to sign a commit, over the network."""

    @pytest.mark.parametrize("state", STATES)
    def test_each_ends_as_specified(self, states, state):
        """Verdict, code and rules; and a file is asked for only where the commit is accepted."""
        hub, repository, user, keys, unsigned = states
        make, code, status, _ = STATES[state]
        commit = repository.commit_raw(make(keys, unsigned, repository.tree({"config.json": b"{}"})))
        user.forget()
        hub.honest()
        hub.forget()
        honest = repository.commit_raw(unsigned, branch=None)
        hub.lie(lies.told(sha=commit), MODEL)
        # what git's own server thinks of broken commits is not the question
        trees = [each for each in repository.objects.values() if each[0] == "tree"]
        objects = [repository.objects[commit], *trees]
        hub.lie(lies.packed(pack(entry(kind, raw) for kind, raw in objects), shallow=commit), GIT_PACK)
        hub.lie(lies.as_of(honest), TREE, RESOLVE)
        found = user.audit()
        evidence = found.evidence["commit-signature"]
        assert (evidence.code, evidence.status) == (code, status), found.said
        if status is Status.VERIFIED:
            assert found.kind == "allow", found.said
            assert user.cached(commit) == FILES
        else:
            assert found.kind == "deny"
            rule = {Status.INVALID: "provenance.invalid", Status.ABSENT: "provenance.unsigned"}
            assert rule.get(status, "provenance.unsigned") in found.rules
            assert evidence.detail in found.said
            assert hub.asked(CDN, RESOLVE) == []


@pytest.fixture(scope="module")
def world(tmp_path_factory, keys):
    """A signed commit, accepted; each example starts from nothing."""
    with serve() as served, pytest.MonkeyPatch.context() as patch:
        repository = served.repository(NAME)
        commit = repository.commit(FILES, sign=by(keys, "good"))
        user = User(served, tmp_path_factory.mktemp("flips"), patch, keys, "good")
        assert user.audit().kind == "allow"
        yield served, repository, user, commit
    close_session()


class TestFlips:
    """One byte, anywhere."""

    def start(self, world):
        """Nobody lies, and nothing is cached."""
        hub, repository, user, commit = world
        hub.honest()
        user.forget()
        return hub, repository, user, commit

    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(path=st.sampled_from(sorted(FILES)), at=st.integers(0, 10_000), bits=st.integers(1, 255))
    def test_of_a_file(self, world, path, at, bits):
        """As it is served."""
        hub, _, user, _ = self.start(world)
        hub.lie(lies.flipped(at % len(FILES[path]), bits), CDN if path == WEIGHTS else RESOLVE, path=path)
        for policy in ("strict", "default"):
            found = user.audit(policy=policy)
            assert (found.kind, "integrity.mismatch" in found.rules) == ("deny", True)
            assert user.admit(policy=policy, local_files_only=True).content == {}

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        which=st.sampled_from(["commit", "root", "folder"]),
        at=st.integers(0, 10_000),
        bits=st.integers(1, 255),
        renamed=st.booleans(),
    )
    def test_of_an_object(self, world, which, at, bits, renamed):
        """Commit with its signature, or a tree: under the old ids, and under new ones all the way up."""
        hub, repository, user, commit = self.start(world)
        root = repository.root(commit)
        folder = next(each.id for each in repository.entries(commit) if each.mode == "40000")
        objects = {each: repository.objects[each] for each in (folder, root, commit)}
        target = {"commit": commit, "root": root, "folder": folder}[which]
        kind, raw = objects[target]
        objects[target] = (kind, lies.flip(raw, at % len(raw), bits))
        served = commit
        if renamed:
            objects, served = with_new_ids(objects, [folder, root, commit])
        hub.lie(lies.told(sha=served), MODEL)
        hub.lie(lies.as_of(commit), TREE, RESOLVE)
        hub.lie(lies.packed(pack(entry(*each) for each in objects.values()), shallow=served), GIT_PACK)
        found = user.audit()
        assert found.kind == "deny"
        assert user.cached(commit) == user.cached(served) == {}
        assert user.admit().kind == "deny"


def with_new_ids(objects, order):
    """Objects named by what they are now, and named so by those above them; and the commit's new id."""
    made, names = {}, {}
    for old in order:
        kind, raw = objects[old]
        for before, after in names.items():
            raw = raw.replace(bytes.fromhex(before), bytes.fromhex(after)).replace(
                before.encode(), after.encode()
            )
        names[old] = object_id(kind, raw)
        made[names[old]] = (kind, raw)
    return made, names[order[-1]]


CHILD = "import sys; from safeload.cli import main; sys.exit(main(sys.argv[1:]))"
LIMITED = (
    "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20));"
    "from safeload.cli import main; sys.exit(main(sys.argv[1:]))"
)
ADMIT = (
    "import sys; from safeload.pipeline import admit; from safeload.core import Role, Scope;"
    "from hashlib import sha256;"
    "scope = Scope(name='model', roles=frozenset({Role.CONFIG, Role.WEIGHTS, Role.INDEX}));"
    "made = admit('hf:acme/bert@main', scope=scope, policy='production.toml');"
    "print(sha256(made.lend('model.safetensors')).hexdigest())"
)


def command(user, code=CHILD, *arguments):
    """Another process of the same user."""
    environ = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    environ |= user.environment | {"PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
    return [sys.executable, "-c", code, *(arguments or AUDIT)], {"cwd": user.folder, "env": environ}


def run(user, code=CHILD, *arguments):
    line, options = command(user, code, *arguments)
    return subprocess.run(line, capture_output=True, text=True, check=False, **options)


def half_written(user):
    """Files in the cache under their final names that are not whole."""
    home = user.cache / "models--acme--bert"
    whole = {hashlib.sha256(content).hexdigest() for content in LARGE.values()}
    found = [*home.glob("snapshots/*/**/*"), *home.glob("blobs/*")]
    files = [place for place in found if place.is_file() and place.suffix != ".incomplete"]
    return [str(each) for each in files if hashlib.sha256(each.read_bytes()).hexdigest() not in whole]


class TestAccidents:
    """Nothing half-written is ever used, and the next run recovers."""

    @pytest.fixture
    def commit(self, repository, keys):
        """With a file of 5 MB."""
        return repository.commit(LARGE, sign=by(keys, "good"))

    def recovers(self, user, commit):
        """The next run allows; then the cache does without the network."""
        after = run(user)
        assert after.returncode == 0, after.stderr
        assert user.cached(commit) == LARGE
        assert half_written(user) == []
        assert run(user, CHILD, *AUDIT, "--offline").returncode == 0

    @pytest.mark.parametrize(
        ("kind", "path", "keep"),
        [(CDN, WEIGHTS, 3 << 20), (RESOLVE, "config.json", 20), (GIT_PACK, None, 200), (TREE, None, 30)],
    )
    def test_killed_in_the_middle(self, hub, user, commit, kind, path, keep):
        """Kill -9 while a body is on its way: of a large file, a small one, commit and trees, the list."""
        hold = lies.Hold(hub, keep)
        hub.lie(hold, kind, path=path)
        line, options = command(user)
        with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options) as child:
            assert hold.reached.wait(120)
            child.send_signal(signal.SIGKILL)
        assert child.returncode == -signal.SIGKILL
        hold.release()
        hub.honest()
        assert half_written(user) == []
        assert run(user, CHILD, *AUDIT, "--offline").returncode in {1, 2, 3}
        self.recovers(user, commit)

    def test_lost_connections(self, hub, user, commit):
        """Again and again, until nobody asks any more; then the server is back."""
        for kind in (TREE, GIT_PACK, RESOLVE, CDN):
            user.forget()
            hub.honest()
            hub.lie(lies.truncated(100 if kind == GIT_PACK else 10), kind)
            assert user.audit(policy="production.toml").kind in {"error", "deny"}
            assert half_written(user) == []
        hub.honest()
        self.recovers(user, commit)

    def test_a_file_that_grows_too_large_for_the_disk(self, hub, user, commit):
        """A quota: what was begun is removed, and the reason is said."""
        ended = run(user, LIMITED)
        assert ended.returncode == 2
        assert "file too large" in ended.stderr.lower()
        assert half_written(user) == []
        assert not list(user.cache.rglob("*.incomplete"))
        self.recovers(user, commit)

    def test_a_full_disk(self, hub, user, commit):
        """A file system of 3 MB for a file of 5."""
        user.cache.mkdir()
        line, options = command(user)
        mounted = (
            'mount -t tmpfs -o size=3m none "$0" && shift 0 && "$@"; code=$?; ls -R "$0" >&2; exit $code'
        )
        probe = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none "$0"', str(user.cache)]
        try:
            if subprocess.run(probe, capture_output=True, check=False).returncode:
                pytest.skip("no file system may be mounted here")
        except FileNotFoundError:
            pytest.skip("there is no unshare here")
        ended = subprocess.run(
            ["unshare", "-m", "sh", "-c", mounted, str(user.cache), *line],
            capture_output=True, text=True, check=False, **options,
        )  # fmt: skip
        assert ended.returncode == 2, ended.stderr
        assert "no space left on device" in ended.stderr.lower()
        assert "incomplete" not in ended.stderr
        assert WEIGHTS not in ended.stderr.partition("snapshots")[2]
        self.recovers(user, commit)

    def test_two_at_once(self, hub, user, commit):
        """Two processes fetch the same files at the same moment, and both have the right ones."""
        hub.lie(lies.Together(2), TREE)
        line, options = command(user, ADMIT, "")
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        children = [subprocess.Popen(line, **pipes, **options) for _ in range(2)]
        ended = [child.communicate() for child in children]
        assert [child.returncode for child in children] == [0, 0], ended
        expected = hashlib.sha256(LARGE[WEIGHTS]).hexdigest()
        assert {out.strip() for out, _ in ended} == {expected}
        # who came second found it there
        assert len(hub.asked(CDN)) == 1
        assert half_written(user) == []
        self.recovers(user, commit)

    def test_one_waits_while_another_is_killed(self, hub, user, commit):
        """What one leaves behind is no matter to the other, and neither is its lock."""
        hold = lies.Hold(hub, 1 << 20)
        hub.lie(lies.first_then(hold), CDN)
        line, options = command(user)
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(line, **silent, **options) as first:
            assert hold.reached.wait(120)
            with subprocess.Popen(line, **silent, **options) as second:
                first.kill()
        assert (first.returncode, second.returncode) == (-signal.SIGKILL, 0)
        self.recovers(user, commit)


def test_what_we_accept_git_accepts(hub, user, repository, keys, tmp_path):
    """Differential: `git verify-commit` and `git fsck` of a clone from the same Hub."""
    repository.commit(FILES, sign=by(keys, "good"))
    assert user.audit(policy="production.toml").kind == "allow"
    git(tmp_path, "clone", "-q", hub.git(NAME), "clone")
    git(tmp_path / "clone", "fsck", "--strict")
    git(tmp_path / "clone", "verify-commit", "HEAD", GNUPGHOME=str(keys.home))
