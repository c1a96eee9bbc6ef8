"""(k) What starting costs: the help page, and the audit of one small checkpoint that was read before."""

from __future__ import annotations

from benchmarks import fixtures
from benchmarks.harness import Claim, Program, beside_python, safeload


def claims() -> list[Claim]:
    """Against picklescan's help page, and its scan of the same folder."""
    small = str(min(path for path in fixtures.path("small-files").iterdir() if path.is_dir()))
    scan = beside_python("picklescan")
    return [
        Claim(
            id="k1",
            text="`safeload --help`",
            ours=safeload("--help"),
            peer=Program(argv=(scan, "--help")),
            peer_name="picklescan",
            target=1.3,
        ),
        Claim(
            id="k2",
            text="`audit` of one small checkpoint",
            ours=safeload("audit", small),
            peer=Program(argv=(scan, "--path", small)),
            peer_name="picklescan",
            target=1.3,
        ),
    ]
