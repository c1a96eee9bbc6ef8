"""What a trust store says, once it is read: keys, rules, and which rule is about which repository."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from safeload.formats.git_objects import is_object_id
from safeload.formats.json_fields import is_sha256
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Collection

    from safeload.core import Digest
    from safeload.formats.openpgp_key import PublicKey
    from safeload.formats.public_key import PemKey
    from safeload.formats.ssh_signature import SshKey

REQUIRE = ("deny", "pin", "hub", "publisher")
KINDS = ("publisher", "hub", "oms", "oms-root", "sigstore", "attester")
COMMIT_KINDS = frozenset({"publisher", "hub"})
"""Keys that sign commits."""
MODEL_KINDS = frozenset({"oms", "oms-root", "sigstore"})
"""Keys that sign models, and authorities that certify such keys."""
PUBLISHER_KINDS = frozenset({"publisher", *MODEL_KINDS})
"""Keys that prove the publisher."""
SSH_PREFIX = "SHA256:"
_BASE64 = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


@record
class Window:
    """When a signature has to be made to count, in seconds since 1970; None where it is open."""

    not_before: int | None = None
    not_after: int | None = None

    def holds(self, when: int) -> bool:
        """Whether this instant lies in it."""
        return (self.not_before is None or self.not_before <= when) and (
            self.not_after is None or when <= self.not_after
        )


@record
class TrustedKey:
    """One key of the store."""

    name: str
    fingerprint: str
    """Of the primary key: 40 hex, upper case. Of an SSH key: `SHA256:` and 43 characters. Of a PEM file:
    `SHA256:` and the 64 hex of the sha256 of its SubjectPublicKeyInfo; of another file, of the file."""
    kind: str
    """One of KINDS. A Hub key never proves the publisher, and an attester proves no origin at all."""
    file: str
    window: Window
    public: PublicKey | SshKey | PemKey
    identities: tuple[str, ...] = ()
    """Whom a certificate that an `oms-root` or a `sigstore` instance vouches for may name."""
    issuer: str = ""
    """Who has told a `sigstore` instance whom it certifies."""


@record
class TrustRule:
    """What counts for the repositories that match."""

    place: str
    """File and line: `trust/trust.toml:9`."""
    repos: tuple[str, ...]
    require: str
    """One of REQUIRE."""
    keys: tuple[TrustedKey, ...]
    pin: frozenset[str]
    accept_commits: frozenset[str]
    committer_email: tuple[str, ...]
    author_email: tuple[str, ...]
    allow_refs: tuple[str, ...]
    window: Window
    min_rsa: int

    def keys_of(self, kinds: Collection[str]) -> tuple[TrustedKey, ...]:
        """The keys of some kinds, in order."""
        return tuple(key for key in self.keys if key.kind in kinds)

    def matches(self, repository: str) -> bool:
        """Whether this rule is about a repository of this name."""
        return any(_matches(repository, pattern) for pattern in self.repos)


@record
class TrustStore:
    """A whole store."""

    source: str
    """trust.toml as messages name it."""
    digest: Digest
    """Of all files, so that evidence names what it rests on."""
    keys: tuple[TrustedKey, ...]
    rules: tuple[TrustRule, ...]
    default: TrustRule

    def rule_for(self, repository: str) -> TrustRule:
        """The first rule that names the repository, or the default."""
        return next((rule for rule in self.rules if rule.matches(repository)), self.default)

    def key_of(self, fingerprint: str | None) -> TrustedKey | None:
        """The key that has this primary key or subkey, whatever rules it stands in."""
        if fingerprint is None:
            return None
        return next((key for key in self.keys if key.public.key(fingerprint) is not None), None)


def is_repository(name: str) -> bool:
    """Whether this can be the name of a repository: `org/name`, or `name` alone."""
    parts = name.split("/")
    return len(parts) <= 2 and all(part and part[0] not in ".-" and _NAME.issuperset(part) for part in parts)


def is_fingerprint(text: str) -> bool:
    """Whether this is a full fingerprint: of a version 4 key in upper case, an SSH key or a PEM file."""
    if text.startswith(SSH_PREFIX):
        if is_sha256(text[len(SSH_PREFIX) :]):
            return True
        return len(text) == len(SSH_PREFIX) + 43 and _BASE64.issuperset(text[len(SSH_PREFIX) :])
    return is_object_id(text.lower()) and text == text.upper()


def _matches(name: str, pattern: str) -> bool:
    parts, globs = name.split("/"), pattern.split("/")
    return len(parts) == len(globs) and all(map(fnmatchcase, parts, globs))
