"""TorchScript: a program for torch's own interpreter and what it carries, named member by member.

`torch.load` hands an archive with a `constants.pkl` to `torch.jit.load`, whatever `weights_only` says about
pickles; the interpreter then rebuilds the objects of `data.pkl` from the classes in `code/`, and runs their
`__setstate__` and, once the model is called, all the rest. The pickles are run through the machine here;
names in `__torch__` are classes of the archive's own program, not of Python.

Layout: https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md, and for archives
before torch 1.4 (`model.json`, `attributes.pkl`, `tensors/`) torch/csrc/jit/serialization/import_legacy.cpp.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.identify import is_text
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.torch_zip import BigEndian, check_small_member
from safeload.scanners import Stream
from safeload.scanners._pickle_facts import facts_behind, stream_facts

if TYPE_CHECKING:
    from safeload.core import Fact, Json
    from safeload.formats.pickle_trace import StorageRef, Trace
    from safeload.formats.zip import ZipMember
    from safeload.scanners._zip_account import Account

_PICKLE = re.compile(r"[^/]+/(.*\.debug_pkl|(.*/)?[a-z_]+\.pkl)\Z", re.IGNORECASE)
_CODE = re.compile(r"[^/]+/code/.*\.py\Z", re.IGNORECASE)
_TENSOR = re.compile(r"[^/]+/([a-z_]+)/([0-9]{1,9})\Z", re.ASCII)
_SMALL = re.compile(r"[^/]+/(version|byteorder|\.data/serialization_id)\Z")
_BUILDERS = frozenset(
    {
        "restore_type_tag", "build_intlist", "build_doublelist", "build_boollist", "build_tensorlist",
        "build_tensor_from_id",
    }
)  # fmt: skip
"""Names of `torch.jit._pickle`: marks for lists of one type."""
_SHOWN = 8
"""Classes that the report names."""


def account_torchscript(account: Account) -> None:
    """Account for the members of a program, and state that it is one."""
    classes: dict[str, None] = {}
    storages: dict[str, dict[str, StorageRef]] = {}
    sources = 0
    for member in list(account.found.values()):
        if account.claimed(member.name):
            continue
        if _PICKLE.match(member.name):
            trace = _pickle(account, member)
            if trace is not None:
                _own_classes(trace, classes)
                folder = member.name.rpartition("/")[2].lower().removesuffix(".pkl")
                storages.setdefault(folder, {}).update(trace.storages)
        elif _CODE.match(member.name):
            sources += _source(account, member)
        elif (small := _SMALL.match(member.name)) is not None:
            _small(account, small[1], member)
    before_1_4 = any(name.lower().endswith("/model.json") for name in account.found)
    for member in list(account.found.values()):
        match = _TENSOR.match(member.name)
        if match is None or account.claimed(member.name):
            continue
        folder = match[1].lower()
        _tensor(
            account,
            member,
            storages.get(folder, {}).get(match[2]),
            listed=before_1_4 and folder == "tensors",
        )
    names = ", ".join(list(classes)[:_SHOWN]) + (", ..." if len(classes) > _SHOWN else "")
    detail = (
        f"torch.load hands it to torch.jit.load, which runs its code ({sources} source files"
        f"{'; classes ' + names if names else ''})"
    )
    data: dict[str, Json] = {"format": "torchscript", "detail": detail, "classes": list(classes)[:1_000]}
    account.state("format.executable", data)


def _pickle(account: Account, member: ZipMember) -> Trace | None:
    """Run the machine over one pickle of the program, and state what Python itself would do with it."""
    limits, subject, where = account.limits, account.subject, account.place(member)
    try:
        data = account.read(member, limits.pickle_bytes)
    except FormatError as error:
        account.ambiguity(error)
        account.add_child(member, check=False)
        return None
    trace = run_pickle(data, limits, packs=subject.packs, persistent="torch")
    facts = [fact for fact in stream_facts(trace, where, limits) if not _is_own(fact)]
    if trace.trailing:
        facts += facts_behind(data[trace.end :], trace.end, where, subject.packs, limits)
    account.facts += facts
    if any(fact.kind != "pickle.more" for fact in facts):
        account.streams.append(Stream(location=where, data=data[: trace.end], trace=trace))
    if trace.error is not None:
        account.fail(member, "pickle", trace.error)
    else:
        account.claim(member, "pickle")
    return trace


def _is_own(fact: Fact) -> bool:
    """Whether a global is a class of the program itself, or one of TorchScript's marks."""
    if fact.kind != "pickle.global":
        return False
    module = str(fact.data["module"])
    if module == "torch.jit._pickle":
        return fact.data["name"] in _BUILDERS
    return module == "__torch__" or module.startswith("__torch__.")


def _own_classes(trace: Trace, classes: dict[str, None]) -> None:
    for use in trace.globals:
        if use.module == "__torch__" or use.module.startswith("__torch__."):
            classes[f"{use.module}.{use.name}"] = None


def _source(account: Account, member: ZipMember) -> int:
    """Program text: that it is text is all that is looked at. What is not goes by its content."""
    try:
        data = account.read(member, account.limits.json_bytes)
    except FormatError as error:
        account.fail(member, "torchscript-code", error)
        return 1
    if not is_text(data, whole=True):
        account.add_child(member)
        return 0
    account.claim(member, "torchscript-code")
    return 1


def _small(account: Account, name: str, member: ZipMember) -> None:
    try:
        check_small_member(account.subject.view, name, member, account.limits)
    except BigEndian:
        account.claim(member, "text")
    except FormatError as error:
        account.ambiguity(error)
        account.add_child(member, check=False)
    else:
        account.claim(member, "text")


def _tensor(account: Account, member: ZipMember, storage: StorageRef | None, *, listed: bool) -> None:
    """Data that a pickle names with just this size, or the old table; anything else goes by its content."""
    if listed or (storage is not None and member.size == storage.numel * ITEM_BITS[storage.dtype] // 8):
        account.claim_data(member)
    else:
        account.add_child(member)
