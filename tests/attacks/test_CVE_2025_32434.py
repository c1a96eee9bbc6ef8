"""Torch's oldest checkpoints are tar archives whose pickles run even where `weights_only` is asked for.

https://github.com/pytorch/pytorch/security/advisories/GHSA-53q9-r3pm-6pq6
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.archives import PAYLOAD
from tests.forge.audits import audited
from tests.forge.compressed import WRITERS
from tests.forge.tar import archive, by_tarfile, member

if TYPE_CHECKING:
    from pathlib import Path

COUNT = b"\x80\x02K\x01."
HONEST = {"sys_info": b"\x80\x02}q\x00.", "pickle": b"\x80\x02}q\x00.", "tensors": COUNT, "storages": COUNT}


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.tar", "x"])
def test_an_honest_one_is_refused(tmp_path: Path, name: str) -> None:
    """No level of any policy loads it."""
    outcome = audited(tmp_path, by_tarfile(HONEST), name)
    assert {"format.executable", "artifact.unrecognised"} <= outcome.rules


@pytest.mark.parametrize("where", HONEST)
@pytest.mark.parametrize("behind", [b"", COUNT, COUNT + bytes(12)])
def test_each_of_its_pickles_is_read(tmp_path: Path, where: str, behind: bytes) -> None:
    """The first one of a member, the one behind it, and one behind raw numbers."""
    payload = b"\x80\x02" + PAYLOAD
    if behind and where in {"pickle", "sys_info"}:
        behind = COUNT  # torch reads no further there
    outcome = audited(tmp_path, by_tarfile({**HONEST, where: behind + payload}))
    assert "format.executable" in outcome.rules
    assert "os.system" in outcome.imports


def test_inside_a_compressed_file(tmp_path: Path) -> None:
    """The same."""
    data = WRITERS["bzip2"](by_tarfile({**HONEST, "pickle": PAYLOAD}))
    outcome = audited(tmp_path, data, "model.tar.bz2")
    assert {"format.executable", "pickle.dangerous-global"} <= outcome.rules


@pytest.mark.parametrize("names", [("./pickle", "./storages"), ("PICKLE", "Tensors")])
def test_names_as_torch_might_find_them(tmp_path: Path, names: tuple[str, str]) -> None:
    """With what tools ignore, and as file systems fold them."""
    data = archive(*[member(name.encode(), b"\x80\x02}.") for name in names])
    assert "format.executable" in audited(tmp_path, data).rules
