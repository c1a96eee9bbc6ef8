"""CVE-2025-1889: a pickle member with an unusual extension inside the archive.

https://github.com/mmaitre314/picklescan/security/advisories/GHSA-769v-p64c-89pr
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.archives import ONE_TENSOR, PAYLOAD, TWO_FLOATS, Part, build, plain, torch_parts
from tests.forge.audits import audited

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["config.p", "weights", "a.txt", "x.PKL", "image.png"])
def test_member_is_told_by_content(tmp_path: Path, name: str) -> None:
    """Whatever a member of a plain zip is called, the pickle in it is found."""
    outcome = audited(tmp_path, build([plain("readme.md", b"# hi\n"), plain(name, PAYLOAD)]))
    assert outcome.denied
    assert "os.system" in outcome.imports


@pytest.mark.parametrize("name", ["config.p", "extra/x.txt", "data/weights", "data.pkl.bak"])
def test_unlisted_member_of_a_checkpoint(tmp_path: Path, name: str) -> None:
    """In a checkpoint such a member is refused for itself, and named for what it would run."""
    parts = [*torch_parts(ONE_TENSOR, {"0": TWO_FLOATS}), Part(f"archive/{name}".encode(), PAYLOAD)]
    outcome = audited(tmp_path, build(parts))
    assert outcome.denied
    assert "os.system" in outcome.imports
    assert "malformed" in outcome.coverages
