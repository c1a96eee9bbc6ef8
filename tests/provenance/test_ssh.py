"""SSH signatures of commits: what ssh-keygen verifies, and nothing that it refuses."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import Status
from safeload.errors import FormatError
from safeload.formats.ssh_signature import parse_ssh_key, parse_ssh_signature
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance.ssh import holds
from safeload.provenance.trust_store import TrustInvalid, parse_trust
from tests.forge.keys import signed
from tests.forge.ssh import SSH, make_key, sign, verifies
from tests.forge.trust import judge, payload, rule

pytestmark = pytest.mark.skipif(SSH is None, reason="ssh-keygen is not installed")
PAYLOAD = payload(time=1_700_000_000)
KINDS = {
    "ed": ("-t", "ed25519"),
    "rsa": ("-t", "rsa", "-b", "2048"),
    "p256": ("-t", "ecdsa", "-b", "256"),
    "p384": ("-t", "ecdsa", "-b", "384"),
    "p521": ("-t", "ecdsa", "-b", "521"),
    "other": ("-t", "ed25519"),
    "weak": ("-t", "rsa", "-b", "1024"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A key of each kind."""
    folder = tmp_path_factory.mktemp("ssh")
    for name, options in KINDS.items():
        make_key(folder, name, *options)
    return folder


def store(home, *names, rules=None, more="", keys_more=""):
    """A store of these keys, all listed for acme/*."""
    files = {f"keys/{name}.pub": (home / f"{name}.pub").read_bytes() for name in names}
    text = "version = 1\n"
    for name in names:
        fingerprint = parse_ssh_key(files[f"keys/{name}.pub"], DEFAULT_LIMITS).fingerprint
        text += f'[keys.{name}]\nfile = "keys/{name}.pub"\nfingerprint = "{fingerprint}"\n{keys_more}'
    return parse_trust(text + (rules or rule(*names, more=more)), source="trust.toml", files=files)


@pytest.mark.parametrize("name", ["ed", "rsa", "p256", "p384", "p521"])
@pytest.mark.parametrize("options", [(), ("-O", "hashalg=sha256")])
def test_what_ssh_keygen_signs_is_verified(home, name, options):
    """Differential: each kind of key with each digest; the fingerprint is the one that it shows."""
    made = sign(home, name, PAYLOAD, *options)
    assert verifies(home, name, PAYLOAD, made)
    found = judge(signed(PAYLOAD, made), store(home, name))
    assert (found.status, found.level) == (Status.VERIFIED, "publisher")
    shown = subprocess.run([SSH, "-lf", str(home / f"{name}.pub")], capture_output=True, check=True).stdout
    assert shown.split()[1].decode() in found.detail
    assert found.time == "2023-11-14T22:13:20+00:00"


def test_who_and_what_does_not_count(home):
    """Strangers, keys for others, altered commits, other purposes, short RSA keys."""
    good = sign(home, "ed", PAYLOAD)
    trusted = store(home, "ed", "weak")
    split = store(home, "ed", "other", rules=rule("ed") + rule("other").replace("acme", "evil"))
    for raw, where, code in (
        (signed(PAYLOAD, sign(home, "other", PAYLOAD)), trusted, "unknown-key"),
        (signed(PAYLOAD, sign(home, "other", PAYLOAD)), split, "key-not-allowed"),
        (signed(payload(tree="1" * 40), good), trusted, "bad-signature"),
        (signed(PAYLOAD, sign(home, "ed", PAYLOAD, namespace="file")), trusted, "unsupported-signature"),
        (signed(PAYLOAD, sign(home, "weak", PAYLOAD)), trusted, "weak-key"),
        (signed(PAYLOAD, good + good), trusted, "malformed-signature"),
    ):
        assert judge(raw, where).code == code


def test_dates_and_addresses(home):
    """The committer's date stands for the signature's; a pattern is all that an SSH key can be asked for."""
    raw = signed(PAYLOAD, sign(home, "ed", PAYLOAD))
    assert judge(raw, store(home, "ed", more="not_after = 2023-11-13\n")).code == "outside-window"
    assert judge(raw, store(home, "ed", keys_more="not_before = 2023-11-15\n")).code == "outside-window"
    assert judge(raw, store(home, "ed"), now=1_600_000_000).code == "made-in-future"
    asked = 'committer_email = ["*@acme.example"]\n'
    assert judge(raw, store(home, "ed", more=asked)).status is Status.VERIFIED
    assert judge(raw, store(home, "ed", more=asked.replace("acme", "evil"))).code == "identity-mismatch"


def test_a_fingerprint_of_an_ssh_key_is_whole(home):
    """43 characters in their own case, and the one of the file."""
    line = (home / "ed.pub").read_bytes()
    fingerprint = parse_ssh_key(line, DEFAULT_LIMITS).fingerprint
    other = parse_ssh_key((home / "other.pub").read_bytes(), DEFAULT_LIMITS).fingerprint
    for wrong in (fingerprint[:-1], fingerprint.lower(), other, "MD5:" + "00:" * 15 + "00"):
        text = f'version = 1\n[keys.ed]\nfile = "keys/ed.pub"\nfingerprint = "{wrong}"\n'
        with pytest.raises(TrustInvalid):
            parse_trust(text, source="t", files={"keys/ed.pub": line})


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(["ed", "rsa", "p256"]), place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_no_flipped_byte_of_a_signature_holds(home, name, place, flip):
    """Of the armored text: it does not parse, is of another key, or does not hold."""
    made = sign(home, name, PAYLOAD)
    at = place % len(made)
    changed = made[:at] + bytes([made[at] ^ flip]) + made[at + 1 :]
    try:
        found = parse_ssh_signature(changed, DEFAULT_LIMITS)
    except FormatError:
        return
    own = parse_ssh_key((home / f"{name}.pub").read_bytes(), DEFAULT_LIMITS)
    assert found.key != own or not holds(found, PAYLOAD)
