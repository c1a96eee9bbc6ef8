"""Any bytes in the place of one member give an account of its archive: one line per member, bounded facts.

The invariant holds within the limits and under the seal. The archive around the member is always right, so
that mutation reaches what reads it: the first byte chooses the layout (Keras, skops, torch.export,
TorchScript, TorchServe), the rest is the member's content.
"""

from __future__ import annotations

import json
from collections import Counter

from safeload.core import Coverage, Location
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from safeload.scanners import ScanResult, Subject
from safeload.scanners._zip_archive import scan_archive
from tests.forge.archives import build, plain
from tests.forge.keras import dense, functional, node, sequential
from tests.forge.layouts import EMPTY_PICKLE, SCRIPT_PICKLE, entry, graph

LIMITS = replace(
    DEFAULT_LIMITS, json_bytes=1 << 15, json_depth=32, pickle_opcodes=1 << 14, inflated_bytes=1 << 18
)
MOST_FACTS = 1_000

LAYOUTS: tuple[tuple[str, dict[str, bytes]], ...] = (
    ("config.json", {"metadata.json": b"{}"}),
    ("schema.json", {"1.npy": b""}),
    ("m/models/model.json", {"m/archive_format": b"pt2"}),
    (
        "m/data/weights/x_weights_config.json",
        {"m/archive_format": b"pt2", "m/data/weights/weight_0": b"abcd"},
    ),
    ("m/data.pkl", {"m/constants.pkl": EMPTY_PICKLE, "m/data/0": bytes(24)}),
    ("MAR-INF/MANIFEST.json", {"handler.py": b"x = 1"}),
    ("m/code/a.py", {"m/constants.pkl": EMPTY_PICKLE}),
)
"""The member that is fuzzed, and what stands beside it."""


def seeds() -> list[bytes]:
    """Honest and hostile contents of each layout."""
    keras = sequential(
        dense(), functional(node("Lambda", {"module": "aGVsbG8="})), compile_config={"loss": "mse"}
    )
    manifest = {"model": {"handler": "handler.py", "modelFile": "m.py"}}
    schema = entry("DictNode", "builtins", "dict", content={"a": entry("FunctionNode", "os", "system")})
    weights = {"config": {"w": {"path_name": "weight_0", "use_pickle": False}}}
    contents = [keras, schema, None, weights, None, manifest, None]
    found = [json.dumps(content).encode() for content in contents]
    found[2] = graph({"target": "torch.hub.load"}, x={"expr_str": "Symbol('s0', positive=True) + exec(1)"})
    found[4] = SCRIPT_PICKLE
    found[6] = b"class M(Module):\n  pass\n"
    return [bytes([index]) + content for index, content in enumerate(found)]


def read(data: bytes) -> object:
    """The account of the archive around the content."""
    name, beside = LAYOUTS[data[0] % len(LAYOUTS)] if data else LAYOUTS[0]
    archive = build(
        [plain(name, data[1:]), *(plain(key, value) for key, value in beside.items())], zip64=False
    )
    return scan_archive(
        Subject(view=BytesView(archive), location=Location(artifact="a.zip"), format="zip"), LIMITS
    )


def check(data: bytes, result: object) -> None:
    """What has to hold of an account."""
    assert isinstance(result, ScanResult)
    name, beside = LAYOUTS[data[0] % len(LAYOUTS)] if data else LAYOUTS[0]
    lines = Counter([*(item.name for item in result.members), *(item.name for item in result.children)])
    assert {line: count for line, count in lines.items() if "!" not in line} == dict.fromkeys(
        [name, *beside], 1
    )
    assert len(result.facts) <= MOST_FACTS
    assert all(item.reason for item in result.members if item.coverage is not Coverage.SCANNED)


def deep(result: object) -> bool:
    """Whether the member was read for what its layout says that it is."""
    return (
        isinstance(result, ScanResult)
        and len(result.facts) > 0
        and not any(item.coverage is Coverage.MALFORMED for item in result.members)
    )
