"""Every way to sign a commit, and to pretend to: what it ends as, and what git says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Status
from tests.forge.keys import PAST, Keyring, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LISTED = ("good", "aged", "old", "gone", "rsa", "sub")
"""Keys that the trust store names; `other` and `hub` it does not."""
IN_2024 = ("--faked-system-time", "20240101T000050!")
BAD = Status.INVALID


class StateKeys(Keyring):
    """One key for each state that a key may be in."""

    def __init__(self, *payloads: bytes) -> None:
        """Make them.

        Args:
            payloads: what the key signs that is revoked then.
        """
        super().__init__()
        self.key("good")
        self.key("other")
        self.key("hub", uid="Hub <hub@hub.example>")
        self.key("aged", "--faked-system-time", PAST)
        self.key("old", "--faked-system-time", PAST, expires="seconds=100")
        self.key("gone")
        self.gone = {each: self.sign("gone", each) for each in payloads}
        self.gone_binary = {each: self.sign("gone", each, armored=False) for each in payloads}
        self.revoke("gone")
        self.key("rsa", algorithm="rsa1024")
        self.key("sub", "--faked-system-time", PAST)
        self.dead = self.subkey("sub", "--faked-system-time", PAST, expires="seconds=100")
        self.live = self.subkey("sub")


def state_keys(*payloads: bytes) -> Iterator[StateKeys]:
    """Keys that go away; for a fixture."""
    made = StateKeys(*payloads)
    try:
        yield made
    finally:
        made.close()


def two(keys: Keyring, payload: bytes, first: bytes, second: bytes) -> bytes:
    """Two signatures in one armored block."""
    return signed(payload, keys.armored(first + second))


def binary(keys: Keyring, payload: bytes, name: str) -> bytes:
    """A signature without armor."""
    return keys.sign(name, payload, armored=False)


def with_header(payload: bytes, text: str) -> bytes:
    """One more header behind the last one."""
    head, _, message = payload.partition(b"\n\n")
    return head + b"\n" + text.encode() + b"\n" + message


def other_tree(payload: bytes, tree: str) -> bytes:
    """Another tree in place of its own."""
    return b"tree " + tree.encode() + payload[45:]


def with_tree(raw: bytes, tree: str) -> bytes:
    """One more tree in front of its own."""
    return b"tree " + tree.encode() + b"\n" + raw


SHA1 = ("--digest-algo", "SHA1", "--allow-weak-digest-algos")
STATES: dict[str, tuple[Callable[[StateKeys, bytes, str], bytes], str, Status, bool | None]] = {
    "good": (lambda k, p, o: signed(p, k.sign("good", p)), "", Status.VERIFIED, True),
    "subkey": (lambda k, p, o: signed(p, k.sign(f"{k.live}!", p)), "", Status.VERIFIED, True),
    "merged tag": (
        lambda k, p, o: signed(q := with_header(p, "mergetag object 1\n \n x\n"), k.sign("good", q)),
        "", Status.VERIFIED, True,
    ),
    "unsigned": (lambda k, p, o: p, "unsigned", Status.ABSENT, False),
    "unknown key": (
        lambda k, p, o: signed(p, k.sign("other", p)), "unknown-key", Status.UNAVAILABLE, True,
    ),
    "revoked key": (lambda k, p, o: signed(p, k.gone[p]), "key-revoked", BAD, False),
    "expired key": (
        lambda k, p, o: signed(p, k.sign("old", p, *IN_2024)), "key-expired", BAD, False,
    ),
    "expired subkey": (
        lambda k, p, o: signed(p, k.sign(f"{k.dead}!", p, *IN_2024)), "key-expired", BAD, False,
    ),
    "expired signature": (
        lambda k, p, o: signed(p, k.sign("aged", p, *IN_2024, "--default-sig-expire", "1d")),
        "signature-expired", BAD, False,
    ),
    "SHA-1": (
        lambda k, p, o: signed(p, k.sign("good", p, *SHA1)),
        "weak-digest", BAD, True,
    ),
    "RSA of 1024 bits": (
        lambda k, p, o: signed(p, k.sign("rsa", p)), "weak-key", BAD, True,
    ),
    "another tree": (
        lambda k, p, o: signed(other_tree(p, o), k.sign("good", p)), "bad-signature", BAD, False,
    ),
    "broken armor": (
        lambda k, p, o: signed(p, k.sign("good", p).replace(b"\n=", b"\n=AAAA", 1)),
        "malformed-signature", BAD, False,
    ),
    "an SSH signature": (
        lambda k, p, o: signed(p, b"-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----"),
        "unsupported-signature", Status.UNAVAILABLE, False,
    ),
    "an X.509 signature": (
        lambda k, p, o: signed(p, b"-----BEGIN SIGNED MESSAGE-----\nU1NI\n-----END SIGNED MESSAGE-----"),
        "unsupported-signature", Status.UNAVAILABLE, False,
    ),
    "no signature at all": (
        lambda k, p, o: signed(p, b"hello"), "malformed-signature", BAD, False,
    ),
    "a signed message": (
        lambda k, p, o: signed(p, k.gpg("--armor", "--sign", "-u", k.prints["good"], data=p)),
        "malformed-signature", BAD, False,
    ),
    "a clearsigned text": (
        lambda k, p, o: signed(p, k.gpg("--clearsign", "-u", k.prints["good"], data=p)),
        "multiple-signatures", BAD, False,
    ),
    "unknown, then good": (
        lambda k, p, o: two(k, p, binary(k, p, "other"), binary(k, p, "good")),
        "multiple-signatures", BAD, False,
    ),
    "good, then unknown": (
        lambda k, p, o: two(k, p, binary(k, p, "good"), binary(k, p, "other")),
        "multiple-signatures", BAD, False,
    ),
    "revoked, then good": (
        lambda k, p, o: two(k, p, k.gone_binary[p], binary(k, p, "good")),
        "multiple-signatures", BAD, False,
    ),
    "good and good": (
        lambda k, p, o: two(k, p, binary(k, p, "good"), binary(k, p, "sub")),
        "multiple-signatures", BAD, False,
    ),
    "two blocks": (
        lambda k, p, o: signed(p, k.sign("good", p) + k.sign("good", p)),
        "multiple-signatures", BAD, None,
    ),
    "two trees, both signed": (
        lambda k, p, o: signed(q := with_tree(p, o), k.sign("good", q)),
        "malformed-commit", BAD, True,
    ),
    "two trees, one signed": (
        lambda k, p, o: with_tree(signed(p, k.sign("good", p)), o),
        "malformed-commit", BAD, False,
    ),
    "two signature headers": (
        lambda k, p, o: signed(signed(p, k.sign("other", p)), k.sign("good", p)),
        "malformed-commit", BAD, None,
    ),
    "a SHA-256 signature header": (
        lambda k, p, o: signed(p, k.sign("good", p), "gpgsig-sha256"),
        "malformed-commit", BAD, False,
    ),
    "NUL in the message": (
        lambda k, p, o: signed(q := p + b"\0evil", k.sign("good", q)), "malformed-commit", BAD, True,
    ),
    "a foreign committer, where nobody asks": (
        lambda k, p, o: signed(q := p.replace(b"good@acme", b"eve@evil"), k.sign("good", q)),
        "", Status.VERIFIED, True,
    ),
}  # fmt: skip
"""What is made of keys, an unsigned commit and the id of another tree; code and status of the evidence of
its signature; whether `git verify-commit` accepts it with all keys at hand, or None where nobody asks."""
