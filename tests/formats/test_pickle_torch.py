"""Streams that torch, numpy and the Trainer really write are inert, in every protocol."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime as dt
import decimal
import io
import pathlib
import random
import zipfile

import numpy as np
import pytest
import torch
from transformers import TrainingArguments
from transformers.trainer_utils import IntervalStrategy, SchedulerType

from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import (
    OrderedDictValue,
    StreamStatus,
    TensorSpec,
    Trace,
    state_dict_tensors,
)
from safeload.limits import DEFAULT_LIMITS

PACKS = frozenset({"trainer", "numpy"})
PROTOCOLS = pytest.mark.parametrize("protocol", [2, 3, 4, 5])


def data_pkl(value: object, protocol: int = 2) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, pickle_protocol=protocol)
    archive = zipfile.ZipFile(buffer)
    return archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))


def trace_of(value: object, protocol: int = 2) -> Trace:
    return run_pickle(data_pkl(value, protocol), DEFAULT_LIMITS, packs=PACKS, persistent="torch")


def problems(trace: Trace) -> list[object]:
    return [
        *(use for use in trace.globals if not use.listed),
        *trace.rejected_calls,
        *filter(None, [trace.error]),
    ]


@PROTOCOLS
def test_state_dict_of_a_module(protocol: int) -> None:
    """Names, shapes, strides and metadata come out as torch would restore them."""
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    state = module.state_dict()
    trace = trace_of(state, protocol)
    assert trace.inert, problems(trace)
    assert type(trace.value) is OrderedDictValue
    assert trace.value.metadata is not None
    tensors = state_dict_tensors(trace)
    assert list(tensors) == list(state)
    for name, spec in tensors.items():
        theirs = state[name]
        assert spec.shape == tuple(theirs.shape)
        assert spec.stride == theirs.stride()
        assert spec.dtype == str(theirs.dtype).removeprefix("torch.")
        assert spec.storage.numel == theirs.untyped_storage().nbytes() // theirs.itemsize


@PROTOCOLS
def test_views_dtypes_and_parameters(protocol: int) -> None:
    """Shared storages keep one key; views keep offset and stride; untyped storages carry their dtype."""
    base = torch.arange(12.0).view(3, 4)
    trace = trace_of(
        {
            "base": base, "transposed": base.t(), "row": base[1], "parameter": torch.nn.Parameter(base),
            "half": base.half(), "bf16": base.bfloat16(), "bool": base > 3, "int8": base.to(torch.int8),
            "u16": base.to(torch.uint16), "f8": base.to(torch.float8_e4m3fn), "scalar": torch.tensor(1.0),
            "empty": torch.zeros(0, 3), "rank4": torch.zeros(2, 3, 4, 5), "expanded": torch.ones(1).expand(3),
        },
        protocol,
    )  # fmt: skip
    assert trace.inert, problems(trace)
    tensors = state_dict_tensors(trace)
    assert tensors["row"].offset == 4
    assert tensors["transposed"].stride == (1, 4)
    assert tensors["base"].storage is tensors["row"].storage is tensors["parameter"].storage
    assert tensors["parameter"].parameter
    assert not tensors["base"].parameter
    assert (tensors["u16"].storage.dtype, tensors["u16"].dtype) == ("uint8", "uint16")
    assert tensors["u16"].storage.numel == 24
    assert tensors["expanded"].stride == (0,)


@PROTOCOLS
def test_plain_values(protocol: int) -> None:
    """What people put next to their weights: numbers, texts, sets, dates, paths, versions."""
    value = {
        "epoch": 3, "loss": 0.5, "big": -(10**30), "none": None, "flag": True, "text": "é\u4e2d\U0001f600",
        "nested": [1, {"x": (1, 2.5, [])}], "set": {1, 2}, "frozen": frozenset({"a"}), "complex": 1 + 2j,
        "bytes": b"ab\xff", "no-bytes": b"", "bytearray": bytearray(b"x"), "slice": slice(1, None),
        "size": torch.Size([1, 2]), "dtype": torch.float16, "device": torch.device("cuda", 1),
        "layout": torch.strided, "version": torch.__version__, "keys": {1: 2, (1, 2): 3, 1.5: 4, None: 5},
        "default": collections.defaultdict(list, {"a": [1]}), "counter": collections.Counter("aab"),
        "when": dt.datetime(2024, 1, 2, tzinfo=dt.UTC), "day": dt.date(2024, 1, 2),
        "time": dt.time(3), "delta": dt.timedelta(days=-1), "decimal": decimal.Decimal("-1.5E+3"),
        "path": pathlib.PurePosixPath("a/b"), "args": argparse.Namespace(lr=0.1, layers=[1, 2]),
    }  # fmt: skip
    trace = trace_of(value, protocol)
    assert trace.inert, problems(trace)
    assert isinstance(trace.value, dict)
    for name in ("epoch", "loss", "big", "none", "flag", "text", "nested", "set", "frozen", "complex",
                 "bytes", "no-bytes", "bytearray", "keys", "size"):  # fmt: skip
        assert trace.value[name] == value[name], name


@PROTOCOLS
def test_side_files_of_the_trainer(protocol: int) -> None:
    """optimizer.pt, scheduler.pt, rng_state.pth and training_args.bin, with the default packs on."""
    module = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(module.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    module(torch.ones(3)).sum().backward()
    optimizer.step()
    scheduler.step()
    rng = {
        "python": random.getstate(),
        "numpy": np.random.get_state(),  # noqa: NPY002 - what the Trainer saves
        "cpu": torch.random.get_rng_state(),
    }
    arguments = TrainingArguments.__new__(TrainingArguments)
    for field in dataclasses.fields(TrainingArguments):
        if field.default is not dataclasses.MISSING:
            setattr(arguments, field.name, field.default)
    arguments.lr_scheduler_type = SchedulerType.COSINE
    arguments.save_strategy = IntervalStrategy.EPOCH
    for value in (optimizer.state_dict(), scheduler.state_dict(), rng, arguments):
        trace = trace_of(value, protocol)
        assert trace.inert, problems(trace)
    assert run_pickle(data_pkl(arguments, protocol), DEFAULT_LIMITS).status is StreamStatus.UNLISTED


@PROTOCOLS
def test_numpy_values(protocol: int) -> None:
    """Arrays and scalars of plain numbers, texts and structures; one with objects is not inert."""
    value = [np.float64(3.5), np.arange(6).reshape(2, 3), np.array(["ab", "c"]), np.dtype("f4"),
             np.asfortranarray(np.ones((2, 3))), np.array(3, dtype=">i2")]  # fmt: skip
    trace = trace_of(value, protocol)
    assert trace.inert, problems(trace)
    assert not trace_of(np.array([None]), protocol).inert
    assert trace_of(np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]), protocol).inert
    assert not trace_of(np.zeros(2, dtype=[("a", "O")]), protocol).inert
    assert run_pickle(data_pkl(value), DEFAULT_LIMITS, persistent="torch").status is StreamStatus.UNLISTED


def test_one_step_per_tensor_equals_opcode_by_opcode() -> None:
    """The step for the usual sequence changes nothing about the trace."""
    state = {f"layer.{n}.weight": torch.zeros([2] * (n % 7) + [n % 300 + 1]) for n in range(400)}
    state |= {f"twin.{n}": state[f"layer.{n}.weight"] for n in range(100)}
    state |= {f"half.{n}": torch.zeros(300, n + 1).half().requires_grad_() for n in range(60)}
    stream = data_pkl(state)
    fast = run_pickle(stream, DEFAULT_LIMITS, persistent="torch")
    slow = run_pickle(stream, DEFAULT_LIMITS, persistent="torch", fast=False)
    assert fast.inert
    assert fast.value == slow.value
    assert dict(fast.storages) == dict(slow.storages)
    assert (fast.opcodes, fast.calls, fast.end) == (slow.opcodes, slow.calls, slow.end)
    assert all(type(spec) is TensorSpec for spec in state_dict_tensors(fast).values())
    for cut in range(len(stream) - 3_000, len(stream), 97):
        first = run_pickle(stream[:cut], DEFAULT_LIMITS, persistent="torch")
        other = run_pickle(stream[:cut], DEFAULT_LIMITS, persistent="torch", fast=False)
        assert (first.status, first.opcodes) == (other.status, other.opcodes)
