"""Keras models in zip archives: every published way in which such a file did more than hold data.

Each case is denied, by the rule that names the reason, at the place that it stands. Identifiers:

- https://nvd.nist.gov/vuln/detail/CVE-2024-3660 (Lambda layers)
- https://nvd.nist.gov/vuln/detail/CVE-2025-1550 (any importable function as a class or function)
- https://nvd.nist.gov/vuln/detail/CVE-2025-8747 (`keras.utils.get_file` and other helpers)
- https://nvd.nist.gov/vuln/detail/CVE-2025-9905 (the HDF5 loader has no safe mode)
- https://nvd.nist.gov/vuln/detail/CVE-2025-9906 (a configuration that switches safe mode off)
- https://nvd.nist.gov/vuln/detail/CVE-2025-12058 (a vocabulary read from any file or address)
- https://nvd.nist.gov/vuln/detail/CVE-2025-12060 (an archive that `get_file` extracts anywhere)
- https://nvd.nist.gov/vuln/detail/CVE-2025-49655 (TorchModuleWrapper: torch.load of a text in it)
- https://nvd.nist.gov/vuln/detail/CVE-2026-1462 (TFSMLayer: a SavedModel runs while it is loaded)
- https://nvd.nist.gov/vuln/detail/CVE-2026-1669 (HDF5 datasets whose data stands in other files)
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import h5py
import pytest

from tests.forge.archives import PAYLOAD, torch_zip
from tests.forge.audits import audited
from tests.forge.hdf5 import written
from tests.forge.keras import dense, function, functional, keras_zip, node, sequential, zipped

if TYPE_CHECKING:
    from pathlib import Path

CALLABLE = "config.instantiates-callable"
REDIRECT = "config.redirect"
PRIVATE = "keras.src.saving.serialization_lib"
CODE = {"code": "4wAAAAA=", "defaults": None, "closure": None}
FETCH = {"origin": "https://example.org/x.tar.gz", "extract": True, "cache_dir": "/root"}

CASES: dict[str, tuple[Any, str]] = {
    "CVE-2024-3660": (
        sequential(node("Lambda", {"function": {"class_name": "__lambda__", "config": CODE}})),
        CALLABLE,
    ),
    "CVE-2024-3660, in the form of Keras 2": (
        sequential(node("Lambda", {"function": ["4wAAAAA=", None, None], "function_type": "lambda"}, None)),
        CALLABLE,
    ),
    "CVE-2024-3660, as an argument of an honest layer": (
        sequential(dense(activation={"class_name": "__lambda__", "config": CODE})),
        CALLABLE,
    ),
    "CVE-2025-1550, function": (sequential(dense(activation=function("system", "os"))), CALLABLE),
    "CVE-2025-1550, class": (sequential(node("Popen", {"args": "id"}, "subprocess")), CALLABLE),
    "CVE-2025-1550, inside Keras": (
        sequential(node("function", "load_model", "keras.src.saving.saving_api")),
        CALLABLE,
    ),
    "CVE-2025-1550, builtins": (sequential(dense(activation=function("exec", "builtins"))), CALLABLE),
    "CVE-2025-1550, in a nested model": (
        sequential(functional(dense(), node("Popen", {}, "subprocess"))),
        CALLABLE,
    ),
    "CVE-2025-1550, in the optimizer": (
        sequential(dense(), compile_config={"optimizer": node("Evil", {}, "evil.optimizers")}),
        CALLABLE,
    ),
    "CVE-2025-1550, in build_config": (
        sequential(dense(), build_config={"x": function("system", "os")}),
        CALLABLE,
    ),
    "CVE-2025-1550, a type specification": (
        sequential(
            {"class_name": "__typespec__", "config": [], "spec_name": "Popen", "module": "subprocess",
             "registered_name": None}
        ),
        CALLABLE,
    ),
    "CVE-2025-8747": (sequential(node("function", "get_file", "keras.utils", **FETCH)), CALLABLE),
    "CVE-2025-8747, private path": (
        sequential(dense(activation=function("get_file", "keras.src.utils.file_utils"))),
        CALLABLE,
    ),
    "CVE-2025-8747, origin": (sequential(node("Dense", FETCH)), REDIRECT),
    "CVE-2025-9906": (
        sequential(dense(activation=function("enable_unsafe_deserialization", "keras.config"))),
        CALLABLE,
    ),
    "CVE-2025-9906, private path": (
        sequential(dense(activation=function("enable_unsafe_deserialization", PRIVATE))),
        CALLABLE,
    ),
    "CVE-2025-12058": (sequential(node("StringLookup", {"vocabulary": "/etc/passwd"})), REDIRECT),
    "CVE-2025-12058, address": (
        sequential(node("TextVectorization", {"vocabulary": "http://169.254.169.254/latest"})),
        REDIRECT,
    ),
    "CVE-2025-12058, relative": (sequential(node("IntegerLookup", {"vocabulary": "vocab.txt"})), REDIRECT),
    "CVE-2025-12060": (sequential(node("function", "get_file", "keras.utils", **FETCH)), REDIRECT),
    "CVE-2025-49655": (
        sequential(
            node("TorchModuleWrapper", {"module": base64.b64encode(torch_zip(PAYLOAD, {})).decode()})
        ),
        CALLABLE,
    ),
    "CVE-2026-1462": (sequential(node("TFSMLayer", {"filepath": "assets/evil"})), CALLABLE),
    "CVE-2026-1462, filepath": (sequential(node("TFSMLayer", {"filepath": "//host/share/evil"})), REDIRECT),
    "a registered class of somebody": (
        sequential(node("MyLayer", {}, None, registered_name="my_package>MyLayer")),
        CALLABLE,
    ),
    "a registered name over a class of Keras": (
        sequential({**dense(), "registered_name": "my_package>Dense"}),
        CALLABLE,
    ),
    "a class of Keras in another family's module": (sequential(node("Dense", {}, "keras.utils")), CALLABLE),
    "a function with the name of a class": (sequential(node("get_file", {}, "keras.utils")), CALLABLE),
    "look-alike module": (sequential(node("Dense", {}, "k\u0435ras.layers")), CALLABLE),
    "a loader as a loss": (
        sequential(dense(), compile_config={"loss": function("deserialize", "keras.losses")}),
        CALLABLE,
    ),
    "JaxLayer": (sequential(node("JaxLayer", {"call_fn": function("system", "os")})), CALLABLE),
    "an operation that takes a function": (sequential(node("Map", {}, "keras.src.ops.core")), CALLABLE),
    "KerasHub's module, another class": (
        sequential(node("Popen", {}, "keras_hub.src.models.backbone")),
        CALLABLE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_configuration_that_does_more(case: str, tmp_path: Path) -> None:
    """In a `.keras` file, under any name, and unpacked in a repository, too."""
    config, rule = CASES[case]
    for name, data in (("model.keras", keras_zip(config)), ("weights.bin", keras_zip(config))):
        outcome = audited(tmp_path, data, name)
        assert outcome.denied
        assert rule in outcome.rules
        (tmp_path / name).unlink()
    outcome = audited(tmp_path, json.dumps(config).encode(), "config.json")
    assert rule in outcome.rules


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith(("CVE-2024-3660", "CVE-2025"))])
def test_the_same_in_hdf5(case: str, tmp_path: Path) -> None:
    """CVE-2025-9905: the older format holds the same configuration, and its loader has no safe mode."""
    config, rule = CASES[case]
    data = written(lambda file: file.attrs.__setitem__("model_config", json.dumps(config)))
    assert rule in audited(tmp_path, data, "model.h5").rules


def test_a_pickle_in_the_configuration(tmp_path: Path) -> None:
    """CVE-2025-49655: what torch.load would get is looked into, so that the report names the danger."""
    outcome = audited(tmp_path, keras_zip(CASES["CVE-2025-49655"][0]), "model.keras")
    assert "os.system" in outcome.imports
    assert "pickle.dangerous-global" in outcome.rules


def external(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/0", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def linked(file: h5py.File) -> None:
    file["layers"] = h5py.ExternalLink("/home/secret.h5", "/x")


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="u1")
    layout[:] = h5py.VirtualSource("/home/secret.h5", "x", shape=(4,))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


@pytest.mark.parametrize("fill", [external, linked, virtual])
def test_weights_in_other_files(fill: Any, tmp_path: Path) -> None:
    """CVE-2026-1669: external storage, links and virtual datasets are refused, in the archive or not."""
    data = written(fill)
    for name, content in (
        ("model.keras", keras_zip(sequential(dense()), h5=data)),
        ("model.weights.h5", data),
    ):
        outcome = audited(tmp_path, content, name)
        assert outcome.denied
        assert REDIRECT in outcome.rules or "unrecognised" in outcome.coverages
        (tmp_path / name).unlink()


@pytest.mark.parametrize(
    "more",
    [
        {"assets/vocabulary.txt": PAYLOAD},
        {"model.weights.npz": zipped({"a.npy": PAYLOAD})},
        {"anything": PAYLOAD},
        {"assets/deeper/config.json": PAYLOAD},
    ],
)
def test_members_beside_the_model(more: dict[str, bytes], tmp_path: Path) -> None:
    """What else lies in the archive goes by its content."""
    outcome = audited(tmp_path, keras_zip(sequential(dense()), more), "model.keras")
    assert outcome.denied
    assert "os.system" in outcome.imports


@pytest.mark.parametrize(
    ("config", "coverage"),
    [
        (b'{"class_name": "Dense", "class_name": "Lambda", "config": {}}', "malformed"),
        (json.dumps(sequential(node("Lambda"))).encode("utf-16"), "malformed"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "limit-exceeded"),
        (b"not json", "malformed"),
    ],
)
def test_a_configuration_that_readers_understand_differently(
    config: bytes, coverage: str, tmp_path: Path
) -> None:
    """Repeated keys, other encodings, depth: what is no strict JSON is never taken as understood."""
    outcome = audited(tmp_path, keras_zip(config), "model.keras")
    assert outcome.denied
    assert coverage in outcome.coverages
