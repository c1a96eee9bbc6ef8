"""Inert records: what makes one, what state it takes, and that nothing can be done with it."""

from __future__ import annotations

import pytest

from safeload.formats.packs import PACKS
from safeload.formats.pickle_errors import ValueTooDeep
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import DictRecord, InertRecord, StreamStatus, Trace
from safeload.limits import DEFAULT_LIMITS
from tests.forge.pickle_assembler import HOOKS, Operand, assemble

ALL = frozenset(PACKS)
ARGUMENTS = ("GLOBAL", ("transformers.training_args", "TrainingArguments"))
OPTIMIZER = ("GLOBAL", ("transformers.training_args", "OptimizerNames"))
LINEAR = ("GLOBAL", ("torch.nn.modules.linear", "Linear"))
ATTRIBUTES = ("GLOBAL", ("pytorch_lightning.utilities.parsing", "AttributeDict"))
GETATTR = ("GLOBAL", ("builtins", "getattr"))
NEW = ("EMPTY_TUPLE", "NEWOBJ")
RECORD = (*ARGUMENTS, *NEW)


def run(*listing: Operand) -> Trace:
    return run_pickle(assemble(*listing), DEFAULT_LIMITS, packs=ALL, persistent="torch")


def fields(*pairs: Operand) -> tuple[Operand, ...]:
    return ("EMPTY_DICT", "MARK", *pairs, "SETITEMS", "BUILD")


@pytest.mark.parametrize(
    "listing",
    [
        ("PROTO", 2, *ARGUMENTS, *NEW, *fields("BINUNICODE", "lr", "BINFLOAT", 0.1)),
        ("PROTO", 4, "SHORT_BINUNICODE", ARGUMENTS[1][0], "SHORT_BINUNICODE", ARGUMENTS[1][1], "STACK_GLOBAL",
         *NEW, *fields("SHORT_BINUNICODE", "lr", "BINFLOAT", 0.1)),
        ("GLOBAL", ("copy_reg", "_reconstructor"), "MARK", *ARGUMENTS, "GLOBAL", ("__builtin__", "object"),
         "NONE", "TUPLE", "REDUCE", *fields("UNICODE", "lr", "FLOAT", "0.1")),
        ("PROTO", 2, "GLOBAL", ("copy_reg", "__newobj__"), *ARGUMENTS, "TUPLE1", "REDUCE",
         *fields("BINUNICODE", "lr", "BINFLOAT", 0.1)),
    ],
)  # fmt: skip
def test_forms_of_one_record(listing: tuple[Operand, ...]) -> None:
    """Every protocol writes it in its own way, and they come out the same."""
    trace = run(*listing, "STOP")
    assert trace.inert, trace.rejected_calls
    assert isinstance(trace.value, InertRecord)
    assert trace.value.name == "transformers.training_args.TrainingArguments"
    assert trace.value.state == {"lr": 0.1}


@pytest.mark.parametrize(
    "member",
    [
        (*OPTIMIZER, "BINUNICODE", "adamw_torch", "TUPLE1", "REDUCE"),
        (*GETATTR, *OPTIMIZER, "BINUNICODE", "ADAMW_TORCH", "TUPLE2", "REDUCE"),
        ("PROTO", 2, "GLOBAL", ("__builtin__", "getattr"), *OPTIMIZER, "BINUNICODE", "ADAMW_TORCH", "TUPLE2",
         "REDUCE"),
    ],
)  # fmt: skip
def test_forms_of_an_enum_member(member: tuple[Operand, ...]) -> None:
    """By value (Python 3.8 to 3.10, and from 3.12) and by name (3.11)."""
    trace = run(*member, "STOP")
    assert trace.inert, trace.rejected_calls
    assert isinstance(trace.value, InertRecord)


def test_objects_that_refer_to_each_other() -> None:
    """A node that knows its parent, as omegaconf writes it, is a circle of records."""
    child = ("PROTO", 2, *RECORD, "BINPUT", 0, *fields("BINUNICODE", "child", *RECORD,
             *fields("BINUNICODE", "parent", "BINGET", 0)))  # fmt: skip
    assert run(*child, "STOP").inert
    assert run("EMPTY_LIST", *child[2:], "APPEND", "STOP").inert
    listed = run(
        "EMPTY_LIST", "BINPUT", 1, *RECORD, *fields("BINUNICODE", "list", "BINGET", 1), "APPEND", "STOP"
    )
    assert listed.inert
    itself = run(
        *RECORD, *fields("BINUNICODE", "list", "EMPTY_LIST", "BINPUT", 1, "BINGET", 1, "APPEND"), "STOP"
    )
    assert type(itself.error) is ValueTooDeep


def test_shared_state_costs_once() -> None:
    """One large dict as the state of very many records is charged for, not walked again and again."""
    many = [part for n in range(2_000) for part in ("BINUNICODE", f"f{n}", "NONE")]
    shared = ["EMPTY_DICT", "MARK", *many, "SETITEMS", "BINPUT", 1, "POP"]
    records = [*RECORD, "BINGET", 1, "BUILD"] * 3_000
    trace = run("EMPTY_LIST", "MARK", *shared, *records, "APPENDS", "STOP")
    assert trace.status is StreamStatus.UNLISTED
    assert "copies more data" in trace.rejected_calls[0].why


def test_a_subclass_of_dict_takes_items() -> None:
    """`AttributeDict`: made without arguments, filled by SETITEMS."""
    trace = run(*ATTRIBUTES, *NEW, "MARK", "BINUNICODE", "lr", "BINFLOAT", 0.1, "SETITEMS", "STOP")
    assert trace.inert
    assert isinstance(trace.value, DictRecord)
    assert dict(trace.value) == {"lr": 0.1}


def refused(trace: Trace) -> bool:
    return trace.status in (StreamStatus.UNLISTED, StreamStatus.DANGEROUS) and bool(trace.rejected_calls)


@pytest.mark.parametrize(
    "listing",
    [
        # making one
        (*ARGUMENTS, "EMPTY_TUPLE", "REDUCE"),
        (*ARGUMENTS, "BINUNICODE", "/tmp", "TUPLE1", "REDUCE"),
        (*ARGUMENTS, "BINUNICODE", "/tmp", "TUPLE1", "NEWOBJ"),
        (*ARGUMENTS, "EMPTY_TUPLE", "EMPTY_DICT", "NEWOBJ_EX"),
        ("MARK", *ARGUMENTS, "OBJ"),
        ("MARK", "INST", ARGUMENTS[1]),
        (*LINEAR, *ARGUMENTS, "TUPLE1", "NEWOBJ"),
        (*LINEAR, *RECORD, "TUPLE1", "NEWOBJ"),
        ("GLOBAL", ("copyreg", "_reconstructor"), *ARGUMENTS, "GLOBAL", ("builtins", "dict"), "NONE",
         "TUPLE3", "REDUCE"),
        ("GLOBAL", ("copyreg", "_reconstructor"), *ARGUMENTS, "GLOBAL", ("builtins", "object"), "EMPTY_DICT",
         "TUPLE3", "REDUCE"),
        ("GLOBAL", ("copyreg", "_reconstructor"), *OPTIMIZER, "GLOBAL", ("builtins", "object"), "NONE",
         "TUPLE3", "REDUCE"),
        ("GLOBAL", ("copyreg", "__newobj__"), *ARGUMENTS, "BININT1", 1, "TUPLE2", "REDUCE"),
        ("GLOBAL", ("copyreg", "__newobj__"), "GLOBAL", ("builtins", "set"), "TUPLE1", "REDUCE"),
        ("GLOBAL", ("copyreg", "__newobj__"), "EMPTY_TUPLE", "REDUCE"),
        # state
        (*RECORD, "NONE", "BUILD"),
        (*RECORD, "EMPTY_LIST", "BUILD"),
        (*RECORD, "NONE", "EMPTY_DICT", "TUPLE2", "BUILD"),
        (*RECORD, "EMPTY_DICT", "EMPTY_DICT", "TUPLE2", "BUILD"),
        (*RECORD, "EMPTY_DICT", "BUILD", "EMPTY_DICT", "BUILD"),
        (*RECORD, *fields("BININT1", 1, "NONE")),
        (*RECORD, *fields("BINUNICODE", "__class__", "NONE")),
        (*RECORD, *fields("BINUNICODE", "__setstate__", *LINEAR)),
        (*RECORD, *fields("BINUNICODE", "forward", *GETATTR)),
        (*RECORD, *fields("BINUNICODE", "forward", "GLOBAL", ("torch._utils", "_rebuild_tensor_v2"))),
        (*LINEAR, *NEW, *fields("BINUNICODE", "_forward_hooks", *LINEAR)),
        (*LINEAR, *NEW, *fields("BINUNICODE", "_forward_hooks", "EMPTY_LIST")),
        (*LINEAR, *NEW, *fields("BINUNICODE", "_forward_hooks", HOOKS, "BININT1", 1, "NONE", "SETITEM")),
        (*LINEAR, *NEW, *fields("BINUNICODE", "_forward_hooks", HOOKS, "BINPUT", 0), "POP", "BINGET", 0,
         "BININT1", 1, *LINEAR, "SETITEM"),
        # use
        (*RECORD, "EMPTY_TUPLE", "REDUCE"),
        (*RECORD, "EMPTY_DICT", "BUILD", "EMPTY_TUPLE", "REDUCE"),
        (*RECORD, "EMPTY_TUPLE", "NEWOBJ"),
        ("MARK", *RECORD, "OBJ"),
        (*RECORD, "BINUNICODE", "k", "NONE", "SETITEM"),
        (*RECORD, "NONE", "APPEND"),
        (*RECORD, "MARK", "NONE", "ADDITEMS"),
        ("EMPTY_DICT", *RECORD, "NONE", "SETITEM"),
        ("EMPTY_SET", "MARK", *RECORD, "ADDITEMS"),
        ("EMPTY_DICT", *OPTIMIZER, "BINUNICODE", "x", "TUPLE1", "REDUCE", "NONE", "SETITEM"),
        ("EMPTY_DICT", *OPTIMIZER, "NONE", "SETITEM"),
        ("GLOBAL", ("torch", "Size"), *RECORD, "TUPLE1", "REDUCE"),
        ("GLOBAL", ("builtins", "set"), "EMPTY_LIST", *RECORD, "APPEND", "TUPLE1", "REDUCE"),
        ("GLOBAL", ("collections", "defaultdict"), *ARGUMENTS, "TUPLE1", "REDUCE"),
        (*RECORD, "BINPERSID"),
        # classes
        (*ARGUMENTS, "EMPTY_DICT", "BUILD"),
        (*ARGUMENTS, "NONE", "EMPTY_DICT", "TUPLE2", "BUILD"),
        (*ARGUMENTS, "BINUNICODE", "k", "NONE", "SETITEM"),
        ("GLOBAL", ("typing", "Any"), *NEW),
        ("GLOBAL", ("torch.nn.functional", "relu"), "EMPTY_TUPLE", "REDUCE"),
        # enums
        (*OPTIMIZER, "EMPTY_LIST", "TUPLE1", "REDUCE"),
        (*OPTIMIZER, "NONE", "TUPLE1", "REDUCE"),
        (*OPTIMIZER, "EMPTY_TUPLE", "REDUCE"),
        (*OPTIMIZER, "BINUNICODE", "a", "BINUNICODE", "b", "TUPLE2", "REDUCE"),
        (*OPTIMIZER, *RECORD, "TUPLE1", "REDUCE"),
        (*OPTIMIZER, "BINUNICODE", "adamw_torch", "TUPLE1", "NEWOBJ"),
        (*OPTIMIZER, "BINUNICODE", "x", "TUPLE1", "REDUCE", "EMPTY_DICT", "BUILD"),
        (*GETATTR, *ARGUMENTS, "BINUNICODE", "FIELD", "TUPLE2", "REDUCE"),
        (*GETATTR, *RECORD, "BINUNICODE", "FIELD", "TUPLE2", "REDUCE"),
        (*GETATTR, *OPTIMIZER, "BINUNICODE", "mro", "TUPLE2", "REDUCE"),
        (*GETATTR, *OPTIMIZER, "BINUNICODE", "__subclasses__", "TUPLE2", "REDUCE"),
        (*GETATTR, *OPTIMIZER, "BINUNICODE", "A.B", "TUPLE2", "REDUCE"),
        (*GETATTR, *OPTIMIZER, "BINUNICODE", "A", "NONE", "TUPLE3", "REDUCE"),
        (*GETATTR, *OPTIMIZER, "SHORT_BINBYTES", b"A", "TUPLE2", "REDUCE"),
        (*GETATTR, "EMPTY_DICT", "BINUNICODE", "A", "TUPLE2", "REDUCE"),
        (*GETATTR, *GETATTR, "BINUNICODE", "A", "TUPLE2", "REDUCE"),
        ("GLOBAL", ("operator", "or_"), *OPTIMIZER, "BININT1", 1, "TUPLE1", "REDUCE", "BININT1", 2, "TUPLE2",
         "REDUCE", "EMPTY_TUPLE", "REDUCE"),
        # functions
        GETATTR,
        ("EMPTY_LIST", *GETATTR, "APPEND"),
        ("GLOBAL", ("copyreg", "_reconstructor")),
        ("EMPTY_DICT", "BINUNICODE", "k", "GLOBAL", ("_codecs", "encode"), "SETITEM"),
        (*RECORD, *fields("BINUNICODE", "list", "EMPTY_LIST", *GETATTR, "APPEND")),
    ],
)  # fmt: skip
def test_near_misses(listing: tuple[Operand, ...]) -> None:
    """One step beside an honest record, with every pack on: refused, and said why."""
    assert refused(run("PROTO", 4, *listing, "STOP"))


@pytest.mark.parametrize(
    "listing",
    [
        (*ATTRIBUTES, "EMPTY_TUPLE", "REDUCE"),
        (*ATTRIBUTES, "EMPTY_DICT", "TUPLE1", "NEWOBJ"),
        (*ATTRIBUTES, *NEW, "NONE", "APPEND"),
        (*ATTRIBUTES, *NEW, *RECORD, "NONE", "SETITEM"),
        (*ATTRIBUTES, *NEW, *fields("BINUNICODE", "__class__", "NONE")),
        ("EMPTY_DICT", *ATTRIBUTES, *NEW, "NONE", "SETITEM"),
        ("GLOBAL", ("collections", "OrderedDict"), "EMPTY_DICT", "TUPLE1", "REDUCE"),
        ("GLOBAL", ("collections", "OrderedDict"), "EMPTY_LIST", "NONE", "APPEND", "TUPLE1", "REDUCE"),
        ("GLOBAL", ("collections", "OrderedDict"), "EMPTY_LIST", *RECORD, "NONE", "TUPLE2", "APPEND",
        "TUPLE1",
         "REDUCE"),
        ("GLOBAL", ("collections", "OrderedDict"), "EMPTY_LIST", "EMPTY_LIST", "TUPLE2", "REDUCE"),
        ("GLOBAL", ("types", "SimpleNamespace"), "EMPTY_DICT", "TUPLE1", "REDUCE"),
        ("GLOBAL", ("types", "SimpleNamespace"), *NEW),
        ("GLOBAL", ("types", "SimpleNamespace"), "EMPTY_TUPLE", "REDUCE", "BININT1", 1, "BUILD"),
        ("GLOBAL", ("collections", "deque"), "BININT1", 5, "TUPLE1", "REDUCE"),
        ("GLOBAL", ("collections", "deque"), "EMPTY_TUPLE", "BININT", -1, "TUPLE2", "REDUCE"),
        ("GLOBAL", ("collections", "deque"), "EMPTY_TUPLE", "REDUCE", "EMPTY_DICT", "BUILD"),
        ("EMPTY_DICT", "GLOBAL", ("collections", "deque"), "EMPTY_TUPLE", "REDUCE", "NONE", "SETITEM"),
        ("GLOBAL", ("builtins", "range"), "BININT1", 5, "TUPLE1", "REDUCE"),
        ("GLOBAL", ("builtins", "range"), "BININT1", 5, "BININT1", 5, "BININT1", 0, "TUPLE3", "REDUCE"),
        ("GLOBAL", ("uuid", "UUID"), "BINUNICODE", "x", "TUPLE1", "REDUCE"),
        ("GLOBAL", ("uuid", "UUID"), *NEW, *fields("BINUNICODE", "int", "BININT", -1)),
        ("GLOBAL", ("uuid", "UUID"), *NEW, *fields("BINUNICODE", "int", "BININT1", 1, "BINUNICODE", "x",
         "NONE")),
        ("GLOBAL", ("decimal", "Decimal"), "BINUNICODE", "1", "TUPLE1", "REDUCE", "EMPTY_DICT", "BUILD"),
    ],
)  # fmt: skip
def test_near_misses_of_the_standard_library(listing: tuple[Operand, ...]) -> None:
    """The same for dicts, bags of attributes, queues, ranges and identifiers."""
    assert refused(run("PROTO", 4, *listing, "STOP"))


def test_classes_of_whole_modules_in_the_legacy_format() -> None:
    """`("module", class, file, source)` gives back a class of a pack, and nothing else."""
    pid = (
        "MARK",
        "BINUNICODE",
        "module",
        *LINEAR,
        "BINUNICODE",
        "linear.py",
        "BINUNICODE",
        "class Linear:",
        "TUPLE",
    )
    made = assemble("PROTO", 2, *pid, "BINPERSID", *NEW, "STOP")
    trace = run_pickle(made, DEFAULT_LIMITS, packs=ALL, persistent="torch-legacy")
    assert isinstance(trace.value, InertRecord)
    for other in (
        ("os", "system"),
        ("builtins", "getattr"),
        ("transformers.training_args", "OptimizerNames"),
    ):
        stream = assemble(
            "PROTO", 2, "MARK", "BINUNICODE", "module", "GLOBAL", other, "NONE", "NONE", "TUPLE", "BINPERSID",
            "STOP",
        )  # fmt: skip
        assert refused(run_pickle(stream, DEFAULT_LIMITS, packs=ALL, persistent="torch-legacy"))
    assert refused(run_pickle(made, DEFAULT_LIMITS, packs=ALL, persistent="torch"))
    assert refused(run_pickle(made, DEFAULT_LIMITS, persistent="torch-legacy"))
