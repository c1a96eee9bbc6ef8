"""Repositories as a whole: configurations, indexes, tokenizers, code and names."""

from __future__ import annotations

import json
from typing import Any

from tests.attacks.catalogue import Row
from tests.forge.pickle_assembler import call
from tests.forge.safetensors import two_tensors


def _json(name: str, value: Any, **more: bytes) -> dict[str, bytes]:
    return {name: json.dumps(value).encode(), **more}


def _config(**fields: Any) -> dict[str, bytes]:
    return _json("config.json", {"model_type": "bert", **fields})


def _index(**names: str) -> dict[str, bytes]:
    index = {"metadata": {"total_size": 1}, "weight_map": names}
    return {"model.safetensors.index.json": json.dumps(index).encode(), "a.safetensors": two_tensors()}


_POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)

ROWS = [
    Row(
        "auto_map",
        "a configuration that names code of the repository",
        "config.remote-code",
        _config(auto_map={"AutoModel": "modeling_x.X"})
        | {"modeling_x.py": b"import os\nos.system('echo')\n"},
    ),
    Row(
        "CVE-2026-4372",
        "an attention implementation from another repository",
        "config.redirect",
        _config(_attn_implementation_internal="attacker/kernel"),
    ),
    Row(
        "CVE-2026-4372",
        "the same under its public name, nested",
        "config.redirect",
        _config(text_config={"attn_implementation": "attacker/kernel:fn"}),
    ),
    Row(
        "CVE-2026-5241",
        "trust_remote_code inside a nested configuration",
        "config.remote-code",
        _config(keypoint_detector_config={"trust_remote_code": True, "model_type": "x"}),
    ),
    Row(
        "CVE-2025-66448 CVE-2026-22807 CVE-2026-27893",
        "auto_map in a nested configuration",
        "config.remote-code",
        _config(vision_config={"auto_map": {"AutoConfig": "attacker/repo--configuration.C"}}),
    ),
    Row(
        "sentence-transformers-3801 sentence-transformers-3683",
        "modules.json imports any dotted path",
        "config.instantiates-callable",
        _json("modules.json", [{"idx": 0, "name": "0", "path": "", "type": "os.system"}]),
    ),
    Row(
        "sentence-transformers-3801",
        "an activation function by its dotted path",
        "config.instantiates-callable",
        _json(
            "2_Dense/config.json", {"in_features": 2, "out_features": 2, "activation_function": "os.system"}
        ),
    ),
    *(
        Row(
            "transformers-47176 transformers-46097 accelerate-4067",
            f"a shard called {name}",
            "index.path-escape",
            _index(a="a.safetensors", b=name),
        )
        for name in ("../secret.safetensors", "/etc/passwd", "a/../../x.safetensors", "..\\x.safetensors")
    ),
    Row(
        "CVE-2026-9856",
        "a tokenizer file with an absolute path",
        "config.redirect",
        _json("tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "vocab_file": "/etc/passwd"}),
    ),
    Row(
        "CVE-2026-57845",
        "a pickle in the data of a repository",
        "pickle.dangerous-global",
        {"data/train.pkl": call("os", "system", "echo")},
    ),
    Row(
        "CVE-2025-23304 CVE-2026-22584",
        "_target_ names what to call",
        "config.instantiates-callable",
        _json("model_config.json", {"model": {"_target_": "os.system", "command": "echo"}}),
    ),
    Row(
        "CVE-2025-23304",
        "_target_ in YAML",
        "config.instantiates-callable",
        {"config.yaml": b"model:\n  _target_: os.system\n  command: echo\n"},
    ),
    Row(
        "yaml-tags",
        "a YAML tag that calls",
        "config.instantiates-callable",
        {"config.yaml": b"a: !!python/object/apply:os.system [echo]\n"},
    ),
    Row(
        "modelscope-1405",
        "plugins and allow_remote of a configuration",
        "config.remote-code",
        _json("configuration.json", {"task": "x", "plugins": ["attacker/plugin"], "allow_remote": True}),
    ),
    Row(
        "custom-generate",
        "generation code of another repository",
        "config.remote-code",
        _json("generation_config.json", {"custom_generate": "attacker/repo"}),
    ),
    Row(
        "pointer",
        "a pointer left in place of the weights",
        "artifact.unrecognised",
        _config() | {"model.safetensors": _POINTER},
    ),
    Row(
        "partial-repository",
        "a shard that is not there",
        "index.incomplete",
        _index(a="a.safetensors", b="b.safetensors"),
    ),
    Row(
        "name-collision",
        "two names that differ in case",
        "artifact.name-collision",
        {"config.json": b"{}", "Config.json": b"{}"},
    ),
    Row(
        "name-collision",
        "two names that differ in Unicode form",
        "artifact.name-collision",
        {"\u00e9.json": b"{}", "e\u0301.json": b"{}"},
    ),
    Row(
        "native-binary",
        "a program beside the weights",
        "code.native-binary",
        {"run": b"\x7fELF\x02\x01\x01" + bytes(57)},
    ),
]
