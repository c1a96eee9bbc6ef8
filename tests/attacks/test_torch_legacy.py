"""Torch's format before 1.6: each of its five pickles is run by `torch.load`, and none is a formality."""

from __future__ import annotations

import io
import struct
import tarfile
from typing import TYPE_CHECKING

import pytest
import torch

from tests.forge.archives import PAYLOAD
from tests.forge.audits import audited
from tests.forge.legacy import MAGIC, TWO_FLOATS, legacy, state, storage, table
from tests.forge.pickle_assembler import assemble, call

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("part", ["magic", "version", "system", "state", "keys"])
@pytest.mark.parametrize("payload", [PAYLOAD, call("os", "system", "id")], ids=["protocol 0", "protocol 2"])
def test_payload_in_one_of_five(tmp_path: Path, part: str, payload: bytes) -> None:
    """Wherever it stands, the payload is found, and named."""
    outcome = audited(tmp_path, legacy(**{part: payload}))
    assert "pickle.dangerous-global" in outcome.rules
    assert "os.system" in outcome.imports


@pytest.mark.parametrize("part", ["magic", "version", "system", "keys"])
def test_payload_ahead_of_the_right_value(tmp_path: Path, part: str) -> None:
    """The pickle gives the value that torch expects, after it ran something else."""
    value = {
        "magic": assemble("LONG1", MAGIC.to_bytes(10, "little")),
        "version": assemble("BININT2", 1001),
        "system": assemble("EMPTY_DICT"),
        "keys": assemble("EMPTY_LIST", "BINUNICODE", "7", "APPEND"),
    }[part]
    payload = call("os", "system", "id").removesuffix(b".") + b"0" + value + b"."
    outcome = audited(tmp_path, legacy(**{part: payload}))
    assert "pickle.dangerous-global" in outcome.rules


@pytest.mark.parametrize("reduced", [("builtins", "int"), ("operator", "add"), ("builtins", "eval")])
def test_magic_from_a_call(tmp_path: Path, reduced: tuple[str, str]) -> None:
    """The magic number as the result of a call: no literal, so the file is a pickle with a foreign call."""
    outcome = audited(tmp_path, legacy(magic=call(*reduced, hex(MAGIC))))
    assert outcome.denied
    assert any(rule.startswith("pickle.") for rule in outcome.rules - {"pickle.trailing-data"})


def test_sixth_pickle(tmp_path: Path) -> None:
    """Behind the table, where torch stops and others go on."""
    outcome = audited(tmp_path, legacy() + PAYLOAD)
    assert outcome.denied
    assert "os.system" in outcome.imports


def test_storage_over_the_end(tmp_path: Path) -> None:
    """A few bytes ask for gigabytes of memory that the file does not hold."""
    huge = 2**31 - 1
    data = legacy(state=state(storage(numel=huge)), rows=table((huge, TWO_FLOATS)))
    assert audited(tmp_path, data).coverages == {"malformed"}


def test_storage_that_is_never_filled(tmp_path: Path) -> None:
    """A storage that the table leaves out would hold whatever the memory held before."""
    data = legacy(keys=(), rows=b"")
    assert torch.load(io.BytesIO(data), weights_only=True)["a"].shape == (2,)
    assert audited(tmp_path, data).denied


@pytest.mark.parametrize("offset", [1, -1, 2**31 - 1])
def test_tensor_outside_its_storage(tmp_path: Path, offset: int) -> None:
    """Memory beside the storage is not the file's to name."""
    outcome = audited(tmp_path, legacy(state=state(offset=offset)))
    assert "pickle.uncontracted-call" in outcome.rules


def test_module_with_source(tmp_path: Path) -> None:
    """A persistent id that brings a class and its source: torch would import the one and write the other."""
    pid = assemble(
        "PROTO", 2, "MARK", "BINUNICODE", "module", "GLOBAL", ("torch.nn.modules.linear", "Evil"),
        "BINUNICODE", "/tmp/x.py", "BINUNICODE", "import os", "TUPLE", "BINPERSID", "STOP",
    )  # fmt: skip
    outcome = audited(tmp_path, legacy(state=pid))
    assert outcome.rules >= {"pickle.unlisted-global", "pickle.uncontracted-call"}
    assert "torch.nn.modules.linear.Evil" in outcome.imports


def tar_around(data: bytes, *, sum_as: str) -> bytes:
    """An archive whose first member's name starts with `data`."""
    header = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
    header[257:265] = bytes(8)
    header[: len(data)] = data
    header[148:156] = b" " * 8
    if sum_as == "magic":
        header[257:265] = b"ustar\x0000"
    total = sum(header) if sum_as != "signed" else sum(struct.unpack("512b", header))
    if sum_as == "binary":
        header[148:156] = b"\x80" + total.to_bytes(7, "big")
    else:
        header[148:156] = b"0o%-5o\0" % total if sum_as == "prefixed" else b"%06o\0 " % total
    return bytes(header) + bytes(1024)


@pytest.mark.parametrize("sum_as", ["magic", "octal", "signed", "binary", "prefixed"])
def test_tar_whose_first_name_is_the_magic_pickle(tmp_path: Path, sum_as: str) -> None:
    """Torch tries tar first and unpickles what it holds: a file of two readings (CVE-2025-32434)."""
    data = tar_around(assemble("PROTO", 2, "LONG1", MAGIC.to_bytes(10, "little"), "STOP"), sum_as=sum_as)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:", errors="ignore") as archive:
        assert len(archive.getnames()) == 1
    assert "format.polyglot" in audited(tmp_path, data).rules


def test_tar(tmp_path: Path) -> None:
    """The older tar layout is refused, whatever it holds (CVE-2025-32434)."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name in ("storages", "tensors", "pickle"):
            info = tarfile.TarInfo(name)
            info.size = len(PAYLOAD)
            archive.addfile(info, io.BytesIO(PAYLOAD))
    assert audited(tmp_path, sink.getvalue()).denied
