"""Archives of other layouts, as their writers lay them out: TorchScript, torch.export, skops, TorchServe."""

from __future__ import annotations

import json
from typing import Any

from tests.forge.archives import ONE_TENSOR, SERIALIZATION_ID, TWO_FLOATS, Part, build, plain, torch_zip
from tests.forge.pickle_assembler import assemble, tensor

SOURCE = (
    b"class M(Module):\n  __parameters__ = []\n"
    b"  def forward(self: __torch__.M,\n    x: Tensor) -> Tensor:\n    return x\n"
)
SCRIPT_PICKLE = assemble(
    "PROTO", 2, "GLOBAL", ("__torch__", "M"), "EMPTY_TUPLE", "NEWOBJ", "EMPTY_DICT", "MARK",
    "BINUNICODE", "w", tensor(), "BINUNICODE", "names",
    "GLOBAL", ("torch.jit._pickle", "restore_type_tag"), "EMPTY_LIST", "BINUNICODE", "List[str]",
    "TUPLE2", "REDUCE", "SETITEMS", "BUILD", "STOP",
)  # fmt: skip
"""A module of the program's own class with one tensor of six float32 and a typed list."""
EMPTY_PICKLE = assemble("PROTO", 2, "EMPTY_TUPLE", "STOP")


def torchscript(
    *, pickle: bytes = SCRIPT_PICKLE, more: dict[str, bytes] | None = None, without: tuple[str, ...] = ()
) -> bytes:
    """A program as torch.jit.save of torch 2.13 writes it. Sources and their tables are deflated there."""
    members = {
        "data/0": bytes(24), "data.pkl": pickle, "code/__torch__.py": SOURCE,
        "code/__torch__.py.debug_pkl": EMPTY_PICKLE, "constants.pkl": EMPTY_PICKLE, "version": b"3\n",
        "byteorder": b"little", ".data/serialization_id": SERIALIZATION_ID, **(more or {}),
    }  # fmt: skip
    return build(
        [
            Part(f"m/{name}".encode(), data, method=8 if name.startswith("code/") else 0)
            for name, data in members.items()
            if name not in without
        ]
    )


def graph(*nodes: dict[str, Any], **more: Any) -> bytes:
    """A program of torch.export as JSON, with one call and one symbolic size."""
    call = {"target": "torch.ops.aten.linear.default", "inputs": [], "outputs": [], "metadata": {}}
    sizes = [{"as_expr": {"expr_str": "s0 + 2*Max(1, s1)", "hint": {"as_int": 4}}}, {"as_int": 3}]
    tensors = {"x": {"dtype": 7, "sizes": sizes, "device": {"type": "cpu", "index": None}}}
    return json.dumps(
        {"graph_module": {"graph": {"nodes": [call, *nodes], "tensor_values": tensors}}, **more}
    ).encode()


def pt2(more: dict[str, bytes] | None = None, *, program: bytes | None = None) -> bytes:
    """An archive as torch.export.save of torch 2.13 writes it."""
    meta = {"path_name": "weight_0", "is_param": True, "use_pickle": False, "tensor_meta": {"dtype": 7}}
    members = {
        "data/weights/weight_0": b"\x80\x02N." + TWO_FLOATS,
        "data/weights/model_weights_config.json": json.dumps({"config": {"w": meta}}).encode(),
        "data/constants/model_constants_config.json": b'{"config": {}}',
        "models/model.json": program or graph(),
        "data/sample_inputs/model.pt": torch_zip(ONE_TENSOR, {"0": TWO_FLOATS}),
        "archive_format": b"pt2", "archive_version": b"0", ".data/version": b"6\n", "byteorder": b"little",
        ".data/serialization_id": SERIALIZATION_ID, **(more or {}),
    }  # fmt: skip
    return build([Part(f"real/{name}".encode(), data) for name, data in members.items()])


def entry(loader: str, module: str, name: str, **more: Any) -> dict[str, Any]:
    """A node of a skops schema."""
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1, **more}


def skops(*nodes: dict[str, Any], more: dict[str, bytes] | None = None) -> bytes:
    """An estimator with the given attributes, as skops 0.16 writes it."""
    content = {
        "C": entry("JsonNode", "builtins", "str", content="1.0", is_json=True),
        "coef_": entry("NdArrayNode", "numpy", "ndarray", type="numpy", file="1.npy"),
        **{f"extra{index}": node for index, node in enumerate(nodes)},
    }
    keys = entry("ListNode", "builtins", "list", content=[entry("TypeNode", "builtins", "str")])
    state = entry("DictNode", "builtins", "dict", content=content, key_types=keys)
    schema = entry(
        "ObjectNode", "sklearn.linear_model._logistic", "LogisticRegression", content=state, protocol=2,
        _skops_version="0.16.0",
    )  # fmt: skip
    members = {"schema.json": json.dumps(schema).encode(), **(more or {})}
    return build([plain(name, data) for name, data in members.items()], zip64=False)


def servable(handler: str, more: dict[str, bytes] | None = None, **named: str) -> bytes:
    """An archive for TorchServe, with a checkpoint in it. `named` are further fields of its manifest."""
    model = {"modelName": "m", "serializedFile": "model.pt", "handler": handler, **named}
    manifest = {"model": model, "archiverVersion": "0.12.0"}
    members = {
        "MAR-INF/MANIFEST.json": json.dumps(manifest).encode(),
        "model.pt": torch_zip(ONE_TENSOR, {"0": TWO_FLOATS}),
        **(more or {}),
    }
    return build([plain(name, data) for name, data in members.items()], zip64=False)
