"""(g) Files that ask for much: each against an honest file of its size and kind.

The process that builds the files is another one: the memory of a parent shows up in its children.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from benchmarks import fixtures
from benchmarks.bombs import BOMBS
from benchmarks.harness import Claim, safeload

MOST_MIB = 200_000_000 / (1 << 20)
MOST_TIMES = 10.0


def claims() -> list[Claim]:
    """Every bomb: CPU time against the honest twin, and memory against a bound."""
    found: list[Claim] = []
    for family, kinds in BOMBS.items():
        folder = fixtures.ROOT / "bombs" / family
        if folder.exists():
            shutil.rmtree(folder)
        subprocess.run([sys.executable, "-m", "benchmarks.bombs", str(folder), family, *kinds], check=True)
        for number, kind in enumerate(kinds):
            twin = folder / f"twin-{number}"
            twin = twin if twin.exists() else folder / "twin-full"
            found.append(
                Claim(
                    id=f"g{len(found) + 1}",
                    text=f"{family}: {kind}",
                    ours=safeload("audit", str(folder / str(number)), accept=(0, 1, 3)),
                    peer=safeload("audit", str(twin), accept=(0, 1, 3)),
                    peer_name="honest twin",
                    target=MOST_TIMES,
                    most_memory=MOST_MIB,
                    pairs=1,
                )
            )
    return found
