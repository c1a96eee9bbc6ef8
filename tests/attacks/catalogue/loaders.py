"""Weaknesses of loaders that data alone reaches: tensors, tables, models of other frameworks, templates."""

from __future__ import annotations

import json
import struct
from typing import Any

from tests.attacks.catalogue import Row
from tests.forge import gguf
from tests.forge.archives import build, plain, torch_zip
from tests.forge.hdf5 import keras_weights, written
from tests.forge.pickle_assembler import HOOKS, STORAGE, assemble, tensor
from tests.forge.safetensors import forge
from tests.forge.safetensors import tensor as entry


def _state(body: bytes) -> bytes:
    return assemble("PROTO", 2, "EMPTY_DICT", "BINUNICODE", "w", body, "SETITEM", "STOP")


def _torch(body: bytes, data: bytes = bytes(24)) -> dict[str, bytes]:
    return {"pytorch_model.bin": torch_zip(_state(body), {"0": data})}


def _keras(layer: dict[str, Any], **more: Any) -> dict[str, bytes]:
    """One layer in both of Keras' formats."""
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}, **more}
    zipped = build(
        [
            plain("metadata.json", b'{"keras_version": "3.8.0", "date_saved": "2025-01-01@00:00:00"}'),
            plain("config.json", json.dumps({"module": "keras", "registered_name": None, **config}).encode()),
            plain("model.weights.h5", keras_weights()),
        ]
    )
    in_h5 = written(lambda file: file.attrs.__setitem__("model_config", json.dumps(config).encode()))
    return {"model.keras": zipped, "model.h5": in_h5}


def _function(module: str, name: str) -> dict[str, Any]:
    return {"class_name": "function", "module": module, "config": name, "registered_name": name}


_LAMBDA = {
    "class_name": "Lambda",
    "module": "keras.layers",
    "registered_name": None,
    "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}}},
}


def _layer(name: str, module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    return {"class_name": name, "module": module, "registered_name": None, "config": config}


def _onnx(location: str) -> bytes:
    """A model whose one tensor lies in another file."""

    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    place = field(13, field(1, b"location") + field(2, location.encode()))
    initializer = b"\x08\x02\x10\x01" + field(8, b"w") + place + b"\x70\x01"
    graph = field(2, b"g") + field(5, initializer)
    return b"\x08\x08" + field(2, b"test") + field(7, graph) + field(8, b"\x10\x11")


def _template(text: str) -> dict[str, bytes]:
    return {
        "tokenizer_config.json": json.dumps({"chat_template": text}).encode(),
        "chat_template.jinja": text.encode(),
    }


_HUGE = (1 << 62).to_bytes(8, "little")

ROWS = [
    Row(
        "CVE-2026-24747 GHSA-63cw-57p8-fm3p",
        "SETITEM on something that is no dict",
        "pickle.uncontracted-call",
        _torch(tensor() + assemble("BINUNICODE", "a", "NONE", "SETITEM")),
    ),
    Row(
        "CVE-2026-24747 GHSA-63cw-57p8-fm3p",
        "a storage with fewer bytes than its elements take",
        "artifact.malformed",
        _torch(tensor(), bytes(8)),
    ),
    Row(
        "strides",
        "a view that leaves its storage",
        "pickle.uncontracted-call",
        _torch(tensor(stride=1 << 40)),
    ),
    Row(
        "pytorch-184652",
        "a quantised tensor whose stride leaves its storage",
        "pickle.uncontracted-call",
        _torch(
            assemble(
                "GLOBAL",
                ("torch._utils", "_rebuild_qtensor"),
                "MARK",
                STORAGE,
                "BININT1",
                0,
                "BININT1",
                6,
                "TUPLE1",
                "BININT",
                1 << 20,
                "TUPLE1",
                "MARK",
                "GLOBAL",
                ("torch", "per_tensor_affine"),
                "BINFLOAT",
                1.0,
                "BININT1",
                0,
                "TUPLE",
                "NEWFALSE",
                HOOKS,
                "TUPLE",
                "REDUCE",
            )
        ),
    ),
    Row(
        "set_obj_state",
        "attributes of a tensor under names from the file",
        "pickle.uncontracted-call",
        _torch(
            assemble(
                "GLOBAL",
                ("torch._tensor", "_rebuild_from_type_v2"),
                "MARK",
                "GLOBAL",
                ("torch._utils", "_rebuild_tensor_v2"),
                "GLOBAL",
                ("torch", "Tensor"),
                "NONE",
                "EMPTY_DICT",
                "SHORT_BINSTRING",
                b"__class__",
                "GLOBAL",
                ("torch", "Tensor"),
                "SETITEM",
                "TUPLE",
                "REDUCE",
            )
        ),
    ),
    Row(
        "CVE-2026-4538",
        "a .pt2 archive with a pickle and a library",
        "code.native-binary",
        {
            "model.pt2": build(
                [
                    plain("m/archive_format", b"pt2"),
                    plain("m/archive_version", b"0"),
                    plain("m/data/aotinductor/model/a.so", b"\x7fELF" + bytes(60)),
                ]
            )
        },
    ),
    Row(
        "CVE-2026-1839",
        "the state of the random generators as a payload",
        "pickle.dangerous-global",
        {
            "rng_state.pth": assemble(
                "PROTO", 2, "GLOBAL", ("os", "system"), "BINUNICODE", "echo", "TUPLE1", "REDUCE", "STOP"
            )
        },
    ),
    Row(
        "CVE-2024-3660 CVE-2025-9905",
        "a Lambda layer with marshalled code",
        "config.instantiates-callable",
        lambda: _keras(_LAMBDA),
    ),
    Row(
        "CVE-2025-1550",
        "a function of any module as a part of a layer",
        "config.instantiates-callable",
        lambda: _keras(_layer("Dense", activation=_function("subprocess", "run"))),
    ),
    Row(
        "CVE-2025-8747 CVE-2025-12060",
        "keras.utils.get_file as a function of the model",
        "config.instantiates-callable",
        lambda: _keras(_layer("Dense", activation=_function("keras.utils", "get_file"))),
    ),
    Row(
        "CVE-2025-9906",
        "the configuration switches safe mode off",
        "config.instantiates-callable",
        lambda: _keras(
            {
                "class_name": "function",
                "module": "keras.config",
                "registered_name": None,
                "config": "enable_unsafe_deserialization",
            }
        ),
    ),
    Row(
        "CVE-2025-12058",
        "a vocabulary that is read from a path",
        "config.redirect",
        lambda: _keras(_layer("StringLookup", vocabulary="/etc/passwd")),
    ),
    Row(
        "CVE-2025-49655",
        "a layer that wraps a torch module, pickled",
        "config.instantiates-callable",
        lambda: _keras(_layer("TorchModuleWrapper", module="gASVAAAA")),
    ),
    Row(
        "CVE-2026-1462",
        "TFSMLayer loads a SavedModel from a path",
        "config.instantiates-callable",
        lambda: _keras(_layer("TFSMLayer", filepath="/tmp/evil")),
    ),
    Row(
        "CVE-2026-1669",
        "weights that lie in another file",
        "config.redirect",
        lambda: {
            "model.weights.h5": written(
                lambda file: file.create_dataset("a", (4,), "u1", external="/etc/passwd")
            )
        },
    ),
    *(
        Row(
            "CVE-2022-25882 CVE-2024-27318 CVE-2025-51480",
            f"ONNX tensor data at {location}",
            "index.path-escape",
            {"model.onnx": _onnx(location)},
        )
        for location in ("../secret", "/etc/passwd", "a/../../secret", "C:\\secret", "..\\secret")
    ),
    *(
        Row(
            "CVE-2024-25664 CVE-2025-53630 CVE-2026-27940 CVE-2026-7482",
            f"GGUF: {what}",
            rule,
            {"model.gguf": data},
        )
        for what, rule, data in (
            ("a count of tensors beyond the file", "limits.exceeded", b"GGUF\x03\0\0\0" + _HUGE + bytes(8)),
            (
                "a string longer than the file",
                "artifact.malformed",
                b"GGUF\x03\0\0\0" + bytes(8) + b"\x01" + bytes(7) + _HUGE,
            ),
            (
                "a tensor behind the end",
                "artifact.malformed",
                gguf.forge(infos=(gguf.info("w", [4], 0, 1 << 40),), data=bytes(32)),
            ),
        )
    ),
    *(
        Row("safetensors-header", what, "artifact.malformed", {"model.safetensors": data})
        for what, data in (
            ("tensors that overlap", forge({"a": entry(0, 8, [8]), "b": entry(4, 12, [8])}, bytes(12))),
            ("bytes that belong to no tensor", forge({"a": entry(0, 8, [8])}, bytes(12))),
            (
                "one name twice",
                forge(
                    b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
                    b'"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
                    bytes(1),
                ),
            ),
            ("a shape without its data", forge({"a": entry(0, 1, [1 << 40])}, bytes(1))),
        )
    ),
    Row(
        "safetensors-header",
        "a header longer than the budget",
        "limits.exceeded",
        {"model.safetensors": struct.pack("<Q", 1 << 31) + b"{" + b" " * 64},
    ),
    *(
        Row(identifier, what, "template.unsafe", _template(text))
        for identifier, what, text in (
            (
                "CVE-2024-34359 CVE-2026-5760",
                "a chat template that walks to os",
                "{{ ''.__class__.__mro__[1].__subclasses__() }}",
            ),
            (
                "CVE-2019-10906 CVE-2016-10745",
                "a chat template that formats its way out",
                "{{ '{0.__class__.__init__.__globals__}'.format(messages) }}",
            ),
            ("CVE-2025-27516", "a chat template with the attr filter", "{{ messages | attr('__class__') }}"),
            (
                "CVE-2024-56326",
                "a chat template that stores a method of str",
                "{% set f = '{0.__class__}'.format %}{{ f(messages) }}",
            ),
            ("template-include", "a chat template that includes a file", "{% include '/etc/passwd' %}"),
        )
    ),
]
