"""(f) A tokenizer from a repository of 1.2 GB: weights are judged by their headers, not read."""

from __future__ import annotations

from benchmarks import fixtures
from benchmarks.a_tokenizer import SCRIPT
from benchmarks.harness import Claim, script


def claims() -> list[Claim]:
    """The same script over the big repository and a small one."""
    source = SCRIPT.format(library="safeload")
    return [
        Claim(
            id="f",
            text="`AutoTokenizer`, 1.2 GB repository against a small one",
            ours=script(source, str(fixtures.path("tokenizer-big"))),
            peer=script(source, str(fixtures.path("tokenizer-small"))),
            peer_name="small",
            target=1.10,
        )
    ]
