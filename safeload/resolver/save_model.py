"""What `save_pretrained` of a model writes, which others can load.

config.json, model.safetensors, and for a model that writes text generation_config.json.

Guarantees: the names are those of the published files, tied parameters stand once, and the files are
written whole or not at all. Pickles are never written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.layout import CONFIG, GENERATION, SAFETENSORS
from safeload.resolver.save import write_files

if TYPE_CHECKING:
    import os

    from safeload.architectures.base.model import Model


def save_model(model: Model, directory: str | os.PathLike[str]) -> tuple[str, ...]:
    """Write a model into `directory`, and return the paths written.

    Raises:
        UsageError: the folder cannot be written.
    """
    from safetensors.torch import save

    from safeload.architectures.base.generate import Generator

    kept = {
        name: value
        for name, value in model.state_dict().items()
        # a tied parameter is read back from the one it is tied to
        if name not in model.tied or model.get_parameter(name) is not model.get_parameter(model.tied[name])
    }
    tensors = {name: value.detach().cpu().contiguous() for name, value in kept.items()}
    fields = model.config
    fields.architectures = [type(model).__name__]
    fields.dtype = model.dtype
    files = {
        CONFIG: fields.to_json_string().encode(),
        SAFETENSORS: save(tensors, metadata={"format": "pt"}),
    }
    if isinstance(model, Generator):
        files[GENERATION] = model.generation_config.to_json_string().encode()
    return write_files(directory, files)
