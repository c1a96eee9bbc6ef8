"""CVE-2025-1944: the local header and the central directory name a member differently.

https://github.com/mmaitre314/picklescan/security/advisories/GHSA-7q5r-7gvp-wc82
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.archives import PAYLOAD, build, torch_parts
from tests.forge.audits import audited

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", [b"archive/data.pkk", b"archive/other.txt", b"x"])
def test_names_differ(tmp_path: Path, name: bytes) -> None:
    """Refused as ambiguous, and the payload is named."""
    parts = torch_parts(PAYLOAD, {})
    parts[0].local["name"] = name
    outcome = audited(tmp_path, build(parts))
    assert outcome.problems == {"NameDiffers"}
    assert "archive.ambiguous" in outcome.rules
    assert "os.system" in outcome.imports
