"""Any JSON document gives facts of known kinds, each at a key; what is hostile on its own stays so inside.

Mutations change the text, so most of them are documents still: what the parser takes is searched, and a key
that runs something is stated however deep it was put.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from safeload.core import Fact, Location
from safeload.errors import FormatError
from safeload.formats.json_strict import parse_json
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from safeload.scanners import FACT_KINDS
from safeload.scanners._json_keys import behaviour_facts

if TYPE_CHECKING:
    from safeload.core import Json

LIMITS = replace(DEFAULT_LIMITS, json_bytes=1 << 16, json_items=20_000)
PLACE = Location(artifact="config.json")
DOCUMENTS = (
    {"model_type": "x", "auto_map": {"AutoModel": "a.B"}, "trust_remote_code": True, "vocab_file": "../x"},
    {"peft_type": "LORA", "base_model_name_or_path": "a/b", "auto_mapping": {"parent_library": "os"}},
    {"quantization_config": {"quant_method": "gptq", "bits": 4}, "backbone": "hf-hub:a/b", "x": [[{"y": 1}]]},
    {"_target_": "torch.optim.Adam", "target": "os.system", "params": {}, "py/reduce": [], "_partial_": True},
    {"structure": {}, "types": {"a": "os.system"}, "tesseract_config": "--psm 6", "ocr_lang": "eng+x"},
    [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}],
    {"attn_implementation": {"a": "sdpa", "b": "x/y"}, "compile_config": {"backend": "z"}, "a_dir": "C:\\x"},
)


def seeds() -> list[bytes]:
    """Documents with a key of each table."""
    return [json.dumps(document).encode() for document in DOCUMENTS]


def read(data: bytes) -> object:
    """The facts, for a loader's document and for one of a training run.

    Bytes that are no JSON choose keys and values of the seeds, each byte one of them.
    """
    try:
        value = parse_json(data, LIMITS, finite=False)
    except FormatError:
        value = _chosen(data[:64])
    return value, tuple(behaviour_facts(value, PLACE)), tuple(behaviour_facts(value, PLACE, followed=False))


def _chosen(data: bytes) -> Json:
    """A document put together of parts of the seeds."""
    root: dict[str, Json] = {}
    here: dict[str, Json] = root
    for number, byte in enumerate(data):
        document = DOCUMENTS[byte % len(DOCUMENTS)]
        parts = list((document if isinstance(document, dict) else document[0]).items())
        key, value = parts[(byte >> 3) % len(parts)]
        if byte > 0xF0:
            inner: dict[str, Json] = {}
            here[f"k{number}"] = [inner]
            here = inner
        else:
            here[key] = parts[number % len(parts)][1] if byte & 0x80 else value
    return root


def check(_data: bytes, result: object) -> None:
    """Facts are of known kinds, and what is not followed has no fact that denies beyond what is."""
    assert isinstance(result, tuple)
    value, followed, other = result
    denying = {fact.location.key for fact in followed if fact.kind != "config.reference"}
    for fact in (*followed, *other):
        assert isinstance(fact, Fact)
        assert fact.kind in FACT_KINDS
    assert {fact.location.key for fact in other if fact.kind != "config.reference"} <= denying
    inside = [fact.kind for fact in behaviour_facts({"a": [value]}, PLACE)]
    for kind in {fact.kind for fact in followed}:
        assert kind in inside


def deep(result: object) -> bool:
    """Whether a key of the tables was found in it."""
    return isinstance(result, tuple) and bool(result[1])
