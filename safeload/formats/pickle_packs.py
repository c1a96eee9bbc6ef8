"""Which contracts a policy switches on: tier A, and packs of inert records by name.

A pack lists classes of third parties whose instances stand in honest side files: the Trainer's arguments,
Lightning's hyperparameters. Such an instance becomes a record of its name and fields (`pickle_records`).
It is never imported, called or handed to a contract, so listing a class trusts none of its code; it only
says that naming it is no surprise. Names are exact; there is no rule by prefix.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from safeload.formats.packs import PACKS
from safeload.formats.pickle_contracts_plain import CONTRACTS as PLAIN
from safeload.formats.pickle_contracts_plain import GETATTR
from safeload.formats.pickle_contracts_sparse import CONTRACTS as SPARSE
from safeload.formats.pickle_contracts_torch import CONTRACTS as TORCH
from safeload.formats.pickle_contracts_torch_special import CONTRACTS as SPECIAL
from safeload.formats.pickle_records import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.formats.pickle_contracts import Contract, Key


def pack_contracts(pack: str) -> dict[Key, Contract]:
    """The contracts of one pack; none for a name that is no pack."""
    # A policy switches on few of them, and they are long lists: each is imported for itself.
    if pack == "numpy":
        from safeload.formats.packs import numpy

        return numpy.contracts()
    if pack == "trainer":
        from safeload.formats.packs import trainer

        return trainer.contracts()
    if pack == "lightning":
        from safeload.formats.packs import lightning

        return lightning.contracts()
    if pack == "nn-modules":
        from safeload.formats.packs import nn_modules

        return nn_modules.contracts()
    if pack == "ultralytics":
        from safeload.formats.packs import ultralytics

        return ultralytics.contracts()
    if pack == "pyannote":
        from safeload.formats.packs import pyannote

        return pyannote.contracts()
    if pack == "flair":
        from safeload.formats.packs import flair

        return flair.contracts()
    if pack == "sklearn":
        from safeload.formats.packs import sklearn

        return sklearn.contracts()
    return {}


@lru_cache(maxsize=16)
def contracts_for(packs: frozenset[str]) -> Mapping[Key, Contract]:
    """Tier A, and the packs that the policy switches on. Unknown pack names list nothing.

    A name with a dot is a single class, whose instances are inert records: `[pickle] allow` of a policy. What
    tier A or a pack says about the same name holds.
    """
    table: dict[Key, Contract] = {}
    for pack in sorted(packs):
        module, dot, name = pack.rpartition(".")
        if dot:
            table[module, name] = record(pack)
    for pack in sorted(packs):
        table.update(pack_contracts(pack))
    if any(contract.enum for contract in table.values()):
        table["builtins", "getattr"] = GETATTR
    table.update(PLAIN)
    table.update(TORCH)
    table.update(SPECIAL)
    table.update(SPARSE)
    return table


@lru_cache(maxsize=1)
def _places() -> Mapping[Key, str]:
    # some packs contain others: the smallest that lists a name is the one to say
    packs = sorted(((pack, pack_contracts(pack)) for pack in PACKS), key=lambda item: -len(item[1]))
    return {key: pack for pack, contracts in packs for key in contracts}


def pack_of(module: str, name: str) -> str | None:
    """The pack that lists a name, for messages: a policy may not have switched it on."""
    return _places().get((module, name))
