"""Which contracts a policy switches on: tier A, and packs of inert records by name.

A pack lists classes of third parties whose instances stand in honest side files: the Trainer's arguments,
Lightning's hyperparameters. Such an instance becomes a record of its name and fields (`pickle_records`).
It is never imported, called or handed to a contract, so listing a class trusts none of its code; it only
says that naming it is no surprise. Names are exact; there is no rule by prefix.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from safeload.formats.packs import (
    flair,
    lightning,
    nn_modules,
    numpy,
    pyannote,
    sklearn,
    trainer,
    ultralytics,
)
from safeload.formats.pickle_contracts_plain import CONTRACTS as PLAIN
from safeload.formats.pickle_contracts_plain import GETATTR
from safeload.formats.pickle_contracts_sparse import CONTRACTS as SPARSE
from safeload.formats.pickle_contracts_torch import CONTRACTS as TORCH
from safeload.formats.pickle_contracts_torch_special import CONTRACTS as SPECIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.formats.pickle_contracts import Contract, Key

_CONTRACTS: Mapping[str, Callable[[], dict[Key, Contract]]] = {
    "flair": flair.contracts,
    "lightning": lightning.contracts,
    "nn-modules": nn_modules.contracts,
    "numpy": numpy.contracts,
    "pyannote": pyannote.contracts,
    "sklearn": sklearn.contracts,
    "trainer": trainer.contracts,
    "ultralytics": ultralytics.contracts,
}

PACKS = tuple(_CONTRACTS)
"""Every pack by name."""


def pack_contracts(pack: str) -> dict[Key, Contract]:
    """The contracts of one pack; none for a name that is no pack."""
    make = _CONTRACTS.get(pack)
    return {} if make is None else make()


@lru_cache(maxsize=16)
def contracts_for(packs: frozenset[str]) -> Mapping[Key, Contract]:
    """Tier A, and the packs that the policy switches on. Unknown pack names list nothing."""
    table: dict[Key, Contract] = {}
    for pack in sorted(packs):
        table.update(pack_contracts(pack))
    if any(contract.enum for contract in table.values()):
        table["builtins", "getattr"] = GETATTR
    table.update(PLAIN)
    table.update(TORCH)
    table.update(SPECIAL)
    table.update(SPARSE)
    return table
