"""The layout of a checkpoint folder: which file name plays which part.

Transcribed from the file names that huggingface_hub and transformers write (`SAFE_WEIGHTS_NAME`,
`WEIGHTS_NAME`, `CONFIG_NAME` and their variants). Names only: the content is identified by
`formats.identify`, and a name never makes a file more trusted.
"""

from __future__ import annotations

import re

from safeload.core import Role
from safeload.record import record

CONFIG = "config.json"
SAFETENSORS = "model.safetensors"
SAFETENSORS_INDEX = "model.safetensors.index.json"
PICKLE = "pytorch_model.bin"
PICKLE_INDEX = "pytorch_model.bin.index.json"
TENSORFLOW = "tf_model.h5"
FLAX = "flax_model.msgpack"
GENERATION = "generation_config.json"
"""How a model writes text."""
PREPROCESSOR = "preprocessor_config.json"
"""Of an image processor or a feature extractor."""
PROCESSOR = "processor_config.json"
"""Of a processor, with those of its parts inside in files of transformers 5."""

_TOKENIZER_NAMES = frozenset(
    {
        "tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt",
        "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
    }
)  # fmt: skip
"""What a tokenizer is made of here. A sentencepiece model beside them (`tokenizer.model`, `spiece.model`) is
read by nobody of ours: it is not handed out, so that not knowing it denies no tokenizer."""
TEMPLATE = "chat_template.jinja"
TEMPLATES = "additional_chat_templates"
"""The folder in which savers put the templates that are not the default one."""
_TEMPLATE = re.compile(TEMPLATES + r"/([^/\\:\x00-\x1f]{1,200})\.jinja\Z")
_PROCESSOR_NAMES = frozenset({PREPROCESSOR, PROCESSOR, "video_preprocessor_config.json"})
_WEIGHTS = re.compile(
    r"(model|pytorch_model)([.-][A-Za-z0-9_.-]+)?\.(safetensors|bin)\Z"
    r"|(tf_model(-\d+-of-\d+)?\.h5|flax_model(-\d+-of-\d+)?\.msgpack)\Z"
)
_INDEX = re.compile(
    r"(model\.safetensors|pytorch_model\.bin)\.index(\.[A-Za-z0-9_-]+)?\.json\Z"
    r"|(tf_model\.h5|flax_model\.msgpack)\.index\.json\Z"
)


def role_of(path: str) -> Role:
    """The part that a loader gives to a file of this name in the root of a snapshot."""
    if path == CONFIG:
        return Role.CONFIG
    if path == GENERATION:
        return Role.GENERATION
    if path in _TOKENIZER_NAMES or _TEMPLATE.match(path):
        return Role.TOKENIZER
    if path in _PROCESSOR_NAMES:
        return Role.PROCESSOR
    if _INDEX.match(path):
        return Role.INDEX
    if _WEIGHTS.match(path):
        return Role.WEIGHTS
    return Role.OTHER


def template_name(path: str) -> str | None:
    """The name of the chat template in a file of its own, or None for every other file."""
    if path == TEMPLATE:
        return "default"
    found = _TEMPLATE.match(path)
    return None if found is None else found[1]


@record
class WeightsChoice:
    """What the caller said about weight files."""

    variant: str | None = None
    """The middle part of `model.<variant>.safetensors`, or None for the plain names."""
    safetensors: bool | None = None
    """True: safetensors only. False: pickles only. None: safetensors preferred."""
    framework: str | None = None
    """`tf` or `flax`: the checkpoint of that framework. None: torch's, and theirs where it has none."""

    def candidates(self, prefer: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Names of a weight file or a shard index, the preferred one first.

        Args:
            prefer: formats in the order that a policy wants; what it leaves out comes behind them.
        """
        part = f".{self.variant}" if self.variant else ""
        tensors = (f"model{part}.safetensors", f"model.safetensors.index{part}.json")
        pickles = (f"pytorch_model{part}.bin", f"pytorch_model.bin.index{part}.json")
        others = {name: (file, f"{file}.index.json") for name, file in (("tf", TENSORFLOW), ("flax", FLAX))}
        if self.framework is not None:
            return others[self.framework]
        if self.safetensors is not None:
            return tensors if self.safetensors else pickles
        groups = [(("safetensors",), tensors), (("zip", "torch-legacy"), pickles)]
        if not part:
            groups += [(("hdf5",), others["tf"]), (("msgpack",), others["flax"])]
        last = len(prefer)
        rank = {name: place for place, name in enumerate(prefer)}
        groups.sort(key=lambda group: min(rank.get(name, last) for name in group[0]))
        return tuple(name for _, names in groups for name in names)
