"""The layout of a checkpoint folder: which file name plays which part.

Transcribed from the file names that huggingface_hub and transformers write (`SAFE_WEIGHTS_NAME`,
`WEIGHTS_NAME`, `CONFIG_NAME` and their variants). Names only: the content is identified by
`formats.identify`, and a name never makes a file more trusted.
"""

from __future__ import annotations

import re

from safeload.core import Role

CONFIG = "config.json"
SAFETENSORS = "model.safetensors"
SAFETENSORS_INDEX = "model.safetensors.index.json"
PICKLE = "pytorch_model.bin"
PICKLE_INDEX = "pytorch_model.bin.index.json"

_TOKENIZER_NAMES = frozenset(
    {
        "tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt",
        "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
        "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
    }
)  # fmt: skip
_WEIGHTS = re.compile(r"(model|pytorch_model)([.-][A-Za-z0-9_.-]+)?\.(safetensors|bin)\Z")
_INDEX = re.compile(r"(model\.safetensors|pytorch_model\.bin)\.index(\.[A-Za-z0-9_-]+)?\.json\Z")


def role_of(path: str) -> Role:
    """The part that a loader gives to a file of this name in the root of a snapshot."""
    if path == CONFIG:
        return Role.CONFIG
    if path in _TOKENIZER_NAMES:
        return Role.TOKENIZER
    if _INDEX.match(path):
        return Role.INDEX
    if _WEIGHTS.match(path):
        return Role.WEIGHTS
    return Role.OTHER
