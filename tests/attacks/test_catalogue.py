"""Every row of the catalogue is denied by the default policy, for the reason that the row names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safeload.core import Verdict
from safeload.pipeline import audit
from tests.attacks.catalogue.rows import ROWS

if TYPE_CHECKING:
    from tests.attacks.catalogue import Row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.identifiers.split()[0]}: {row.technique}")
def test_denied_with_its_reason(tmp_path, row: Row):
    """Alone in a folder each file is denied by that rule, and so are all of them together."""
    files = row.build()
    for number, (path, data) in enumerate(files.items()):
        single = tmp_path / str(number)
        for folder in (single, tmp_path / "all"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    decision = audit(tmp_path / "all", policy="default").decision
    assert decision.verdict is Verdict.DENY
    assert row.rule in {reason.finding.rule for reason in decision.denials}
