"""Trees that no checkpoint has, signed by a key that counts: what a publisher's key may not say either."""

from __future__ import annotations

import pytest
from huggingface_hub import close_session

from safeload.core import Status
from tests.forge import hub_lies as lies
from tests.forge.git import entry, pack, tree
from tests.forge.hub import by, serve
from tests.forge.hub_answers import CDN, GIT_PACK, MODEL, RESOLVE, TREE
from tests.forge.hub_user import FILES, NAME, User
from tests.forge.keys import GPG, keyring
from tests.forge.trust import key_tables, rule, write_store

pytestmark = pytest.mark.skipif(GPG is None, reason="gpg is not installed")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One Hub, one user, and a key of the publisher and one of the Hub."""
    with serve() as hub, pytest.MonkeyPatch.context() as patch:
        for keys in keyring():
            keys.key("good")
            keys.key("hub", uid="Hub <hub@hub.example>")
            user = User(hub, tmp_path_factory.mktemp("trees"), patch, keys, "good")
            yield hub, hub.repository(NAME), user, keys
    close_session()


@pytest.fixture
def fresh(world):
    """Nobody lies, and nothing is cached."""
    hub, _, user, _ = world
    hub.honest()
    hub.forget()
    user.forget()
    return world


TREES = {
    # entries beside config.json, in the order in which they stand
    "a symbolic link": ([("120000", "x", "blob")], "x is a symbolic link"),
    "a submodule": ([("160000", "x", "blob")], "x is a submodule"),
    "a mode of old": ([("100664", "x", "blob")], "x is"),
    "a folder with a zero": ([("040000", "x", "tree")], "x is"),
    "upwards": ([("40000", "..", "tree")], "no plain name"),
    "here": ([("40000", ".", "tree")], "no plain name"),
    "no name": ([("100644", "", "blob")], ""),
    "a slash": ([("100644", "d/x", "blob")], "no plain name"),
    "a backslash": ([("100644", "d\\x", "blob")], "no plain name"),
    "a drive": ([("100644", "x:y", "blob")], "no plain name"),
    "git's own folder": ([("40000", ".GIT", "tree")], ".git to some file systems"),
    "control characters": ([("100644", "x\x1b[31m", "blob")], "control characters"),
    "a name twice": ([("100644", "x", "blob"), ("100644", "x", "blob")], "in the wrong place or twice"),
    "another order": ([("100644", "y", "blob"), ("100644", "x", "blob")], "in the wrong place or twice"),
    "two cases": ([("100644", "x", "blob"), ("100644", "X", "blob")], "are one name|wrong place"),
}


@pytest.mark.parametrize("case", TREES)
def test_trees_that_are_refused(fresh, case):
    """The signature is good, the tree is not: denied, with its entry named, and no file is asked for."""
    hub, repository, user, keys = fresh
    more, message = TREES[case]
    ids = {"blob": repository.blob(b"x"), "tree": repository.tree({"x": b"x"})}
    config = ("100644", "config.json", repository.blob(FILES["config.json"]))
    listed = [config, *((mode, name, ids[kind]) for mode, name, kind in more)]
    if case == "two cases":
        listed = [(mode, name, ids["blob"]) for mode, name in (("100644", "X"), ("100644", "x"))]
    root = repository.put("tree", tree(*listed))
    commit = repository.commit_tree(root, sign=by(keys, "good"))
    honest = repository.commit(FILES, branch=None)
    objects = [repository.objects[each] for each in (commit, root, ids["tree"])]
    # git's own server would not pack some of these
    hub.lie(lies.packed(pack(entry(*each) for each in objects), shallow=commit), GIT_PACK)
    hub.lie(lies.as_of(honest), TREE, RESOLVE)
    for policy in ("strict", "default"):
        found = user.audit(f"hf:{NAME}@{commit}", policy=policy)
        assert (found.kind, "integrity.mismatch" in found.rules) == ("deny", True)
        assert found.evidence["commit-signature"].status is Status.VERIFIED
        assert found.evidence["tree-binding"].status is Status.INVALID
        assert "the commit's tree is refused: " in found.said
        assert any(part in found.said for part in message.split("|")), found.said
    assert hub.asked(CDN, RESOLVE) == []


def test_folders_without_end(fresh):
    """A tree that names another one a thousand times, and so on: a small pack, and very many files."""
    hub, repository, user, keys = fresh
    below = repository.put("tree", tree(("100644", "x", repository.blob(b"x"))))
    for _ in range(5):
        below = repository.put("tree", tree(*(("40000", f"{each:03}", below) for each in range(200))))
    commit = repository.commit_tree(below, sign=by(keys, "good"))
    honest = repository.commit(FILES, branch=None)
    hub.lie(lies.as_of(honest), MODEL, TREE, RESOLVE)
    hub.lie(lies.told(sha=commit), MODEL)
    found = user.audit(f"hf:{NAME}@{commit}")
    assert (found.kind, found.evidence["commit-signature"].status) == ("deny", Status.VERIFIED)
    assert "the commit's tree could not be read: more than 100000 entries" in found.said
    # nobody's trust is asked for: the files are compared with the list at least
    hub.lie(lies.flipped(-1), CDN)
    user.trust, before = None, user.trust
    try:
        found = user.audit(f"hf:{NAME}@{commit}", policy="default")
    finally:
        user.trust = before
    assert (found.kind, found.rules) == ("deny", {"integrity.mismatch"})


def test_the_key_of_the_hub(fresh, tmp_path):
    """It signs for everybody who may write there, so it is a level of its own, and only on a branch."""
    _, repository, user, keys = fresh
    store = write_store(user.folder / "hub-trust", keys, "good", "hub")
    listed = rule("good", "hub", more='allow_refs = ["main"]\n')
    (store / "trust.toml").write_text(key_tables(keys, "good", "hub", hub="hub") + listed)
    user.trust, before = store, user.trust
    try:
        commit = repository.commit(FILES, sign=by(keys, "hub"))
        repository.branch("refs/pr/7", commit)
        found = user.audit()
        assert found.evidence["commit-signature"].level == "hub"
        assert (found.kind, "provenance.hub-signed-only" in found.rules) == ("deny", True)
        for name in ("refs/pr/7", commit):
            found = user.audit(f"hf:{NAME}@{name}")
            assert (found.kind, found.evidence["commit-signature"].code) == ("deny", "ref-unknown")
        (store / "trust.toml").write_text(
            key_tables(keys, "good", "hub", hub="hub") + listed.replace('"publisher"', '"hub"')
        )
        policy = tmp_path / "hub.toml"
        policy.write_text(
            'schema = 1\n[provenance]\nrequire = "hub"\n[formats]\nallow = ["safetensors", "json", "text"]\n'
        )
        assert user.audit(policy=str(policy)).evidence["commit-signature"].level == "hub"
    finally:
        user.trust = before
