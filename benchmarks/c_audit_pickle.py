"""(c) Auditing torch archives. `--quick` reads what is interpreted; tensor data is NOT_READ (exit 3)."""

from __future__ import annotations

from benchmarks import fixtures
from benchmarks.harness import Claim, Program, beside_python, safeload


def claims() -> list[Claim]:
    """`safeload audit` against picklescan over the same files."""
    many, big = str(fixtures.path("many-tensors")), str(fixtures.path("big-bin"))
    return [
        Claim(
            id="c1",
            text="`audit` of 20,000 small tensors",
            ours=safeload("audit", many, accept=(0, 3)),
            peer=Program(argv=(beside_python("picklescan"), "--path", many)),
            peer_name="picklescan",
            target=0.5,
        ),
        Claim(
            id="c2",
            text="`audit --quick` of a 1.2 GB state dict",
            ours=safeload("audit", "--quick", big, accept=(3,)),
            peer=Program(argv=(beside_python("picklescan"), "--path", big)),
            peer_name="picklescan",
            target=1.5,
        ),
    ]
