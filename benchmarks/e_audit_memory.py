"""(e) Peak memory of the audits, however large the files are."""

from __future__ import annotations

from benchmarks import fixtures
from benchmarks.harness import Claim, safeload

MOST_MIB = 150_000_000 / (1 << 20)


def claims() -> list[Claim]:
    """An absolute bound: 150 MB."""
    subjects = [
        ("20,000 small tensors", ["many-tensors"]),
        ("a 1.2 GB state dict", ["big-bin"]),
        ("a 1.2 GB state dict, `--quick`", ["big-bin", "--quick"]),
        ("1.2 GB in four shards", ["shards"]),
        ("bert-base, safetensors", ["bert-safetensors"]),
    ]
    return [
        Claim(
            id=f"e{number}",
            text=f"peak memory, `audit` of {text}",
            ours=safeload("audit", *options, str(fixtures.path(name)), accept=(0, 3)),
            peer=None,
            peer_name="",
            target=MOST_MIB,
        )
        for number, (text, (name, *options)) in enumerate(subjects, start=1)
    ]
