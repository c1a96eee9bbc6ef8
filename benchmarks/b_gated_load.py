"""(b) Loading bert-base (110 M parameters): ours scans, digests with SHA-256 and decides on the way."""

from __future__ import annotations

from benchmarks import fixtures
from benchmarks.harness import Claim, script

SCRIPT = """
import sys
from {library} import AutoModel
model = AutoModel.from_pretrained(sys.argv[1])
assert sum(parameter.numel() for parameter in model.parameters()) > 109_000_000
"""


def claims() -> list[Claim]:
    """AutoModel against transformers, from both kinds of weights."""
    return [
        Claim(
            id=f"b{number}",
            text=f"`AutoModel`, bert-base, {kind}",
            ours=script(SCRIPT.format(library="safeload"), str(fixtures.path(name))),
            peer=script(SCRIPT.format(library="transformers"), str(fixtures.path(name))),
            peer_name="transformers",
            target=target,
        )
        for number, (kind, name, target) in enumerate(
            [("safetensors", "bert-safetensors", 0.46), ("pytorch_model.bin", "bert-bin", 0.50)], start=1
        )
    ]
