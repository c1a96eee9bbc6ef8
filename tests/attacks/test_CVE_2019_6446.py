"""CVE-2019-6446: numpy.load unpickles the data of an array of objects.

https://nvd.nist.gov/vuln/detail/CVE-2019-6446
"""

from __future__ import annotations

import io
import os
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.forge.audits import audited
from tests.forge.npy import header, npy
from tests.forge.pickle_assembler import call

if TYPE_CHECKING:
    from pathlib import Path

PAYLOAD = call("os", "system", "id")


class Command:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """What the unpickler is to call."""
        return os.system, ("exit 3",)


def member(data: bytes, name: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return sink.getvalue()


def test_array_that_numpy_saved(tmp_path: Path) -> None:
    """An element whose unpickling runs a command, written by numpy itself."""
    sink = io.BytesIO()
    np.save(sink, np.array([Command()], dtype=object), allow_pickle=True)
    outcome = audited(tmp_path, sink.getvalue(), "a.npy")
    assert "pickle.dangerous-global" in outcome.rules
    assert f"{os.system.__module__}.system" in outcome.imports


@pytest.mark.parametrize(
    "descr", ["'|O'", "'O'", "'object'", "[('a', '|O')]", "[('a', [('b', '<f4'), ('c', '|O', (2,))])]"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_payload_for_the_data(tmp_path: Path, descr: str, packed: bool) -> None:  # noqa: FBT001 - a parameter
    """The pickle is no array at all; alone or as the member of an npz, the dtype spelled in any way."""
    data = npy(header(descr), PAYLOAD)
    outcome = audited(tmp_path, member(data, "a.npy") if packed else data, "a.npz" if packed else "a.npy")
    assert "pickle.dangerous-global" in outcome.rules
    assert outcome.imports == {"os.system"}


@pytest.mark.parametrize("name", ["a.bin", "weights", "a.txt", "a.npy.png"])
def test_other_names(tmp_path: Path, name: str) -> None:
    """What a file is called does not matter to numpy.load, nor here."""
    outcome = audited(tmp_path, npy(header("'|O'"), PAYLOAD), name)
    assert "pickle.dangerous-global" in outcome.rules


def test_no_magic(tmp_path: Path) -> None:
    """Without the magic numpy.load takes the file for a bare pickle."""
    assert "pickle.dangerous-global" in audited(tmp_path, PAYLOAD, "a.npy").rules
