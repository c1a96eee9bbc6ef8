"""Prints the table of the README: `make bench`, or `python -m benchmarks.run --only a c --pairs 7`.

Ends with 1 where a claim was missed. Writes fixtures to .bench/ and nothing else, unless `--output`
names a file.
"""

from __future__ import annotations

import argparse
import platform
import sys
from pathlib import Path

from benchmarks import (
    a_tokenizer,
    b_gated_load,
    c_audit_pickle,
    d_audit_digests,
    e_audit_memory,
    f_tokenizer_big,
    g_bombs,
    h_speed,
    i_provenance,
    j_policy,
    k_start,
)
from benchmarks.harness import HEADER, compare, row

FILES = {
    "a": a_tokenizer,
    "b": b_gated_load,
    "c": c_audit_pickle,
    "d": d_audit_digests,
    "e": e_audit_memory,
    "f": f_tokenizer_big,
    "g": g_bombs,
    "h": h_speed,
    "i": i_provenance,
    "j": j_policy,
    "k": k_start,
}
PAIRS = 5


def main() -> int:
    """Run the chosen claims."""
    parser = argparse.ArgumentParser(description="compare safeload with its peers")
    parser.add_argument("--only", nargs="+", choices=FILES, default=list(FILES), help="claims to run")
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"pairs per claim, {PAIRS} by default")
    parser.add_argument("--output", type=Path, help="also write the table to this file")
    options = parser.parse_args()
    lines = [HEADER]
    print(f"Python {platform.python_version()}, {platform.machine()}, {options.pairs} pairs, medians\n")
    print(HEADER, flush=True)
    missed = 0
    for name in options.only:
        for claim in FILES[name].claims():
            outcome = compare(claim, options.pairs)
            missed += not outcome.kept
            lines.append(row(outcome))
            print(lines[-1], flush=True)
    if options.output is not None:
        options.output.write_text("\n".join(lines) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
