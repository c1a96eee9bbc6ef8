"""CVE-2025-10156: a wrong crc32 stops Python's zipfile, and torch loads the member all the same.

https://github.com/mmaitre314/picklescan/security/advisories/GHSA-mjqp-26hc-grxg
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.archives import ONE_TENSOR, PAYLOAD, TWO_FLOATS, Part, build, plain, torch_parts
from tests.forge.audits import audited

if TYPE_CHECKING:
    from pathlib import Path


def spoil(part: Part) -> None:
    """Give a member the crc32 of nothing, in all three places alike."""
    size = len(part.data).to_bytes(4, "little")
    part.central["crc"] = 0
    part.descriptor = b"PK\x07\x08" + bytes(4) + size + size


def test_pickle_with_other_crc(tmp_path: Path) -> None:
    """The payload is named although its crc32 is wrong."""
    parts = torch_parts(PAYLOAD, {})
    spoil(parts[0])
    outcome = audited(tmp_path, build(parts))
    assert outcome.problems == {"CrcDiffers"}
    assert "os.system" in outcome.imports


@pytest.mark.parametrize("index", range(7))
def test_any_member_with_other_crc(tmp_path: Path, index: int) -> None:
    """Every member of an otherwise honest checkpoint counts, tensors and small members too."""
    parts = torch_parts(ONE_TENSOR, {"0": TWO_FLOATS})
    spoil(parts[index])
    outcome = audited(tmp_path, build(parts))
    assert outcome.problems == {"CrcDiffers"}
    assert "archive.ambiguous" in outcome.rules


def test_one_broken_member_hides_no_other(tmp_path: Path) -> None:
    """In a plain archive the members behind a broken one are still looked into."""
    first = plain("a.txt", b"hello", local={"crc": 1}, central={"crc": 1})
    broken = plain("b.txt", b"x" * 99, method=8, local={"size": 98}, central={"size": 98})
    outcome = audited(tmp_path, build([first, broken, plain("model/weights.pkl", PAYLOAD)]), "all.zip")
    assert outcome.denied
    assert outcome.problems == {"CrcDiffers", "InflatedSizeDiffers"}
    assert "os.system" in outcome.imports
