"""trust.toml and its keys -> TrustStore: whose signature counts for which repository.

A trust store is a folder that people review:

    trust.toml
    keys/acme-release.asc          one armored public key per file; keys/NAME.pub for an SSH key,
                                   keys/NAME.pem for a public key or certificate that signs no commits

    version = 1
    [keys.acme-2026]
    file = "keys/acme-release.asc"
    fingerprint = "<40 hex>"       of the primary key; "SHA256:<43 characters>" of an SSH key;
                                   "SHA256:<64 hex>" of a .pem: sha256 of its SubjectPublicKeyInfo in DER
    kind = "publisher"             or "hub": the key that the Hub itself signs with; of a .pem "oms" (signs
                                   models), "oms-root" (certifies such keys) or "attester" (signs verdicts)
                                   "sigstore" is an instance, by its trusted root in keys/NAME.sigstore.json
    identities = ["*@acme.example"]   of an "oms-root" or "sigstore": whom its certificates may name
    issuer = "https://..."         of a "sigstore": who has told it whom it certifies
    not_before = 2026-01-01        of signatures by this key; both days count
    not_after = 2027-01-01

    [[rules]]                      the first that names the repository holds, and no other
    repos = ["acme/*"]             `*` stays within one part of the name
    require = "publisher"          publisher | hub | pin | deny
    keys = ["acme-2026"]
    pin = ["<40 hex>"]             no other commits
    accept_commits = ["<40 hex>"]  audited before their key expired or was revoked
    committer_email = ["*@acme.example"]
    allow_refs = ["main"]
    not_before = 2026-01-01
    min_rsa = 3072

    [default]                      where no rule names the repository; the same keys but `repos`
    require = "deny"

Guarantees: whatever is not understood is an error, and all errors are reported at once; fingerprints
are full ones, and each file holds the one public key of the fingerprint that stands beside it, told from
the bytes of the file. No file is read here: `sources.trust_files` finds them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

from safeload.core import Digest, visible
from safeload.errors import FormatError, UsageError
from safeload.formats.git_objects import is_object_id
from safeload.formats.openpgp_key import parse_public_key
from safeload.formats.ssh_signature import parse_ssh_key
from safeload.formats.toml_reader import NotToml, TomlReader, type_name
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance.trust import (
    COMMIT_KINDS,
    KINDS,
    PUBLISHER_KINDS,
    REQUIRE,
    SSH_PREFIX,
    TrustedKey,
    TrustRule,
    TrustStore,
    Window,
    is_fingerprint,
    is_repository,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeload.formats.openpgp_key import PublicKey
    from safeload.formats.public_key import PemKey
    from safeload.formats.ssh_signature import SshKey

VERSION = 1
LEAST_RSA = 2048
"""Bits of an RSA key, where a rule asks for no more. It cannot ask for less."""
_MOST_RSA = 16_384
_DAY = 86_400
PEM, SIGSTORE = ".pem", ".sigstore.json"
_CERTIFYING = ("oms-root", "sigstore")
_KEY_KEYS = ("file", "fingerprint", "kind", "not_before", "not_after", "identities", "issuer")
_RULE_KEYS = (
    "require", "keys", "pin", "accept_commits", "committer_email", "author_email", "allow_refs",
    "not_before", "not_after", "min_rsa",
)  # fmt: skip


class TrustInvalid(UsageError):
    """A trust store that does not follow its schema. `problems` holds each error with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def parse_trust(text: str, *, source: str, files: Mapping[str, bytes]) -> TrustStore:
    """Read a trust store.

    Args:
        text: trust.toml.
        source: its name in messages.
        files: the key files by their names in the store: `keys/acme.asc`.

    Raises:
        TrustInvalid: with every problem of the text and of the files.
    """
    try:
        reader = TomlReader(text, source)
    except NotToml as error:
        raise TrustInvalid([error.detail]) from None
    document = reader.document
    reader.table(document, keys=("version", "keys", "rules", "default"))
    version = document.get("version")
    if type(version) is not int or version != VERSION:
        reader.wrong(("version",), f"version = {VERSION} is required: this version reads no other")
    keys = _keys(reader, document, files)
    rules = document.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        reader.wrong(("rules",), "rules are not written as [[rules]]")
        rules = []
    store = TrustStore(
        source=source,
        digest=_digest(text, files),
        keys=tuple(keys.values()),
        rules=tuple(_rule(reader, rules, number, keys) for number in range(len(rules))),
        default=_default(reader, document, keys),
    )
    if reader.problems:
        raise TrustInvalid(reader.problems)
    return store


def _keys(
    reader: TomlReader, document: Mapping[str, Any], files: Mapping[str, bytes]
) -> dict[str, TrustedKey]:
    """The keys by name, those without problems."""
    tables = document.get("keys", {})
    if not isinstance(tables, dict):
        reader.wrong(("keys",), f"keys is {type_name(tables)}, not tables [keys.NAME]")
        tables = {}
    keys: dict[str, TrustedKey] = {}
    seen: set[str] = set()
    used: set[str] = set()
    for name in tables:
        path = ("keys", name)
        table = reader.table(tables, *path, keys=_KEY_KEYS)
        file = reader.string(table, *path, "file")
        used.add(file or "")
        fingerprint = _fingerprint(reader, table, path)
        kind = reader.choice(table, *path, "kind", words=KINDS) or "publisher"
        window = _window(reader, table, path)
        if fingerprint in seen:
            reader.wrong(path, f"the key {fingerprint} is there twice")
        public = _public(reader, (*path, "file"), file, fingerprint, files)
        identities = reader.strings(table, *path, "identities")
        issuer = reader.string(table, *path, "issuer") or ""
        _check_kind(reader, path, file, kind=kind, public=public)
        if (kind in _CERTIFYING) != bool(identities):
            what = f"a key of kind {' or '.join(_CERTIFYING)}, and no other, says whose certificates count"
            reader.wrong(path, f"{'.'.join(path)}: {what}: identities")
        if (kind == "sigstore") != bool(issuer):
            reader.wrong(path, f"{'.'.join(path)}: a key of kind sigstore, and no other, names an issuer")
        if public is not None and fingerprint is not None:
            seen.add(fingerprint)
            keys[name] = TrustedKey(
                name=name,
                fingerprint=fingerprint,
                kind=kind,
                file=file or "",
                window=window,
                public=public,
                identities=identities,
                issuer=issuer,
            )
    for file in sorted(set(files) - used):
        reader.wrong((), f"{visible(file)} is not named by any [keys.NAME]")
    return keys


def _check_kind(
    reader: TomlReader,
    path: tuple[str, ...],
    file: str | None,
    *,
    kind: str,
    public: PublicKey | SshKey | PemKey | None,
) -> None:
    """What a key is for has to fit what its file holds."""
    if file is None:
        return
    held = next((suffix for suffix in (PEM, SIGSTORE) if file.endswith(suffix)), "")
    wanted = "" if kind in COMMIT_KINDS else SIGSTORE if kind == "sigstore" else PEM
    if held != wanted:
        what = f"is no {wanted}, which a key of this kind is in" if wanted else "signs no commits"
        fitting = {PEM: ": its kind is oms, oms-root or attester", SIGSTORE: ": its kind is sigstore"}
        reader.wrong((*path, "kind"), f"{visible(file)} {what}{fitting.get(held, '')}")
        return
    certified = getattr(public, "certificate", None) is not None
    if public is not None and certified != (kind == "oms-root"):
        holds = "a certificate, which is" if certified else "a bare key, which is not"
        reader.wrong((*path, "kind"), f"{visible(file)} holds {holds} what an oms-root is")


def _fingerprint(reader: TomlReader, table: Mapping[str, Any], path: tuple[str, ...]) -> str | None:
    text = reader.string(table, *path, "fingerprint")
    if text is None:
        if "fingerprint" not in table:
            reader.wrong(path, f"{'.'.join(path)} has no fingerprint")
        return None
    upper = text if text.startswith(SSH_PREFIX) else text.upper()
    if is_fingerprint(upper):
        return upper
    reader.wrong(
        (*path, "fingerprint"),
        f"the fingerprint has {len(text)} characters: write all 40 hexadecimal digits of a version 4 key, "
        "SHA256: and all 43 characters of an SSH key, or SHA256: and all 64 hexadecimal digits of a .pem",
    )
    return None


def _public(
    reader: TomlReader,
    path: tuple[str, ...],
    file: str | None,
    fingerprint: str | None,
    files: Mapping[str, bytes],
) -> PublicKey | SshKey | PemKey | None:
    """The key of a file, if it is the one of the fingerprint."""
    if file is None or file not in files:
        known = "" if file is None else f": no file {visible(file)} in the store"
        forms = "keys/NAME.asc, .pub, .pem or .sigstore.json"
        reader.wrong(path, f"{'.'.join(path[:-1])} names no {forms}{known}")
        return None
    try:
        public = parse_key(file, files[file])
    except FormatError as error:
        reader.wrong(path, f"{visible(file)}: {visible(str(error))}")
        return None
    if fingerprint is not None and public.primary.fingerprint != fingerprint:
        reader.wrong(path, f"{visible(file)} holds the key {public.primary.fingerprint}, not {fingerprint}")
        return None
    return public


def parse_key(file: str, content: bytes) -> PublicKey | SshKey | PemKey:
    """The public key of a file, whose name says of which kind it is.

    Raises:
        FormatError: it holds anything else.
    """
    if file.endswith(SIGSTORE):
        from safeload.provenance.keyless import parse_root

        return parse_root(content, DEFAULT_LIMITS)
    if file.endswith(PEM):
        # the library behind it takes as long to import as all of this
        from safeload.provenance.certificates import parse_pem_file

        return parse_pem_file(content, DEFAULT_LIMITS)
    parse = parse_ssh_key if file.endswith(".pub") else parse_public_key
    return parse(content, DEFAULT_LIMITS)


def _rule(
    reader: TomlReader, rules: Sequence[Mapping[str, Any]], number: int, keys: Mapping[str, TrustedKey]
) -> TrustRule:
    path = ("rules", str(number))
    table = reader.table({path[1]: rules[number]}, *path, keys=("repos", *_RULE_KEYS))
    repos = reader.strings(table, *path, "repos")
    if not repos:
        reader.wrong(path, f"rule {number + 1} names no repos")
    for pattern in repos:
        if not is_repository(pattern.replace("*", "x").replace("?", "x")):
            reader.wrong((*path, "repos"), f"{visible(pattern)} is no pattern of repositories: org/name")
    return _read_rule(reader, table, path, repos, keys)


def _default(reader: TomlReader, document: Mapping[str, Any], keys: Mapping[str, TrustedKey]) -> TrustRule:
    table = reader.table(document, "default", keys=_RULE_KEYS)
    if "default" not in document:
        table = {"require": "deny"}
    return _read_rule(reader, table, ("default",), (), keys)


def _read_rule(
    reader: TomlReader,
    table: Mapping[str, Any],
    path: tuple[str, ...],
    repos: tuple[str, ...],
    keys: Mapping[str, TrustedKey],
) -> TrustRule:
    require = reader.choice(table, *path, "require", words=REQUIRE)
    if require is None and "require" not in table:
        reader.wrong(path, f"{'.'.join(path)} does not say what it requires")
    named = reader.strings(table, *path, "keys")
    chosen = tuple(keys[name] for name in named if name in keys)
    declared = reader.document.get("keys", {})
    for name in named:
        if not isinstance(declared, dict) or name not in declared:
            reader.known((*path, "keys"), name, tuple(keys), "key")
    pin = _commits(reader, table, *path, "pin")
    allow_refs = reader.strings(table, *path, "allow_refs")
    if require in {"publisher", "hub"} and not named:
        reader.wrong(path, f"{'.'.join(path)} requires a signature and names no keys")
    if require == "publisher" and chosen and not any(key.kind in PUBLISHER_KINDS for key in chosen):
        reader.wrong((*path, "keys"), "a Hub key proves no publisher, nor does an attester: name another key")
    if require == "hub" and chosen and all(key.kind == "attester" for key in chosen):
        reader.wrong((*path, "keys"), "an attester proves no origin: name the key of who signs")
    if require == "pin" and not pin:
        reader.wrong(path, f"{'.'.join(path)} requires a pin and names no commit")
    if any(key.kind == "hub" for key in chosen) and not allow_refs:
        # anyone who may open a pull request gets a commit that the Hub has signed
        reader.wrong((*path, "keys"), "a Hub key counts on named branches only: set allow_refs")
    return TrustRule(
        place=reader.place(*path),
        repos=repos,
        require=require or "deny",
        keys=chosen,
        pin=pin,
        accept_commits=_commits(reader, table, *path, "accept_commits"),
        committer_email=reader.strings(table, *path, "committer_email"),
        author_email=reader.strings(table, *path, "author_email"),
        allow_refs=allow_refs,
        window=_window(reader, table, path),
        min_rsa=_min_rsa(reader, table, path),
    )


def _commits(reader: TomlReader, table: Mapping[str, Any], *path: str) -> frozenset[str]:
    found = reader.strings(table, *path)
    for commit in found:
        if not is_object_id(commit):
            reader.wrong(path, f"{visible(commit)} is no commit: write all 40 hexadecimal digits, lower case")
    return frozenset(found)


def _min_rsa(reader: TomlReader, table: Mapping[str, Any], path: tuple[str, ...]) -> int:
    bits = table.get("min_rsa", LEAST_RSA)
    if type(bits) is not int or not LEAST_RSA <= bits <= _MOST_RSA:
        reader.wrong((*path, "min_rsa"), f"min_rsa is not a number of bits from {LEAST_RSA} to {_MOST_RSA}")
        return LEAST_RSA
    return bits


def _window(reader: TomlReader, table: Mapping[str, Any], path: tuple[str, ...]) -> Window:
    """Dates are days in UTC, both included; a time has to name its offset."""
    edges: dict[str, int] = {}
    for name in ("not_before", "not_after"):
        value = table.get(name)
        if value is None:
            continue
        if isinstance(value, dt.datetime) and value.tzinfo is not None:
            edges[name] = int(value.timestamp())
        elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            start = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
            edges[name] = int(start.timestamp()) + (_DAY - 1 if name == "not_after" else 0)
        else:
            reader.wrong((*path, name), f"{name} is no date, and no time with its offset")
    return Window(not_before=edges.get("not_before"), not_after=edges.get("not_after"))


def _digest(text: str, files: Mapping[str, bytes]) -> Digest:
    """Over the name, the length and the content of every file, in order of their names."""
    state = hashlib.sha256()
    for name, content in sorted({**files, "trust.toml": text.encode()}.items()):
        state.update(f"{name}\0{len(content)}\0".encode())
        state.update(content)
    return Digest(hex=state.hexdigest())
