"""(a) A script that loads a tokenizer and uses it once: ours judges every file of the folder first."""

from __future__ import annotations

from benchmarks import fixtures
from benchmarks.harness import Claim, script

SCRIPT = """
import sys
from {library} import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
assert tokenizer("In a hole in the ground there lived a hobbit.")["input_ids"]
"""


def claims() -> list[Claim]:
    """AutoTokenizer against transformers."""
    folder = str(fixtures.path("tokenizer-small"))
    return [
        Claim(
            id="a",
            text="`AutoTokenizer` script",
            ours=script(SCRIPT.format(library="safeload"), folder),
            peer=script(SCRIPT.format(library="transformers"), folder),
            peer_name="transformers",
            target=0.06,
        )
    ]
