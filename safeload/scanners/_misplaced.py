"""Text, JSON, a picture or nothing at all, where the name of a file promises tensors or a configuration.

Such a file is honest text by its bytes, and no loader of that name can use it: a pointer that was spoiled,
a download that failed, a merge that was left unfinished. Of pictures, tables and the like nothing but the
frame is read here, so that behind it there may be anything, for a program that knows where to look.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Role
from safeload.formats.extensions import claimed_formats, extension_of
from safeload.formats.families import MEDIA, TABLES
from safeload.formats.layout import role_of
from safeload.scanners._json_keys import is_followed

if TYPE_CHECKING:
    from safeload.scanners import Subject

_TENSORS = frozenset(
    {
        "safetensors", "gguf", "h5", "hdf5", "onnx", "msgpack", "npz", "npy", "ckpt", "tflite", "keras",
        "pt2", "pth", "pkl", "pickle", "joblib",
    }
)  # fmt: skip
_PERHAPS = frozenset({"bin", "pt", "th", "dat"})
"""Extensions that text has, too: a vocabulary, or sentences in Portuguese."""
_MODEL = re.compile(
    r"(.*[_.-])?(model|adapter_model|weights?|optimizer|training_args|checkpoint|best|last|state_dict"
    r"|scheduler|rng_state(_\d+)?|scaler)([_.-].*)?\.(bin|pt|th|dat)\Z"
)
_UNREAD = MEDIA | TABLES | {"python"}


def misplaced(subject: Subject) -> str | None:
    """What should be there instead, as a reason; None where the name promises nothing else."""
    name = subject.base_name
    if subject.format in _UNREAD:
        extension = extension_of(name)
        promised = extension in _TENSORS | (_PERHAPS - {"dat"}) or _MODEL.match(name)
        if not promised or subject.format in claimed_formats(extension):
            return None
        return f"{subject.format} where a file of tensors should be"
    what = {"empty": "an empty file", "json": "a JSON document"}.get(subject.format, "text")
    role = Role.OTHER if subject.location.members else role_of(subject.location.artifact)
    if role is Role.WEIGHTS or extension_of(name) in _TENSORS or _MODEL.match(name):
        return f"{what} where a file of tensors should be"
    if subject.format == "json" or not name.endswith(".json"):
        return None
    if role in {Role.CONFIG, Role.INDEX, Role.TOKENIZER, Role.PROCESSOR, Role.GENERATION} or is_followed(
        name
    ):
        return f"{what} where a JSON document should be"
    return None
