"""SSH signatures and keys: every field accounted for, and of a listed kind."""

from __future__ import annotations

import pytest

from safeload.formats.ssh_signature import (
    SshArmorBroken,
    SshBlobBroken,
    SshKindUnsupported,
    parse_ssh_key,
    parse_ssh_signature,
    two_integers,
)
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.ssh import ED25519, armor, public, signature, string

TEXT = armor(signature())


def parse(text: bytes):
    return parse_ssh_signature(text, DEFAULT_LIMITS)


def test_a_signature_is_read():
    """Key, digest, algorithm and value, and what they say was signed."""
    found = parse(TEXT)
    assert (found.digest, found.scheme, found.value) == ("sha512", "ssh-ed25519", b"\x22" * 64)
    assert (found.key.algorithm, found.key.blob, found.key.bits) == ("Ed25519", ED25519, 256)
    assert found.signed(b"x").startswith(b"SSHSIG\0\0\0\3git\0\0\0\0\0\0\0\6sha512\0\0\0\x40")
    assert parse(TEXT.rstrip(b"\n")) == found
    assert parse(armor(signature(digest=b"sha256"))).digest == "sha256"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", SshArmorBroken),
        (b"x" + TEXT, SshArmorBroken),
        (TEXT + TEXT, SshArmorBroken),
        (TEXT + b"x", SshArmorBroken),
        (TEXT.replace(b"\n", b"\r\n"), SshArmorBroken),
        (TEXT.replace(b"-----\n", b"-----\n\n", 1), SshArmorBroken),
        (TEXT.replace(b"U1NI", b"U1N!"), SshArmorBroken),
        (TEXT.replace(b"U1NI", "U1Nü".encode()), SshArmorBroken),
        (TEXT.replace(b"SSH", b"PGP"), SshArmorBroken),
        (armor(signature()).replace(b"\n", b"", 2), SshArmorBroken),
        (armor(b""), SshKindUnsupported),
        (armor(signature(magic=b"SSHSIG\0\0\0\2")), SshKindUnsupported),
        (armor(signature(magic=b"SSHSIX\0\0\0\1")), SshKindUnsupported),
        (armor(signature(namespace=b"file")), SshKindUnsupported),
        (armor(signature(namespace=b"")), SshKindUnsupported),
        (armor(signature(reserved=b"x")), SshKindUnsupported),
        (armor(signature(digest=b"sha1")), SshKindUnsupported),
        (armor(signature(digest=b"SHA512")), SshKindUnsupported),
        (armor(signature(scheme=b"rsa-sha2-512")), SshKindUnsupported),
        (armor(signature(key=string(b"ssh-dss") + string(b"x"))), SshKindUnsupported),
        (armor(signature(key=string(b"sk-ssh-ed25519@openssh.com"))), SshKindUnsupported),
        (armor(signature(key=string(b"ssh-ed25519-cert-v01@openssh.com"))), SshKindUnsupported),
        (armor(signature(tail=b"x")), SshBlobBroken),
        (armor(signature(inner=b"x")), SshBlobBroken),
        (armor(signature()[:-1]), SshBlobBroken),
        (armor(signature(key=ED25519 + b"x")), SshBlobBroken),
        (armor(signature(key=ED25519[:-1])), SshBlobBroken),
        (armor(signature(key=string(b"ssh-ed25519") + string(bytes(31)))), SshBlobBroken),
        (armor(signature(key=b"")), SshBlobBroken),
    ],
)
def test_anything_else_is_no_signature(text, error):
    """Other armor, versions, purposes, digests and kinds, and bytes that belong to nothing."""
    with pytest.raises(error):
        parse(text)


def test_an_old_signature_algorithm_of_rsa():
    """`ssh-rsa` signs over SHA-1, whatever digest the payload has."""
    key = string(b"ssh-rsa") + string(b"\3") + string(b"\0" + b"\xff" * 256)
    assert parse(armor(signature(key=key, scheme=b"rsa-sha2-512"))).key.bits == 2048
    with pytest.raises(SshKindUnsupported):
        parse(armor(signature(key=key, scheme=b"ssh-rsa")))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        string(b"\1"),
        string(b"\1") * 3,
        string(b"") * 2,
        string(b"\0\1") * 2,
        string(b"\x80") * 2,
        string(b"\0") * 2,
    ],
)
def test_integers_are_positive_and_canonical(value):
    """Two of them, and nothing else."""
    with pytest.raises(SshBlobBroken):
        two_integers(value)
    assert two_integers(string(b"\1") + string(b"\0\x80")) == (1, 128)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", SshArmorBroken),
        (b"ssh-ed25519\n", SshArmorBroken),
        (public(ED25519) + public(ED25519), SshArmorBroken),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n", SshArmorBroken),
        (public(ED25519).replace(b"AAAA", b"AA!A", 1), SshArmorBroken),
        (public(ED25519, comment=" \x1b"), SshArmorBroken),
        (b"\xff " + public(ED25519), SshArmorBroken),
        (public(ED25519, kind="ssh-rsa"), SshBlobBroken),
        (public(ED25519[:-1]), SshBlobBroken),
        (b'command="x" ' + public(ED25519), SshArmorBroken),
        (public(string(b"ecdsa-sha2-nistp256") + string(b"nistp384") + string(bytes(97))), SshBlobBroken),
        (public(string(b"ecdsa-sha2-nistp256") + string(b"nistp256") + string(bytes(33))), SshBlobBroken),
        (public(string(b"ecdsa-sha2-other") + string(b"other") + string(b"x")), SshKindUnsupported),
        (public(string(b"ssh-rsa") + string(b"\3") + string(b"")), SshBlobBroken),
    ],
)
def test_anything_else_is_no_public_key(text, error):
    """Private keys, options, several lines, other kinds."""
    with pytest.raises(error):
        parse_ssh_key(text, DEFAULT_LIMITS)


def test_budgets_are_checked_first():
    """Of a signature and of a key file."""
    with pytest.raises(SshArmorBroken):
        parse_ssh_signature(TEXT, replace(DEFAULT_LIMITS, signature_bytes=10))
    with pytest.raises(SshArmorBroken):
        parse_ssh_key(public(ED25519), replace(DEFAULT_LIMITS, key_file_bytes=10))
