"""Every way to sign a commit, and to pretend to: what ends VERIFIED, and under which code the rest ends.

Beside each stands what `git verify-commit` says with all keys at hand: what we accept, it accepts.
"""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import UNTRUSTED, Status
from safeload.formats.git_objects import GitObject, ObjectTable, object_id
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance import Claim, commit_signature
from tests.forge.git import repository, write_object
from tests.forge.keys import GPG, signed
from tests.forge.states import IN_2024, LISTED, STATES, state_keys
from tests.forge.trust import EMPTY_TREE, NOW, claim, judge, payload, rule, store

pytestmark = pytest.mark.skipif(GPG is None, reason="gpg is not installed")

PAYLOAD = payload()


@pytest.fixture(scope="module")
def keys():
    """One key for each state."""
    yield from state_keys(PAYLOAD)


@pytest.fixture(scope="module")
def trusted(keys):
    """All keys but two are listed."""
    return store(keys, *LISTED)


@pytest.fixture(scope="module")
def verify_commit(keys, tmp_path_factory):
    """Asks the real git, which knows all keys."""
    folder = tmp_path_factory.mktemp("oracle")
    repository(folder, {})

    def ask(raw: bytes) -> bool:
        name = write_object(folder, "commit", raw)
        environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "GNUPGHOME": str(keys.home)}
        environ |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        command = ["git", "verify-commit", name]
        return (
            subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=False).returncode == 0
        )

    return ask


@pytest.mark.parametrize("case", STATES)
def test_the_state_table(case, keys, trusted, verify_commit):
    """Each row ends as specified, and git accepts whatever we accept."""
    make, code, status, git_says = STATES[case]
    raw = make(keys, PAYLOAD, "1" * 40)
    found = judge(raw, trusted)
    assert (found.code, found.status) == (code, status), found.detail
    assert found.subject == object_id("commit", raw)
    assert found.level == ("publisher" if status is Status.VERIFIED else "none")
    if git_says is not None:
        assert verify_commit(raw) is git_says
    if status is Status.VERIFIED:
        assert git_says


def test_verified_evidence_says_who_and_when(keys, trusted):
    """Key, fingerprint, rule, level and time."""
    found = judge(signed(PAYLOAD, keys.sign("aged", PAYLOAD, *IN_2024)), trusted)
    assert found.detail == f"signed by aged ({keys.prints['aged']}), a publisher key of {found.required_by}"
    assert (found.required, found.time) == ("publisher", "2024-01-01T00:00:50+00:00")
    assert found.required_by.startswith("trust.toml:")
    assert (found.basis, found.key) == (str(trusted.digest), "aged")


def test_a_key_for_another_repository(keys):
    """A replay across repositories: the key is in the store, for others."""
    rules = rule("good") + rule("other").replace("acme", "evil")
    trusted = store(keys, "good", "other", rules=rules)
    raw = signed(PAYLOAD, keys.sign("other", PAYLOAD))
    found = judge(raw, trusted)
    assert (found.code, found.status) == ("key-not-allowed", Status.UNAVAILABLE)
    assert "the commit may be of another repository" in found.detail
    assert judge(raw, trusted, repository="evil/bert").status is Status.VERIFIED
    assert {"key-not-allowed", "unknown-key"} <= UNTRUSTED


def test_a_repository_without_a_rule(keys):
    """Nobody is trusted for it, and nobody is asked."""
    raw = signed(PAYLOAD, keys.sign("good", PAYLOAD))
    found = judge(raw, store(keys, "good"), repository="else/bert")
    assert (found.code, found.required, found.status) == ("no-rule", "deny", Status.UNAVAILABLE)


def test_dates_of_key_and_rule(keys):
    """By the time of the signature, both ends included."""
    raw = signed(PAYLOAD, keys.sign("aged", PAYLOAD, *IN_2024))
    for line, code in (
        ("not_after = 2024-01-01\n", ""),
        ("not_before = 2024-01-01\n", ""),
        ("not_after = 2023-12-31\n", "outside-window"),
        ("not_before = 2024-01-02\n", "outside-window"),
        ("not_after = 2024-01-01T00:00:50Z\n", ""),
        ("not_after = 2024-01-01T00:00:49Z\n", "outside-window"),
    ):
        assert judge(raw, store(keys, "aged", more=line)).code == code, line
        assert judge(raw, store(keys, "aged", keys_more=line)).code == code, line


def test_a_signature_from_the_future(keys):
    """A clock may be five minutes ahead, and no more."""
    raw = signed(PAYLOAD, keys.sign("aged", PAYLOAD, *IN_2024))
    made = 1_704_067_250
    assert judge(raw, store(keys, "aged"), now=made - 300).status is Status.VERIFIED
    assert judge(raw, store(keys, "aged"), now=made - 301).code == "made-in-future"


@pytest.mark.parametrize("name", ["gone", "old"])
def test_commits_that_were_audited_before_their_key_ended(keys, name):
    """By their full id only; a bad signature is never accepted that way."""
    raw = (
        signed(PAYLOAD, keys.gone[PAYLOAD])
        if name == "gone"
        else signed(PAYLOAD, keys.sign("old", PAYLOAD, *IN_2024))
    )
    listed = f'accept_commits = ["{object_id("commit", raw)}"]\n'
    found = judge(raw, store(keys, name, more=listed))
    assert (found.status, found.level) == (Status.VERIFIED, "publisher")
    assert "accepts this commit" in found.detail
    broken = raw.replace(b"message", b"massage")
    listed = f'accept_commits = ["{object_id("commit", broken)}"]\n'
    assert judge(broken, store(keys, name, more=listed)).code == "bad-signature"


def test_identity_where_the_rule_asks(keys):
    """The committer's address fits the pattern, and is a user id of the key that signed."""
    asked = 'committer_email = ["*@acme.example"]\n'
    for email, code in (
        ("good@acme.example", ""),
        ("GOOD@Acme.Example", ""),
        ("other@acme.example", "identity-mismatch"),
        ("good@acme.example.evil", "identity-mismatch"),
        ("eve@evil.example", "identity-mismatch"),
        ("", "identity-mismatch"),
    ):
        raw = payload(email=email)
        found = judge(signed(raw, keys.sign("good", raw)), store(keys, "good", more=asked))
        assert found.code == code, email
    author = payload().replace(b"author Ann <good@", b"author Ann <eve@", 1)
    raw = signed(author, keys.sign("good", author))
    assert judge(raw, store(keys, "good", more=asked)).code == ""
    both = asked + 'author_email = ["*@acme.example"]\n'
    assert judge(raw, store(keys, "good", more=both)).code == "identity-mismatch"


def test_pins(keys):
    """A pin alone is a level of its own; with a signature it narrows what the signature allows."""
    name = object_id("commit", PAYLOAD)
    pin = f'[[rules]]\nrepos = ["acme/*"]\nrequire = "pin"\npin = ["{name}"]\n'
    found = judge(PAYLOAD, store(keys, rules=pin))
    assert (found.status, found.level, found.time) == (Status.VERIFIED, "pin", None)
    raw = signed(PAYLOAD, keys.sign("good", PAYLOAD))
    assert judge(raw, store(keys, rules=pin)).code == "pin-mismatch"
    narrowed = store(keys, "good", more=f'pin = ["{object_id("commit", raw)}"]\n')
    assert judge(raw, narrowed).level == "publisher"
    other = payload(time=1_700_000_001)
    assert judge(signed(other, keys.sign("good", other)), narrowed).code == "pin-mismatch"
    unsigned = store(keys, "good", more=f'pin = ["{name}"]\n')
    assert judge(PAYLOAD, unsigned).level == "pin"


def test_a_hub_key_needs_a_branch_that_somebody_proves(keys):
    """Anyone's pull request gets a commit that the Hub signed, so what a folder says of itself is nothing."""
    allowed = rule("hub", more='allow_refs = ["main"]\n').replace("publisher", "hub")
    trusted = store(keys, "hub", hub="hub", rules=allowed)
    raw = signed(PAYLOAD, keys.sign("hub", PAYLOAD))
    for ref, proven, code in (
        ("main", True, ""),
        ("main", False, "ref-unknown"),
        (None, True, "ref-unknown"),
        ("pr/1", True, "ref-not-allowed"),
    ):
        found = judge(raw, trusted, ref=ref, ref_proven=proven)
        assert found.code == code
        assert found.level == ("hub" if not code else "none")


def test_branches_of_a_publisher(keys):
    """The branch that the folder names has to be allowed; that is all that it proves."""
    trusted = store(keys, "good", more='allow_refs = ["main", "v2"]\n')
    raw = signed(PAYLOAD, keys.sign("good", PAYLOAD))
    for ref, code in (("main", ""), ("v2", ""), ("dev", "ref-not-allowed"), (None, "ref-unknown")):
        assert judge(raw, trusted, ref=ref).code == code


def test_larger_keys_where_the_rule_asks(keys):
    """A rule can ask for more than 2048 bits of RSA, and not for less."""
    keys.key("rsa2", algorithm="rsa2048")
    raw = signed(PAYLOAD, keys.sign("rsa2", PAYLOAD))
    assert judge(raw, store(keys, "rsa2")).status is Status.VERIFIED
    assert judge(raw, store(keys, "rsa2", more="min_rsa = 3072\n")).code == "weak-key"


def test_objects_that_lie_or_lack(keys, trusted):
    """The store of objects is nobody's word: missing is unavailable, other bytes are invalid."""
    raw = signed(PAYLOAD, keys.sign("good", PAYLOAD))
    name = object_id("commit", raw)
    for table, code in (
        ({}, "object-missing"),
        ({name: GitObject("commit", PAYLOAD)}, "malformed-commit"),
        ({name: GitObject("tag", raw)}, "malformed-commit"),
    ):
        asked = Claim(repository="acme/bert", commit=name, objects=ObjectTable(table))
        assert commit_signature.collect(asked, trusted, NOW, DEFAULT_LIMITS)[1].code == code


def test_without_gpg_nothing_is_verified(keys, trusted, monkeypatch, tmp_path):
    """Unavailable, with the reason; an unsigned commit and a pin need no gpg."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.defpath", str(tmp_path))
    found = commit_signature.collect(
        claim(signed(PAYLOAD, keys.gone[PAYLOAD])), trusted, NOW, DEFAULT_LIMITS
    )[1]
    assert (found.code, found.status) == ("gpg-unavailable", Status.UNAVAILABLE)
    assert "gpg is not installed" in found.detail
    assert judge(PAYLOAD, trusted).code == "unsigned"


@pytest.fixture(scope="module")
def one(keys):
    """A good commit, and the store that accepts it."""
    raw = signed(PAYLOAD, keys.sign("good", PAYLOAD))
    trusted = store(keys, "good")
    assert judge(raw, trusted).status is Status.VERIFIED
    return raw, trusted


@settings(max_examples=25, deadline=None)
@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_no_flipped_byte_is_accepted(one, place, flip):
    """Of commit or signature: not under its own new id, and not under the old one."""
    raw, trusted = one
    at = place % len(raw)
    changed = raw[:at] + bytes([raw[at] ^ flip]) + raw[at + 1 :]
    assert judge(changed, trusted).status is not Status.VERIFIED
    asked = Claim(
        repository="acme/bert",
        commit=object_id("commit", raw),
        objects=ObjectTable({object_id("commit", raw): GitObject("commit", changed)}),
    )
    assert commit_signature.collect(asked, trusted, NOW, DEFAULT_LIMITS)[1].status is not Status.VERIFIED
    assert EMPTY_TREE.encode() in raw
