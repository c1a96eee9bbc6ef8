"""(d) The full audit of 1.2 GB in four shards: parsed, digested and decided, against digests alone."""

from __future__ import annotations

from benchmarks import fixtures
from benchmarks.harness import Claim, Program, safeload


def claims() -> list[Claim]:
    """`safeload audit` against `openssl dgst -sha256` over the same files."""
    folder = fixtures.path("shards")
    files = sorted(str(file) for file in folder.iterdir())
    return [
        Claim(
            id="d",
            text="`audit` of 1.2 GB, digests included",
            ours=safeload("audit", str(folder), accept=(0, 3)),
            peer=Program(argv=("openssl", "dgst", "-sha256", *files)),
            peer_name="openssl",
            target=1.15,
        )
    ]
