"""Decoders of text: what a hostile config asks for is refused before anything has memory."""

from __future__ import annotations

import json
import math
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
import torch

import safeload
from safeload.architectures import find
from safeload.architectures.base.config import Config
from safeload.architectures.layers.decoder import causal_mask
from safeload.errors import FormatError, PolicyDenied, UsageError
from safeload.formats.field_values import FieldOutOfBounds, FieldTypeWrong, ValueNotListed
from safeload.formats.model_config import FieldsDisagree, interpret
from tests.forge.decoders import SIZES, reference, texts
from tests.forge.encoders import save

if TYPE_CHECKING:
    from pathlib import Path

CAUSAL = "AutoModelForCausalLM"
_LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


def _checkpoint(folder: Path, kind: str, **fields: Any) -> Path:
    """A tiny checkpoint whose config says something else."""
    save(reference(kind, CAUSAL), folder)
    stated = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**stated, **fields}))
    return folder


@pytest.mark.parametrize(
    ("kind", "fields", "error"),
    [
        ("llama", {"num_key_value_heads": 3}, FieldsDisagree),
        ("llama", {"num_key_value_heads": 0}, FieldOutOfBounds),
        ("llama", {"num_key_value_heads": 8}, FieldsDisagree),
        ("llama", {"num_attention_heads": 0}, FieldOutOfBounds),
        ("llama", {"head_dim": 0}, FieldOutOfBounds),
        ("llama", {"head_dim": 2**13}, FieldOutOfBounds),
        ("qwen3", {"head_dim": None}, FieldTypeWrong),
        ("llama", {"hidden_size": 10**9}, FieldOutOfBounds),
        ("llama", {"vocab_size": 10**12}, FieldOutOfBounds),
        ("llama", {"vocab_size": 0}, FieldOutOfBounds),
        ("llama", {"num_hidden_layers": 10**9}, FieldOutOfBounds),
        ("llama", {"intermediate_size": 10**12}, FieldOutOfBounds),
        ("llama", {"pad_token_id": 1000}, FieldsDisagree),
        ("llama", {"eos_token_id": [2] * 1_000_000}, FieldOutOfBounds),
        ("llama", {"hidden_act": "os.system"}, ValueNotListed),
        ("llama", {"rms_norm_eps": "1e-5"}, FieldTypeWrong),
        ("llama", {"rope_theta": 0.0}, FieldOutOfBounds),
        ("llama", {"rope_theta": "inf"}, FieldTypeWrong),
        ("llama", {"rope_parameters": []}, FieldTypeWrong),
        ("llama", {"rope_parameters": {"rope_type": "attacker"}}, ValueNotListed),
        ("llama", {"rope_parameters": {"rope_type": ["linear"]}}, ValueNotListed),
        ("llama", {"rope_parameters": {"rope_type": "linear", "factor": 0}}, FieldOutOfBounds),
        ("llama", {"rope_parameters": {"rope_type": "linear", "factor": -2.0}}, FieldOutOfBounds),
        ("llama", {"rope_parameters": {"rope_type": "linear", "factor": math.inf}}, FieldOutOfBounds),
        ("llama", {"rope_parameters": {"rope_type": "linear", "factor": math.nan}}, FieldOutOfBounds),
        ("llama", {"rope_parameters": {"rope_type": "linear", "factor": 10**40}}, FieldOutOfBounds),
        ("llama", {"rope_parameters": {"rope_type": "linear", "factor": True}}, FieldTypeWrong),
        ("llama", {"rope_parameters": {"rope_type": "linear", "factor": {"a": 1}}}, FieldTypeWrong),
        ("llama", {"rope_parameters": {"full_attention": {"rope_type": "default"}}}, ValueNotListed),
        ("llama", {"rope_parameters": {"truncate": 1}}, FieldTypeWrong),
        ("llama", {"rope_parameters": {"long_factor": [1.0] * 100_000}}, FieldTypeWrong),
        ("llama", {"rope_parameters": {"long_factor": [[1.0]]}}, FieldTypeWrong),
        ("llama", {"rope_scaling": {"x": 1}}, ValueNotListed),
        ("mistral", {"sliding_window": 0}, FieldOutOfBounds),
        ("mistral", {"sliding_window": -1}, FieldOutOfBounds),
        ("qwen2", {"layer_types": []}, FieldOutOfBounds),
        ("qwen2", {"layer_types": "full_attention"}, FieldTypeWrong),
        ("qwen2", {"layer_types": ["full_attention", "attacker", "x"]}, ValueNotListed),
        ("qwen2", {"layer_types": [["full_attention"]]}, ValueNotListed),
        ("qwen2", {"layer_types": ["full_attention"] * 100_000}, FieldOutOfBounds),
        ("qwen2", {"max_window_layers": -1}, FieldOutOfBounds),
        ("gpt2", {"n_embd": 33}, FieldsDisagree),
        ("gpt2", {"n_head": 0}, FieldOutOfBounds),
        ("gpt2", {"n_inner": 0}, FieldOutOfBounds),
        ("gpt2", {"n_inner": 10**12}, FieldOutOfBounds),
        ("gpt2", {"n_positions": 10**12}, FieldOutOfBounds),
        ("gpt2", {"hidden_size": 64, "n_embd": 32}, FieldsDisagree),
        ("gpt2", {"activation_function": "eval"}, ValueNotListed),
    ],
)
def test_fields_that_cannot_be(kind: str, fields: dict[str, Any], error: type[FormatError]) -> None:
    """Each is an error of its kind, before there is a model."""
    with pytest.raises(error):
        interpret({"model_type": kind, **SIZES[kind], **fields})


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("llama", {"head_dim": 7}, "pairs of features"),
        ("llama", {"hidden_size": 34}, "no multiple of 4 heads"),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0}}, "dynamic are not supported"),
        ("llama", {"rope_scaling": {"type": "longrope", "long_factor": [1.0]}}, "longrope are not supported"),
        ("llama", {"rope_parameters": {"rope_type": "linear"}}, "need factor"),
        ("llama", {"rope_parameters": {"rope_type": "llama3", "factor": 2.0}}, "need low_freq_factor"),
        ("llama", {"rope_parameters": {**_LLAMA3, "low_freq_factor": 4.0}}, "not below"),
        ("llama", {"rope_parameters": {"partial_rotary_factor": 0.5}}, "part of the features"),
        ("llama", {"rope_parameters": {"rope_theta": 0.5}}, "rope_theta is 0.5"),
        ("llama", {"rope_parameters": {"rope_type": "yarn", "factor": 2.0, "rope_theta": 1.0}}, "rope_theta"),
        ("llama", {"rope_parameters": _LLAMA3, "rope_scaling": {"factor": 2.0}}, "different things"),
        ("llama", {"add_cross_attention": True}, "cross-attention"),
        ("gpt2", {"add_cross_attention": True}, "cross-attention"),
        ("gpt2", {"quantization_config": {"quant_method": "gptq"}}, "quantised"),
        ("qwen3", {"quantization_config": {"quant_method": "fp8"}}, "quantised"),
        ("qwen2", {"layer_types": ["full_attention"]}, "1 entries for 3 layers"),
        ("qwen3", {"layer_types": ["sliding_attention"] * 3}, "there is no window"),
        ("llama", {"rope_parameters": {}, "num_key_value_heads": None}, None),
        ("qwen3", {"layer_types": ["full_attention"] * 3}, None),
        ("mistral", {"sliding_window": None}, None),
        ("gpt2", {}, None),
    ],
)
def test_what_cannot_be_built(kind: str, fields: dict[str, Any], reason: str | None) -> None:
    """A config whose results we would get wrong is refused with a reason."""
    record = interpret({"model_type": kind, **SIZES[kind], **fields})
    architecture = find(kind)
    assert architecture is not None
    refused = architecture.refuse(Config(record))
    assert refused is None if reason is None else reason in str(refused)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("llama", {"hidden_size": 131_072, "head_dim": None}),
        ("llama", {"num_hidden_layers": 512}),
        ("llama", {"intermediate_size": 131_072}),
        ("llama", {"vocab_size": 16_000_000}),
        ("llama", {"num_attention_heads": 131_072, "hidden_size": 131_072, "num_key_value_heads": 131_072}),
        ("llama", {"num_key_value_heads": 1}),
        ("llama", {"head_dim": 4_096}),
        ("llama", {"attention_bias": True}),
        ("qwen3", {"head_dim": 12}),
        ("gpt2", {"n_positions": 16_000_000}),
        ("gpt2", {"n_inner": 131_072}),
        ("gpt2", {"n_layer": 2, "vocab_size": 10_000_000}),
    ],
)
def test_sizes_are_compared_with_the_file(kind: str, fields: dict[str, Any], tmp_path: Path) -> None:
    """A config that its own weights contradict is refused, without memory for what it asks for."""
    folder = _checkpoint(tmp_path, kind, **fields)
    safeload.AutoConfig.from_pretrained(folder)
    tracemalloc.start()
    try:
        with pytest.raises((FormatError, PolicyDenied, UsageError)):
            safeload.AutoModelForCausalLM.from_pretrained(folder)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("stated", "rule"),
    [
        ({"custom_generate": "attacker/repo"}, "config.remote-code"),
        ({"cache_implementation": "attacker/cache"}, "config.redirect"),
        ({"trust_remote_code": True}, "config.remote-code"),
        ({"max_length": {"nested": 1}}, "artifact.malformed"),
        ({"eos_token_id": [2] * 1_000_000}, "artifact.malformed"),
        ({"temperature": -1.0}, "artifact.malformed"),
    ],
)
def test_hostile_generation(stated: dict[str, Any], rule: str, tmp_path: Path) -> None:
    """A generation_config.json that asks for code, or is none, denies the model that would use it."""
    folder = _checkpoint(tmp_path, "llama")
    (folder / "generation_config.json").write_text(json.dumps(stated))
    with pytest.raises(PolicyDenied) as denied:
        safeload.AutoModelForCausalLM.from_pretrained(folder)
    assert rule in {reason.finding.rule for reason in denied.value.decision.reasons}


def test_a_huge_length_ends_with_the_model(tmp_path: Path) -> None:
    """What a file asks for is bounded by the positions of the model; what a caller asks for is not."""
    folder = _checkpoint(tmp_path, "llama", max_position_embeddings=24)
    for stated in ({"max_length": 2**31}, {"max_new_tokens": 2**31}):
        (folder / "generation_config.json").write_text(json.dumps(stated))
        model = safeload.AutoModelForCausalLM.from_pretrained(folder)
        ids = texts(padded=False)["input_ids"]
        assert model.generate(ids).shape == (3, 24)
        assert model.generate(ids, max_length=30).shape == (3, 30)


def test_what_generate_does_not_do_is_said(tmp_path: Path) -> None:
    """A file that asks for a search over several texts loads; writing says what is missing."""
    folder = _checkpoint(tmp_path, "llama")
    stated = {"num_beams": 4, "forced_eos_token_id": 2, "max_new_tokens": 3}
    (folder / "generation_config.json").write_text(json.dumps(stated))
    model = safeload.AutoModelForCausalLM.from_pretrained(folder)
    ids = texts(padded=False)["input_ids"]
    with pytest.raises(UsageError, match="num_beams, forced_eos_token_id"):
        model.generate(ids)
    with pytest.raises(UsageError, match="ask for num_beams,"):
        model.generate(ids, forced_eos_token_id=None)
    assert model.generate(ids, num_beams=1, forced_eos_token_id=None).shape == (3, 14)


def test_masks() -> None:
    """Causal, over a window, around padding: written out."""
    device = torch.device("cpu")
    assert causal_mask(None, 2, 3, 0, device) is None
    assert causal_mask(torch.ones(2, 5), 2, 1, 4, device, window=5) is None
    mask = causal_mask(None, 1, 2, 2, device, window=2)
    assert mask is not None
    assert mask.int().tolist() == [[[[0, 1, 1, 0], [0, 0, 1, 1]]]]
    mask = causal_mask(torch.tensor([[0, 1, 1]]), 1, 3, 0, device)
    assert mask is not None
    # the padding looks at itself, and nobody else does
    assert mask.int().tolist() == [[[[1, 0, 0], [0, 1, 0], [0, 1, 1]]]]
    given = torch.zeros(1, 1, 2, 2)
    assert causal_mask(given, 1, 2, 0, device) is given


PUBLISHED: tuple[dict[str, Any], ...] = (
    {
        "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1,
        "bos_token_id": 50256, "embd_pdrop": 0.1, "eos_token_id": 50256, "initializer_range": 0.02,
        "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768, "n_head": 12,
        "n_layer": 12, "n_positions": 1024, "resid_pdrop": 0.1, "summary_activation": None,
        "summary_first_dropout": 0.1, "summary_proj_to_labels": True, "summary_type": "cls_index",
        "summary_use_proj": True, "task_specific_params": {"text-generation": {"do_sample": True}},
        "vocab_size": 50257,
    },
    {
        "architectures": ["LlamaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0,
        "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "hidden_act": "silu",
        "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 14336,
        "max_position_embeddings": 131072, "mlp_bias": False, "model_type": "llama",
        "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "pretraining_tp": 1,
        "rms_norm_eps": 1e-05, "rope_scaling": {**_LLAMA3, "original_max_position_embeddings": 8192},
        "rope_theta": 500000.0, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
        "transformers_version": "4.42.3", "use_cache": True, "vocab_size": 128256,
    },
    {
        "architectures": ["MistralForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
        "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 14336,
        "max_position_embeddings": 32768, "model_type": "mistral", "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
        "sliding_window": 4096, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
        "transformers_version": "4.34.0.dev0", "use_cache": True, "vocab_size": 32000,
    },
    {
        "architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643,
        "eos_token_id": 151645, "hidden_act": "silu", "hidden_size": 896, "initializer_range": 0.02,
        "intermediate_size": 4864, "max_position_embeddings": 32768, "max_window_layers": 21,
        "model_type": "qwen2", "num_attention_heads": 14, "num_hidden_layers": 24, "num_key_value_heads": 2,
        "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 32768, "use_mrope": False,
        "tie_word_embeddings": True, "torch_dtype": "bfloat16", "transformers_version": "4.43.1",
        "use_cache": True, "use_sliding_window": False, "vocab_size": 151936,
    },
    {
        "architectures": ["Qwen3ForCausalLM"], "attention_bias": False, "attention_dropout": 0.0,
        "bos_token_id": 151643, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu",
        "hidden_size": 1024, "initializer_range": 0.02, "intermediate_size": 3072,
        "max_position_embeddings": 40960, "max_window_layers": 28, "model_type": "qwen3",
        "num_attention_heads": 16, "num_hidden_layers": 28, "num_key_value_heads": 8, "rms_norm_eps": 1e-06,
        "rope_scaling": None, "rope_theta": 1000000, "sliding_window": None, "tie_word_embeddings": True,
        "torch_dtype": "bfloat16", "transformers_version": "4.51.0", "use_cache": True,
        "use_sliding_window": False, "vocab_size": 151936,
    },
)  # fmt: skip


@pytest.mark.parametrize("stated", PUBLISHED, ids=lambda stated: stated["model_type"])
def test_published_configs(stated: dict[str, Any]) -> None:
    """The fields of well-known models are all known, and a model of each can be built."""
    record = interpret(stated)
    assert record.unknown == ()
    architecture = find(record.model_type)
    assert architecture is not None
    config = Config(record)
    assert architecture.refuse(config) is None
    model = architecture.classes[CAUSAL](config)
    assert all(value.is_meta for value in model.parameters())
