"""CVE-2026-24747: a storage that declares other than the bytes that its member holds.

https://github.com/pytorch/pytorch/security/advisories/GHSA-63cw-57p8-fm3p
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.archives import ONE_TENSOR, TWO_FLOATS, torch_zip
from tests.forge.audits import audited

if TYPE_CHECKING:
    from pathlib import Path


def test_the_honest_twin_is_allowed(tmp_path: Path) -> None:
    """Two float32 in eight bytes: what the others differ from."""
    outcome = audited(tmp_path, torch_zip(ONE_TENSOR, {"0": TWO_FLOATS}))
    assert outcome.coverages == {"scanned"}
    assert not outcome.problems
    assert not outcome.imports


@pytest.mark.parametrize("data", [b"", TWO_FLOATS[:4], TWO_FLOATS[:7], TWO_FLOATS + b"\0", TWO_FLOATS * 2])
def test_declared_and_real_size_differ(tmp_path: Path, data: bytes) -> None:
    """Shorter or longer by any amount: the checkpoint is malformed, and denied."""
    outcome = audited(tmp_path, torch_zip(ONE_TENSOR, {"0": data}))
    assert outcome.denied
    assert "malformed" in outcome.coverages


def test_tensor_beyond_its_storage(tmp_path: Path) -> None:
    """A shape of three over a storage of two elements (the stride check of pytorch #184652)."""
    outcome = audited(tmp_path, torch_zip(ONE_TENSOR.replace(b"K\x02\x85", b"K\x03\x85"), {"0": TWO_FLOATS}))
    assert outcome.denied
