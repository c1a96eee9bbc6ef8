"""What a caller may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from safeload.errors import UsageError
from safeload.resolver.arguments import read_arguments
from safeload.sources.hub_api import HubAccess


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"trust_remote_code": True}, "never run"),
        ({"weights_only": False}, "no pickle is ever executed"),
        ({"revision": 3}, "no branch, tag or commit"),
        ({"revision": "../main"}, "no revision"),
        ({"revision": "A" * 40}, "lower case"),
        ({"token": 3}, "takes a token"),
        ({"cache_dir": 3}, "no path"),
        ({"proxies": {"https": "http://proxy"}}, "HTTPS_PROXY"),
        ({"attn_implementation": "kernels-community/flash-attn2"}, "'sdpa' and 'eager'"),
        ({"attn_implementation": "flash_attention_2"}, "'sdpa' and 'eager'"),
        ({"weights_only": 0}, "no pickle is ever executed"),
        ({"quantization_config": [0, 0]}, "not supported yet"),
        ({"device_map": "auto"}, "one device"),
        ({"device_map": {"bert": 0, "classifier": 1}}, "one device"),
        ({"device": "cpu", "device_map": "cuda:0"}, "different devices"),
        ({"quantization_config": {"load_in_8bit": True}}, "not supported yet"),
        ({"gguf_file": "m.gguf"}, "not supported yet"),
        ({"key_mapping": {"a": "b"}}, "own table"),
        ({"subfolder": "onnx"}, "the folder itself"),
        ({"state_dict": {"a": 1}}, "load_state_dict"),
        ({"variant": "../../x"}, "middle part"),
        ({"variant": 3}, "middle part"),
        ({"use_safetensors": "yes"}, "True, False or None"),
        ({"use_kernels": True}, "not loaded"),
    ],
)
def test_refused_with_a_reason(values: dict[str, Any], reason: str) -> None:
    """What cannot be honoured is refused by name; the message says why."""
    with pytest.raises(UsageError, match=reason):
        read_arguments(values)


@pytest.mark.parametrize(
    "values",
    [
        {"trust_remote_code": False},
        {"trust_remote_code": None, "weights_only": True, "revision": None, "subfolder": ""},
        {"from_tf": False, "quantization_config": None, "device_map": None, "attn_implementation": None},
        {"cache_dir": None, "token": True, "local_files_only": False, "force_download": None, "proxies": {}},
        {"low_cpu_mem_usage": True},
    ],
)
def test_what_asks_for_nothing_is_accepted(values: dict[str, Any]) -> None:
    """Default values change nothing."""
    assert read_arguments(values) == read_arguments({})


def test_how_a_hub_is_reached() -> None:
    """What users of huggingface_hub pass arrives as one record."""
    asked = {"revision": "v1.0", "token": "t", "cache_dir": Path("/c"), "local_files_only": True}
    read = read_arguments({**asked, "force_download": True})
    assert read.hub == HubAccess(
        revision="v1.0", token="t", cache_dir="/c", local_files_only=True, force_download=True
    )
    assert not read.overrides


def test_honoured() -> None:
    """Each supported argument arrives, and the rest is left for the config's table."""
    read = read_arguments(
        {
            "variant": "fp16",
            "use_safetensors": True,
            "torch_dtype": "float16",
            "attn_implementation": "eager",
            "device_map": {"": "cpu"},
            "num_labels": 3,
        }
    )
    assert read.weights.candidates() == ("model.fp16.safetensors", "model.safetensors.index.fp16.json")
    assert (read.dtype, read.attention, read.device) == ("float16", "eager", "cpu")
    assert read.overrides == {"num_labels": 3}
    assert read_arguments({"dtype": "float64", "torch_dtype": "float16"}).dtype == "float64"
