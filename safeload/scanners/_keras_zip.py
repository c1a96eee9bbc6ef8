"""A Keras model in a zip archive: `config.json`, `metadata.json`, the weights, and `assets/`.

Keras takes any zip for a model whose root holds `config.json`, so the layout is told by that. The
configuration is read here for what it names; the weights are HDF5 and go to that reader, which refuses
data in other files; everything else is told by its content.

Layout: https://keras.io/api/models/model_saving_apis/model_saving_and_loading/
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.json_strict import parse_json
from safeload.formats.view import BytesView
from safeload.scanners import Child
from safeload.scanners._json_keys import behaviour_facts
from safeload.scanners._keras_config import keras_facts, looks_like_keras, wrapped_modules

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.formats.zip import ZipMember
    from safeload.scanners._zip_account import Account

_CONFIG = "config.json"
_PARTS = frozenset({"metadata.json", "model.weights.h5", "model.weights.npz", "model.weights.json"})
_QUANTIZATION = "quantization_config"
"""Of a layer in Keras: a node like any other. Only transformers follows a key of this name."""
_MOST_MODULES = 16
"""Pickles in one configuration that are looked into. Each of them is a finding without that, too."""


def account_keras(account: Account) -> None:
    """Account for the configuration of a model, and state that it is one."""
    member = account.found.get(_CONFIG)
    if member is None or account.claimed(_CONFIG):
        return
    model = bool(_PARTS & account.found.keys()) or account.subject.base_name.lower().endswith(".keras")
    try:
        value = parse_json(account.read(member, account.limits.json_bytes), account.limits, finite=False)
    except FormatError as error:
        if model:
            account.state("format.not-loadable", {"format": "keras"})
            account.fail(member, "json", error)
        return
    if not model and not looks_like_keras(value):
        return
    account.state("format.not-loadable", {"format": "keras"})
    account.facts += keras_facts(value, account.place(member), "")
    account.facts += (
        fact for fact in behaviour_facts(value, account.place(member)) if fact.data["key"] != _QUANTIZATION
    )
    account.claim(member, "json")
    _modules(account, member, value)


def _modules(account: Account, member: ZipMember, value: Json) -> None:
    """Torch modules that stand in the configuration as pickles: children of their own."""
    for count, (path, text) in enumerate(wrapped_modules(value)):
        if count == _MOST_MODULES:
            return
        try:
            data = binascii.a2b_base64(text.encode("ascii"))
        except ValueError:  # of which the error of binascii is one
            continue
        if data:
            account.children.append(Child(name=f"{member.name}!{path}", view=BytesView(data)))
