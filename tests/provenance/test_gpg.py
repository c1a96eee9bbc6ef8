"""What gpg says, believed line by line: one good signature by one listed key, and nothing else."""

from __future__ import annotations

import pytest

from safeload.formats.openpgp import parse_signature
from safeload.formats.openpgp_key import parse_public_key
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance import gpg
from safeload.provenance.gpg import GpgUnavailable, verify
from tests.forge.keys import GPG, PAST, keyring

pytestmark = pytest.mark.skipif(GPG is None, reason="gpg is not installed")
PAYLOAD = b"tree of a commit\n"


@pytest.fixture(scope="module")
def keys():
    """Good, unlisted, with a subkey, expired, revoked."""
    for made in keyring():
        made.key("good")
        made.key("other")
        made.key("sub")
        made.sub = made.subkey("sub")
        made.key("old", "--faked-system-time", PAST, expires="seconds=100")
        made.key("gone")
        made.gone = made.sign("gone", PAYLOAD)
        made.key("aged", "--faked-system-time", PAST)
        made.revoke("gone")
        yield made


def binary(keys, *names):
    """What a trust store would hand over."""
    return {keys.prints[name]: parse_public_key(keys.public(name), DEFAULT_LIMITS).binary for name in names}


def ask(keys, signature, *names, payload=PAYLOAD, armored=True):
    packet = parse_signature(signature, DEFAULT_LIMITS).packet if armored else signature
    return verify(packet, payload, binary(keys, *names))


def test_a_good_signature(keys):
    """Signer, primary key, time and addresses come back."""
    found = ask(keys, keys.sign("good", PAYLOAD), "good", "other")
    assert (found.outcome, found.signer, found.primary) == ("good", keys.prints["good"], keys.prints["good"])
    assert found.made > 1_700_000_000
    assert found.addresses == {"good@acme.example"}


def test_a_subkey_signs_for_its_primary_key(keys):
    """The primary key's fingerprint is what a policy names."""
    found = ask(keys, keys.sign(f"{keys.sub}!", PAYLOAD), "sub")
    assert (found.outcome, found.signer, found.primary) == ("good", keys.sub, keys.prints["sub"])


@pytest.mark.parametrize("digest", ["SHA256", "SHA384", "SHA512"])
def test_digests_that_count(keys, digest):
    """All three that the recipe names."""
    assert ask(keys, keys.sign("good", PAYLOAD, "--digest-algo", digest), "good").outcome == "good"


def test_an_unlisted_key_does_not_exist(keys):
    """The user's own keyring is never asked."""
    assert ask(keys, keys.sign("other", PAYLOAD), "good").outcome == "unknown-key"
    assert ask(keys, keys.sign("other", PAYLOAD)).outcome == "unknown-key"


def test_a_revoked_key(keys):
    """GnuPG exits with 0 and python-gnupg calls the signature valid."""
    assert ask(keys, keys.gone, "gone").outcome == "key-revoked"


def test_an_expired_key(keys):
    """Likewise; a time before the expiry proves nothing, since the signer sets the clock."""
    found = ask(keys, keys.sign("old", PAYLOAD, "--faked-system-time", "20240101T000010!"), "old")
    assert (found.outcome, found.primary) == ("key-expired", keys.prints["old"])


def test_an_expired_signature(keys):
    """The signature says itself how long it counts."""
    made = keys.sign("aged", PAYLOAD, "--faked-system-time", "20240102T000000!", "--default-sig-expire", "1d")
    assert ask(keys, made, "aged").outcome == "signature-expired"


def test_altered_bytes(keys):
    """One byte of the payload."""
    assert ask(keys, keys.sign("good", PAYLOAD), "good", payload=PAYLOAD + b"!").outcome == "bad-signature"


@pytest.mark.parametrize(
    ("first", "second", "listed"),
    [
        ("other", "good", ("good",)),
        ("good", "other", ("good",)),
        ("gone", "good", ("good", "gone")),
        ("good", "other", ("good", "other")),
    ],
)
def test_two_signatures_never_count(keys, first, second, listed):
    """Even where they get past the packet walk: python-gnupg calls two of the four valid."""
    parts = [
        keys.gpg("--dearmor", data=keys.gone) if name == "gone" else keys.sign(name, PAYLOAD, armored=False)
        for name in (first, second)
    ]
    found = ask(keys, b"".join(parts), *listed, armored=False)
    assert found.outcome != "good"


@pytest.mark.parametrize("digest", ["SHA1", "RIPEMD160"])
def test_weak_digests(keys, digest):
    """GnuPG alone would call a signature over SHA-1 good."""
    made = keys.sign("good", PAYLOAD, "--digest-algo", digest, "--allow-weak-digest-algos", armored=False)
    assert ask(keys, made, "good", armored=False).outcome == "weak-digest"


@pytest.mark.parametrize("junk", [b"", b"x", b"\x88\x00", b"\xff" * 40])
def test_junk_is_no_signature(keys, junk):
    """Whatever gets to gpg, only a good signature comes back as one."""
    assert ask(keys, junk, "good", armored=False).outcome != "good"


def test_a_signed_message_is_no_detached_signature(keys):
    """A message that carries its own text says nothing about ours."""
    made = keys.gpg("--sign", "-u", keys.prints["good"], data=PAYLOAD)
    assert ask(keys, made, "good", armored=False).outcome != "good"


def test_no_user_configuration(keys, monkeypatch, tmp_path):
    """A home, an options file and a keyring of the user are never looked at."""
    (tmp_path / "gpg.conf").write_text("this is no option\n")
    monkeypatch.setenv("GNUPGHOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    assert ask(keys, keys.sign("good", PAYLOAD), "good").outcome == "good"
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_is_left_behind(keys, monkeypatch, tmp_path):
    """The home is removed, whatever came of it."""
    monkeypatch.setattr(gpg.tempfile, "tempdir", str(tmp_path))
    assert ask(keys, keys.sign("good", PAYLOAD), "good").outcome == "good"
    assert list(tmp_path.iterdir()) == []


def program(folder, text):
    """A program of the name gpg."""
    folder.mkdir(exist_ok=True)
    (folder / "gpg").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "gpg").chmod(0o755)
    return folder


def test_no_gpg_is_no_answer(keys, monkeypatch, tmp_path):
    """Missing, too old, and one that does not start."""
    made = keys.sign("good", PAYLOAD)
    for folder, what in (
        (tmp_path / "none", "not installed"),
        (program(tmp_path / "old", "echo cfg:version:2.2.7"), "too old"),
        (program(tmp_path / "odd", "exit 3"), "could not be started"),
    ):
        monkeypatch.setenv("PATH", str(folder))
        with pytest.raises(GpgUnavailable, match=what):
            verify(made, PAYLOAD, {})


def test_a_gpg_that_hangs_is_killed(monkeypatch, tmp_path):
    """And is no answer."""
    text = 'case "$*" in *--list-config*) echo cfg:version:2.2.40;; *) exec sleep 600;; esac'
    monkeypatch.setenv("PATH", f"{program(tmp_path / 'slow', text)}:/usr/bin:/bin")
    with pytest.raises(GpgUnavailable, match=r"longer than 0\.3 seconds"):
        verify(b"", PAYLOAD, {"A" * 40: b""}, seconds=0.3)


def test_a_gpg_that_never_stops_talking_is_killed(monkeypatch, tmp_path):
    """A flood of status lines is bounded, and no answer of ours."""
    text = (
        'case "$*" in *--list-config*) echo cfg:version:2.2.40;; '
        "*) while :; do echo '[GNUPG:] GOODSIG 0 x' >&2; done;; esac"
    )
    monkeypatch.setenv("PATH", f"{program(tmp_path / 'loud', text)}:/usr/bin:/bin")
    assert verify(b"", PAYLOAD, {}).outcome == "bad-signature"


def test_a_key_whose_certification_is_too_weak_is_named(keys):
    """GnuPG drops such a key on import, and `unknown key` would mislead."""
    keys.key("weak", "--cert-digest-algo", "SHA1", "--allow-weak-digest-algos")
    found = ask(keys, keys.sign("weak", PAYLOAD), "weak")
    assert found.outcome == "key-unusable"
    assert keys.prints["weak"] in found.detail
