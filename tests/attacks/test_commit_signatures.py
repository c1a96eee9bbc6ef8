"""Published ways to have a commit verified that nobody signed.

- CVE-2018-12020 (SigSpoof), https://www.cve.org/CVERecord?id=CVE-2018-12020: status lines of gpg's that are
  written by the file name inside of a message.
- CVE-2019-6690, https://www.cve.org/CVERecord?id=CVE-2019-6690: python-gnupg took input for options.
- CVE-2026-45022 and CVE-2026-44309, https://www.cve.org/CVERecord?id=CVE-2026-45022,
  https://www.cve.org/CVERecord?id=CVE-2026-44309: a signature that is checked over one reading of a commit,
  and another reading that is used.
- CVE-2014-9390, https://www.cve.org/CVERecord?id=CVE-2014-9390: `.git` in the disguise of another name.
"""

from __future__ import annotations

import pytest

from safeload.core import Status
from safeload.formats.git_errors import TreeNameRefused
from safeload.formats.git_tree import parse_tree
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance.gpg import verify
from tests.forge.git import tree
from tests.forge.keys import GPG, keyring, signed
from tests.forge.trust import judge, payload, store

needs_gpg = pytest.mark.skipif(GPG is None, reason="gpg is not installed")
PAYLOAD = payload()


@pytest.fixture(scope="module")
def keys():
    for made in keyring():
        made.key("good")
        made.key("evil")
        yield made


def spoof(keys) -> str:
    """The status lines of a good signature by the trusted key, as a file name."""
    fingerprint = keys.prints["good"]
    lines = (
        "[GNUPG:] NEWSIG",
        f"[GNUPG:] GOODSIG {fingerprint[-16:]} good",
        f"[GNUPG:] VALIDSIG {fingerprint} 2023-11-14 1700000000 0 4 0 22 8 00 {fingerprint}",
        "",
    )
    return "x\n" + "\n".join(lines)


@needs_gpg
def test_status_lines_in_a_file_name(keys):
    """CVE-2018-12020: neither as a signature of the commit, nor where gpg itself sees the message."""
    options = ("--set-filename", spoof(keys), "-u", keys.prints["evil"], "--sign")
    trusted = store(keys, "good")
    armored = keys.gpg("--armor", *options, data=PAYLOAD)
    assert judge(signed(PAYLOAD, armored), trusted).code == "malformed-signature"
    disguised = armored.replace(b"PGP MESSAGE", b"PGP SIGNATURE")
    assert judge(signed(PAYLOAD, disguised), trusted).code == "malformed-signature"
    known = {key.fingerprint: key.public.binary for key in trusted.keys}
    assert verify(keys.gpg(*options, data=PAYLOAD), PAYLOAD, known).outcome != "good"


@needs_gpg
def test_status_lines_in_a_user_id(keys):
    """The same from the name of a key that is not in the store: its file is never read."""
    name = f"Eve {spoof(keys)} <eve@evil.example>".replace("\n", "\\n")
    keys.key("named", uid=name)
    found = judge(signed(PAYLOAD, keys.sign("named", PAYLOAD)), store(keys, "good"))
    assert (found.status, found.code) == (Status.UNAVAILABLE, "unknown-key")


@needs_gpg
def test_status_lines_in_a_notation(keys):
    """And from what a signature says of itself, by a key that is trusted for nothing."""
    value = "note@evil.example=" + spoof(keys).replace("\n", " ")
    made = keys.sign("evil", PAYLOAD, "--sig-notation", value)
    assert judge(signed(PAYLOAD, made), store(keys, "good")).code == "unknown-key"


@needs_gpg
def test_options_in_the_commit(keys):
    """CVE-2019-6690: nothing of a commit becomes an argument of gpg's."""
    raw = payload(email="--status-fd=1 --output=pwned", more="encoding --verify\n")
    made = signed(raw, keys.sign("good", raw))
    assert judge(made, store(keys, "good")).status is Status.VERIFIED


@needs_gpg
def test_two_readings_of_one_commit(keys):
    """CVE-2026-45022, CVE-2026-44309: a second tree in front or behind, signed along or slipped in."""
    second = b"tree " + b"1" * 40 + b"\n"
    author = PAYLOAD.index(b"author")
    for changed in (
        second + PAYLOAD,
        PAYLOAD[:author] + second + PAYLOAD[author:],
        PAYLOAD.replace(b"\n\n", b"\n" + second + b"\n", 1),
    ):
        along = signed(changed, keys.sign("good", changed))
        slipped = signed(changed, keys.sign("good", PAYLOAD))
        for raw in (along, slipped):
            found = judge(raw, store(keys, "good"))
            assert (found.status, found.code) == (Status.INVALID, "malformed-commit")


@pytest.mark.parametrize(
    "name", [".GIT", ".Git", "git~1", ".g\u200cit", ".git\u200f ", ".git . .", ".\u206agit"]
)
def test_git_in_disguise(name):
    """CVE-2014-9390: by case, short name, ignored code points, trailing spaces and dots."""
    with pytest.raises(TreeNameRefused):
        parse_tree(tree(("40000", name, "1" * 40)), DEFAULT_LIMITS)
