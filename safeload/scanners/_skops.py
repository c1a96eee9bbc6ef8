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
from safeload.scanners._skops_names import ALLOWED

if TYPE_CHECKING:
    from safeload.core import Json, Location
    from safeload.scanners._zip_account import Account

_SCHEMA = "schema.json"
_SPARSE = re.compile(r"[0-9]+\.npz\Z", re.ASCII)
_NAMES = ("__class__", "__module__", "__loader__")
_SHOWN = 200
_MOST_FACTS = 200


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
    _facts(account, value, account.place(member))
    account.claim(member, "json")
    for item in list(account.found.values()):
        if _SPARSE.match(item.name) and not account.claimed(item.name):
            account.add_child(item)
            if account.children and account.children[-1].name == item.name:
                account.children[-1] = replace(account.children[-1], format="npz")


def _facts(account: Account, value: Json, where: Location) -> None:
    pending: list[tuple[str, Json]] = [("", value)]
    stated = 0
    while pending:
        path, item = pending.pop()
        if isinstance(item, dict):
            key = _foreign(item)
            if key is not None:
                stated += 1
                if stated <= _MOST_FACTS:
                    shown = ".".join(str(item.get(name)) for name in ("__module__", "__class__"))
                    shown = f"{shown} by {item.get('__loader__')}"[:_SHOWN]
                    place = where.at(key=f"{path}.{key}" if path else key)
                    account.state("config.callable", {"key": key, "value": shown}, place)
            children: list[tuple[str, Json]] = list(item.items())
        elif isinstance(item, list):
            children = [(str(index), child) for index, child in enumerate(item)]
        else:
            continue
        pending.extend(
            (f"{path}.{name}" if path else name, child)
            for name, child in reversed(children)
            if isinstance(child, dict | list)
        )
    if stated > _MOST_FACTS:
        data: dict[str, Json] = {"key": f"and {stated - _MOST_FACTS} more keys", "value": "the like"}
        account.state("config.callable", data, where)


def _foreign(node: dict[str, Json]) -> str | None:
    """The key of a node that names something outside the table, or None."""
    if not any(name in node for name in _NAMES):
        return None
    loader = node.get("__loader__")
    if not isinstance(loader, str) or loader not in ALLOWED:
        return "__loader__"
    return None if f"{node.get('__module__')}.{node.get('__class__')}" in ALLOWED[loader] else "__class__"
