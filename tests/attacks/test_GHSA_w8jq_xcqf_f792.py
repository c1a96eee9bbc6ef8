"""CVE-2025-1945: flag bits that make one reader stop and that another ignores.

https://github.com/mmaitre314/picklescan/security/advisories/GHSA-w8jq-xcqf-f792
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.archives import PAYLOAD, build, torch_parts
from tests.forge.audits import audited

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("where", ["local", "central", "both"])
@pytest.mark.parametrize("bit", [0, 4, 5, 6, 12, 13])
def test_flag_bit(tmp_path: Path, where: str, bit: int) -> None:
    """Each bit, in either header or in both, is refused as ambiguous; the payload is named."""
    parts = torch_parts(PAYLOAD, {})
    flags = parts[0].flags | 1 << bit
    if where != "central":
        parts[0].local["flags"] = flags
    if where != "local":
        parts[0].central["flags"] = flags
    outcome = audited(tmp_path, build(parts))
    assert outcome.problems <= {"EncryptedMember", "UnlistedFlags"}
    assert "archive.ambiguous" in outcome.rules
    assert "os.system" in outcome.imports
