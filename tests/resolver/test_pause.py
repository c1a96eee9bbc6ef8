"""The collector while torch is imported: what a load made goes when its owner lets go of it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.forge.vision import reference

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import gc, sys, weakref
import safeload
{first}
model = safeload.AutoModel.from_pretrained(sys.argv[1])
kept = weakref.ref(model)
del model
gc.collect()
print(kept() is None)
"""


@pytest.mark.parametrize("first", ["", "import torch"])
def test_a_model_goes_with_its_last_reference(first: str, tmp_path: Path) -> None:
    """Whether the load imported torch or found it: nothing that the import left behind holds the weights."""
    reference("vit", "AutoModel").save_pretrained(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(first=first), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == "True"


def test_a_torch_that_cannot_be_imported(tmp_path: Path) -> None:
    """The error is that of the import, in the thread of the caller."""
    (tmp_path / "torch.py").write_text("raise ImportError('no such library')\n")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from safeload.resolver.pause import import_torch\n"
        "try:\n    import_torch()\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "no such library"
