"""Keras models in HDF5: code in the configuration, and data that stands in other files.

https://nvd.nist.gov/vuln/detail/CVE-2024-3660 and https://nvd.nist.gov/vuln/detail/CVE-2025-9905 (Lambda
layers, for which the HDF5 loader has no safe mode), https://nvd.nist.gov/vuln/detail/CVE-2025-1550 and
https://nvd.nist.gov/vuln/detail/CVE-2025-8747 (any importable function as a class, download helpers).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5py
import pytest

from tests.forge.audits import audited
from tests.forge.hdf5 import keras_weights, written

if TYPE_CHECKING:
    from pathlib import Path

NODES: list[dict[str, Any]] = [
    {"class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None], "function_type": "lambda"}},
    {"class_name": "function", "module": "subprocess", "config": "run", "registered_name": "run"},
    {"class_name": "function", "module": "keras.utils", "config": "get_file", "registered_name": "get_file"},
]


@pytest.mark.parametrize("node", NODES)
def test_a_configuration_that_calls(node: dict[str, Any], tmp_path: Path) -> None:
    """A layer that is code, or names a function, is denied by the rule that nobody can waive."""
    config = {"class_name": "Sequential", "config": {"layers": [node]}}
    data = written(lambda file: file.attrs.__setitem__("model_config", json.dumps(config).encode()))
    outcome = audited(tmp_path, data, "model.h5")
    assert outcome.denied
    assert "config.instantiates-callable" in outcome.rules


@pytest.mark.parametrize(
    "fill",
    [
        lambda file: file.__setitem__("a", h5py.ExternalLink("../../secret.h5", "/x")),
        lambda file: file.create_dataset("a", (4,), "u1", external="/etc/passwd"),
    ],
)
def test_data_in_other_files(fill: Any, tmp_path: Path) -> None:
    """A file whose loader would open another one is denied as a redirect."""
    outcome = audited(tmp_path, written(fill), "tf_model.h5")
    assert outcome.denied
    assert "config.redirect" in outcome.rules


def test_a_user_block(tmp_path: Path) -> None:
    """Anything may stand in front of HDF5: two readers would see two files."""
    outcome = audited(tmp_path, written(lambda _: None, userblock_size=512), "tf_model.h5")
    assert outcome.denied
    assert "format.polyglot" in outcome.rules


def test_plain_weights_are_no_attack(tmp_path: Path) -> None:
    """The weights of an honest model are read whole and named as not loadable, no more."""
    outcome = audited(tmp_path, keras_weights(), "tf_model.h5")
    assert (outcome.denied, outcome.coverages) == (False, {"scanned"})
