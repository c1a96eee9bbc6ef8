"""The tokenizer files of a tiny CLIP, and its processor as the reference builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import transformers
from tokenizers.pre_tokenizers import ByteLevel

if TYPE_CHECKING:
    from pathlib import Path

MERGES = [("c", "a"), ("ca", "t</w>"), ("d", "o"), ("do", "g</w>"), ("p", "h"), ("ph", "o")]


def processor(folder: Path, **settings: Any) -> Any:
    """The folder gets the files of a processor, and the reference's object is returned."""
    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(pair) for pair in MERGES)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    tokenizer = transformers.CLIPTokenizer(
        vocab={word: number for number, word in enumerate(words)}, merges=MERGES, model_max_length=77
    )
    made = transformers.CLIPProcessor(transformers.CLIPImageProcessorPil(**settings), tokenizer)
    made.save_pretrained(folder)
    return made
