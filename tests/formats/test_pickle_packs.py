"""Packs: exact names, each of them real where its library is at hand, none of them a way to run code."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pickle

import pytest

from safeload.formats.packs import PACKS
from safeload.formats.pickle_gadgets import gadget
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_packs import contracts_for, pack_contracts, pack_of
from safeload.formats.pickle_trace import InertRecord
from safeload.limits import DEFAULT_LIMITS

ALL = frozenset(PACKS)
CONTRACTS = contracts_for(ALL)
EXACT = {
    "nn-modules": ("torch.nn.modules.activation", "torch.nn.modules.conv", "torch.nn.modules.rnn"),
    "trainer": ("transformers.training_args", "transformers.trainer_utils"),
    "numpy": ("numpy.random._mt19937", "numpy.random._philox", "numpy.random._pickle"),
}


@pytest.mark.parametrize("pack", PACKS)
def test_names_are_exact(pack: str) -> None:
    """Module and name are identifiers: no prefix, no pattern, no dotted name."""
    contracts = pack_contracts(pack)
    assert contracts
    for module, name in contracts:
        assert name.isidentifier(), (module, name)
        assert all(part.isidentifier() for part in module.split(".")), (module, name)
        assert module != "__main__"


def test_an_unknown_pack_lists_nothing() -> None:
    """A policy may name a pack that this version lacks."""
    assert pack_contracts("made-up") == {}
    assert contracts_for(frozenset({"made-up"})).keys() == contracts_for(frozenset()).keys()


def test_a_pack_changes_no_contract_of_tier_a() -> None:
    """What is listed without packs means the same with them."""
    for key, contract in contracts_for(frozenset()).items():
        assert CONTRACTS[key] is contract, key


def test_getattr_is_listed_for_packs_with_enums_only() -> None:
    """It reads members of enums, so nobody needs it elsewhere."""
    with_it = {pack for pack in PACKS if ("builtins", "getattr") in contracts_for(frozenset({pack}))}
    assert with_it == {"flair", "lightning", "pyannote", "trainer"}


def test_no_listed_name_is_a_gadget() -> None:
    """Two words would contradict each other; paths and getattr are held by their contracts."""
    known = {key for key in CONTRACTS if gadget(*key) is not None}
    assert {key for key in known if not key[0].startswith("pathlib")} == {("builtins", "getattr")}


@pytest.mark.parametrize("pack", EXACT)
def test_names_exist(pack: str) -> None:
    """In modules that have not moved, each listed class is one that the library has today."""
    gone = {("torch.nn.modules.loss", "NLLLoss2d"), ("transformers.trainer_utils", "EvaluationStrategy"),
            ("transformers.trainer_utils", "ShardedDDPOption")}  # fmt: skip
    for module, name in pack_contracts(pack):
        if module in EXACT[pack] and (module, name) not in gone:
            assert hasattr(importlib.import_module(module), name), (module, name)


STATEFUL = {
    "torch.nn.modules.activation.MultiheadAttention", "torch.nn.modules.activation.Softmin",
    "torch.nn.modules.activation.Softmax", "torch.nn.modules.activation.LogSoftmax",
    "torch.nn.modules.conv._ConvNd", "torch.nn.modules.module.Module", "torch.nn.modules.pooling.AvgPool3d",
    "torch.nn.modules.rnn.RNNBase", "torch.nn.modules.transformer.TransformerEncoderLayer",
    "torch.nn.modules.transformer.TransformerDecoderLayer", "torch.nn.modules.upsampling.Upsample",
}  # fmt: skip
"""Classes of torch.nn whose `__setstate__` was read: each fills in fields that older files lack."""


def test_own_setstate_was_read() -> None:
    """A release that gives a listed class a new `__setstate__` or `__reduce__` shows here, to be read."""
    found = set()
    for module, name in pack_contracts("nn-modules"):
        kind = getattr(importlib.import_module(module), name, None) if "backends" not in module else None
        if not inspect.isclass(kind):
            continue
        for base in kind.__mro__[:-1]:
            if {"__setstate__", "__reduce__", "__reduce_ex__"} & vars(base).keys():
                found.add(f"{base.__module__}.{base.__qualname__}")
    assert found <= STATEFUL


def test_fields_are_those_of_the_real_object() -> None:
    """What a record holds is what the unpickler would have put into `__dict__`."""
    import torch

    for module in (torch.nn.Linear(2, 3), torch.nn.LSTM(2, 2), torch.nn.TransformerEncoderLayer(4, 2)):
        module.to("meta")
        trace = run_pickle(pickle.dumps(module.eval(), 2), DEFAULT_LIMITS, packs=ALL)
        assert trace.inert, trace.rejected_calls
        assert isinstance(trace.value, InertRecord)
        assert isinstance(trace.value.state, dict)
        restored = pickle.loads(pickle.dumps(module, 2))
        assert set(trace.value.state) <= set(vars(restored))  # some classes add what they derive


def test_the_smallest_pack_of_a_name() -> None:
    """Messages name it, where a policy has left it out."""
    assert pack_of("pytorch_lightning.utilities.parsing", "AttributeDict") == "lightning"
    assert pack_of("os", "system") is None
