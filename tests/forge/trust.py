"""Trust stores, and commits that are signed in every way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.git_objects import GitObject, ObjectTable, object_id
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance import Claim, commit_signature
from safeload.provenance.trust_store import parse_trust

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from safeload.core import Evidence
    from safeload.provenance.trust import TrustStore
    from tests.forge.keys import Keyring

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
NOW = 2_000_000_000.0
RULE = '[[rules]]\nrepos = ["acme/*"]\nrequire = "publisher"\nkeys = [{names}]\n{more}'


def payload(
    *, tree: str = EMPTY_TREE, email: str = "good@acme.example", time: int = 1_700_000_000, more: str = ""
) -> bytes:
    """An unsigned commit."""
    who = f"Ann <{email}> {time} +0000"
    return f"tree {tree}\nauthor {who}\ncommitter {who}\n{more}\nmessage\n".encode()


def key_tables(keys: Keyring, *names: str, hub: str = "", more: str = "") -> str:
    """[keys.*] of a trust.toml."""
    text = "version = 1\n"
    for name in names:
        kind = "hub" if name == hub else "publisher"
        text += (
            f'[keys.{name}]\nfile = "keys/{name}.asc"\nfingerprint = "{keys.prints[name]}"\nkind = "{kind}"\n'
        )
    return text + more


def rule(*names: str, more: str = "") -> str:
    """One rule for acme/*."""
    return RULE.format(names=", ".join(f'"{name}"' for name in names), more=more)


def files(keys: Keyring, *names: str) -> dict[str, bytes]:
    """The key files of a store."""
    return {f"keys/{name}.asc": keys.public(name) for name in names}


def store(
    keys: Keyring, *names: str, rules: str | None = None, hub: str = "", more: str = "", keys_more: str = ""
) -> TrustStore:
    """A store of these keys; all of them are listed for acme/* unless `rules` says otherwise."""
    text = key_tables(keys, *names, hub=hub, more=keys_more)
    text += rule(*names, more=more) if rules is None else rules
    return parse_trust(text, source="trust.toml", files=files(keys, *names))


def write_store(folder: Path, keys: Keyring, *names: str, rules: str | None = None, more: str = "") -> Path:
    """The same as files."""
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    text = key_tables(keys, *names) + (rule(*names, more=more) if rules is None else rules)
    (folder / "trust.toml").write_text(text)
    for name, content in files(keys, *names).items():
        (folder / name).write_bytes(content)
    return folder


def claim(raw: bytes, objects: Mapping[str, GitObject] | None = None, **more: object) -> Claim:
    """A claim about a commit of these bytes."""
    name = object_id("commit", raw)
    table = {name: GitObject("commit", raw), EMPTY_TREE: GitObject("tree", b"")} | dict(objects or {})
    fields: dict[str, object] = {"repository": "acme/bert", "ref": "main"} | more
    return Claim(commit=name, objects=ObjectTable(table), **fields)  # type: ignore[arg-type]


def judge(raw: bytes, trusted: TrustStore, *, now: float = NOW, **more: object) -> Evidence:
    """What the signature collector says about this commit."""
    return commit_signature.collect(claim(raw, **more), trusted, now, DEFAULT_LIMITS)[1]
