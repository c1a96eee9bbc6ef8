"""(h) The pickle machine against a loop that only lists opcodes, and a repository of 300 small files."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks import fixtures
from benchmarks.harness import Claim, Program, safeload, script

MODELSCAN = os.environ.get("MODELSCAN", str(Path(__file__).parent.parent / ".venv-modelscan/bin/modelscan"))
"""In an environment of its own: it pins old versions of what ours needs."""

READ = """
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    (name,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    data = archive.read(name)
"""
OURS = """
from safeload.formats.pickle_machine import run_pickle
from safeload.limits import DEFAULT_LIMITS
for _ in range(3):
    trace = run_pickle(data, DEFAULT_LIMITS, persistent=sys.argv[2])
    assert trace.opcodes > 500_000, trace.error
"""
THEIRS = """
import pickletools
for _ in range(3):
    count = 0
    for _ in pickletools.genops(data):
        count += 1
    assert count > 500_000
"""
PLAIN = """
import pickle, sys
rows = [{"step": n, "loss": n / 7, "tags": ("a", None), "name": f"row {n}"} for n in range(40_000)]
data = pickle.dumps(rows, 4)
"""


def claims() -> list[Claim]:
    """Opcode rates over the same streams, and whole audits of the same files.

    Of plain values ours builds every one and measures what they expand to, which a listing does not.
    """
    archive = str(fixtures.path("many-tensors") / "pytorch_model.bin")
    folder = str(fixtures.path("small-files"))
    return [
        Claim(
            id="h1",
            text="pickle machine, state dict of 20,000 tensors, three times",
            ours=script(READ + OURS, archive, "torch"),
            peer=script(READ + THEIRS, archive),
            peer_name="genops",
            target=1.0,
        ),
        Claim(
            id="h2",
            text="pickle machine, 40,000 rows of plain values, three times",
            ours=script(PLAIN + OURS, "", "none"),
            peer=script(PLAIN + THEIRS),
            peer_name="genops",
            target=1.5,
        ),
        Claim(
            id="h3",
            text="`audit` of 300 small files",
            ours=safeload("audit", folder, accept=(0, 3)),
            peer=Program(argv=(MODELSCAN, "-p", folder), accept=(0, 1, 3)),
            peer_name="modelscan",
            target=1.0,
        ),
    ]
