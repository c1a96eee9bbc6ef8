"""Values of an ONNX model that lie outside its folder.

CVE-2022-25882  https://nvd.nist.gov/vuln/detail/CVE-2022-25882   `../` in the location: any file is read
CVE-2024-27318  https://nvd.nist.gov/vuln/detail/CVE-2024-27318   the first check compared texts
CVE-2025-51480  https://nvd.nist.gov/vuln/detail/CVE-2025-51480   saving wrote to wherever the location points
CVE-2026-34446  https://nvd.nist.gov/vuln/detail/CVE-2026-34446   the file is a hard link to one elsewhere
CVE-2026-34447  https://nvd.nist.gov/vuln/detail/CVE-2026-34447   the file is a symbolic link to one elsewhere

For a hard link there is nothing to see in the bytes: what is judged and digested is what the folder holds at
that moment, and a loader of ours reads no ONNX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safeload.core import Verdict
from safeload.pipeline import audit
from tests.forge.audits import audited
from tests.forge.onnx import attribute, external, graph, model, node
from tests.forge.protobuf import block

if TYPE_CHECKING:
    from pathlib import Path


def naming(location: str) -> bytes:
    """A model with one tensor at `location`."""
    return model(graph(node("Add"), initializers=(external("w", 4, location=location),)))


@pytest.mark.parametrize(
    "location",
    ["../../../../etc/passwd", "/etc/passwd", "a/../../secret", "..\\..\\secret", "C:\\secret", "c:secret",
     "./../secret", "weights/../../secret", "file:///etc/passwd", "*/_ORT_MEM_ADDR_/*"],
)  # fmt: skip
def test_locations(tmp_path: Path, location: str) -> None:
    """CVE-2022-25882, CVE-2024-27318, CVE-2025-51480: nobody can waive it."""
    assert "index.path-escape" in audited(tmp_path, naming(location), "model.onnx").rules


def test_a_location_in_a_subgraph(tmp_path: Path) -> None:
    """Where tensors of the main graph are checked, those of attributes are easily forgotten."""
    inner = attribute("t", block(5, external("w", 4, location="../secret")))
    body = attribute("body", block(6, graph(node("Constant", "", inner))))
    assert "index.path-escape" in audited(tmp_path, model(graph(node("Loop", "", body))), "m.onnx").rules


def test_a_location_in_a_function(tmp_path: Path) -> None:
    """Nor do functions hide one."""
    inner = attribute("t", block(5, external("w", 4, location="/etc/passwd")))
    function = block(1, "F") + block(10, "mine") + block(7, node("Constant", "", inner))
    assert "index.path-escape" in audited(tmp_path, model(None, block(25, function)), "m.onnx").rules


def test_a_symbolic_link(tmp_path: Path) -> None:
    """CVE-2026-34447: a link that leads out is denied, and what lies behind it is not read."""
    (tmp_path / "secret").write_bytes(bytes(range(240, 256)))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "w.data").symlink_to("../secret")
    assert "artifact.link-escape" in audited(folder, naming("w.data"), "model.onnx").rules


def test_a_hard_link(tmp_path: Path) -> None:
    """CVE-2026-34446: the bytes are judged as what they are, and the digest names them."""
    (tmp_path / "secret").write_bytes(b"cos\nsystem\n(S'x'\ntR.")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "w.data").hardlink_to(tmp_path / "secret")
    outcome = audited(folder, naming("w.data"), "model.onnx")
    assert "pickle.dangerous-global" in outcome.rules


def test_an_honest_model(tmp_path: Path) -> None:
    """Near miss: a plain name beside the model, with the file there, is allowed."""
    (tmp_path / "w.data").write_bytes(bytes(range(240, 256)))
    (tmp_path / "model.onnx").write_bytes(naming("w.data"))
    assert audit(tmp_path, policy="default").decision.verdict is Verdict.ALLOW
