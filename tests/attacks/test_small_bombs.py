"""Every kind of file that asks for much, made small: it ends in a coverage, and never in a fault of ours.

What the full sizes cost is for `make bench` (claim g) to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.bombs import BOMBS, TWINS
from safeload.pipeline import audit

if TYPE_CHECKING:
    from pathlib import Path

KINDS = [(family, kind) for family, kinds in BOMBS.items() for kind in kinds]
SMALL = 2_000


@pytest.mark.slow
@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_a_small_one_is_told(tmp_path: Path, family: str, kind: str) -> None:
    """No scanner fails, and what could not be read is said."""
    (tmp_path / TWINS[family][0]).write_bytes(BOMBS[family][kind](SMALL))
    report = audit(tmp_path, policy="default")
    reasons = [artifact.reason for artifact in report.artifacts]
    assert not any("bug of safeload" in reason for reason in reasons)
    told = all(artifact.coverage.value == "scanned" or artifact.reason for artifact in report.artifacts)
    assert told
