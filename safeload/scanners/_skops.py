"""skops files: scikit-learn models as a zip of `schema.json` and numpy arrays.

Every node of the schema names a loader, a module and a class, which skops imports. Known-good are the
triples of `_skops_names`; anything else is something to import and call. Published ways around skops' own
questions (CVE-2025-54412, CVE-2025-54413: a node whose loader looks at another name than it shows) are
outside that table. Arrays are children; sparse matrices nest as `.npz` by design.

Layout: https://skops.readthedocs.io/en/stable/persistence.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.json_strict import parse_json
from safeload.record import replace
from safeload.scanners._json_walk import key_facts, objects
from safeload.scanners._skops_names import ALLOWED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Json
    from safeload.scanners._zip_account import Account

_SCHEMA = "schema.json"
_SPARSE = re.compile(r"[0-9]+\.npz\Z", re.ASCII)
_NAMES = ("__class__", "__module__", "__loader__")


def account_skops(account: Account) -> None:
    """Account for the schema of a skops file, and state every type in it that is not plainly harmless."""
    member = account.found.get(_SCHEMA)
    if member is None or account.claimed(_SCHEMA):
        return
    named = account.subject.base_name.lower().endswith(".skops")
    try:
        value = parse_json(account.read(member, account.limits.json_bytes), account.limits, finite=False)
    except FormatError as error:
        if named:
            account.state("format.not-loadable", {"format": "skops"})
            account.fail(member, "json", error)
        return
    if not named and not (isinstance(value, dict) and "__loader__" in value):
        return
    account.state("format.not-loadable", {"format": "skops"})
    account.facts += key_facts(_callables(value), account.place(member))
    account.claim(member, "json")
    for item in list(account.found.values()):
        if _SPARSE.match(item.name) and not account.claimed(item.name):
            account.add_child(item)
            if account.children and account.children[-1].name == item.name:
                account.children[-1] = replace(account.children[-1], format="npz")


def _callables(value: Json) -> Iterator[tuple[str, str, str, Json]]:
    """Every node that names something outside the table."""
    for path, node in objects(value):
        key = _foreign(node)
        if key is not None:
            shown = f"{node.get('__module__')}.{node.get('__class__')} by {node.get('__loader__')}"
            yield "config.callable", path, key, shown


def _foreign(node: dict[str, Json]) -> str | None:
    """The key of a node that names something outside the table, or None."""
    if not any(name in node for name in _NAMES):
        return None
    loader = node.get("__loader__")
    if not isinstance(loader, str) or loader not in ALLOWED:
        return "__loader__"
    return None if f"{node.get('__module__')}.{node.get('__class__')}" in ALLOWED[loader] else "__class__"
