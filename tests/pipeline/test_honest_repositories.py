"""The guard against false alarms: what honest writers put beside their weights denies nothing.

Configurations are written by transformers itself, for every model type that it has; the layouts of other
libraries are put together by hand, as their writers leave them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from safeload.core import Level, Verdict
from safeload.pipeline import audit
from tests.forge.repositories import audited, folder, put, tensors

if TYPE_CHECKING:
    from pathlib import Path

NO_DEFAULT = {"gemma4_assistant", "nougat"}
"""Model types whose default configuration their own class refuses."""


def test_the_default_configuration_of_every_model_type(tmp_path: Path) -> None:
    """One audit over all of them: allowed, and warnings only about fields of the two known tables."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES

    written = []
    for model_type in sorted(set(CONFIG_MAPPING_NAMES) - NO_DEFAULT):
        CONFIG_MAPPING[model_type]().save_pretrained(tmp_path / model_type)
        written.append(model_type)
    decision = audit(tmp_path, policy="default").decision
    denied = {f"{reason.finding.location}: {reason.finding.message}" for reason in decision.denials}
    assert denied == set()
    assert decision.verdict is Verdict.ALLOW
    assert len(written) > 300
    warned = {reason.finding.location.artifact for reason in decision.reasons if reason.level is Level.WARN}
    assert len(warned) < 30


def test_processors(tmp_path: Path) -> None:
    """Feature extractors as transformers writes them, image processors of the families that need Pillow."""
    from transformers import (
        ClapFeatureExtractor,
        CLIPImageProcessor,  # noqa: F401 - the import alone needs no Pillow
        Wav2Vec2FeatureExtractor,
        WhisperFeatureExtractor,
    )

    for number, extractor in enumerate(
        (Wav2Vec2FeatureExtractor, WhisperFeatureExtractor, ClapFeatureExtractor)
    ):
        extractor().save_pretrained(tmp_path / str(number))
    image = {
        "do_resize": True,
        "size": {"height": 224, "width": 224},
        "image_mean": [0.5, 0.5, 0.5],
        "resample": 2,
    }
    for name, more in {
        "vit": {"image_processor_type": "ViTImageProcessor"},
        "clip": {"image_processor_type": "CLIPImageProcessorFast", "processor_class": "CLIPProcessor"},
        "old": {"feature_extractor_type": "ViTFeatureExtractor"},
        "layoutlm": {"image_processor_type": "LayoutLMv2ImageProcessor", "apply_ocr": True, "ocr_lang": None,
                     "tesseract_config": "", "processor_class": "LayoutLMv2Processor"},
        "layoutxlm": {"feature_extractor_type": "LayoutLMv2FeatureExtractor", "apply_ocr": True,
                      "ocr_lang": "eng+deu", "tesseract_config": "--psm 6"},
        "qwen": {"image_processor_type": "Qwen2VLImageProcessorFast",
        "processor_class": "Qwen2_5_VLProcessor"},
    }.items():  # fmt: skip
        put(tmp_path, f"{name}/preprocessor_config.json", image | more)
    put(tmp_path, "v5/processor_config.json", {
        "image_processor": {"image_processor_type": "CLIPImageProcessor", **image},
        "processor_class": "CLIPProcessor", "feature_extractor": None,
    })  # fmt: skip
    put(tmp_path, "qwen/video_preprocessor_config.json", {"video_processor_type": "Qwen2VLVideoProcessor"})
    outcome = audited(tmp_path)
    assert (outcome.places, outcome.warned) == (set(), set())


def test_generation(tmp_path: Path) -> None:
    """As transformers writes it, and with what published models add."""
    from transformers import GenerationConfig

    GenerationConfig(eos_token_id=[1, 2], do_sample=True, temperature=0.7).save_pretrained(tmp_path)
    put(tmp_path, "x/generation_config.json", {
        "cache_implementation": "hybrid", "suppress_tokens": [1, 2], "max_length": 448, "stop_strings": ["a"],
        "alignment_heads": [[1, 2]], "lang_to_id": {"<|en|>": 1}, "_from_model_config": True,
        "compile_config": {"backend": "inductor", "mode": "reduce-overhead"},
    })  # fmt: skip
    outcome = audited(tmp_path)
    assert (outcome.places, outcome.warned) == (set(), set())


def test_sentence_transformers(tmp_path: Path) -> None:
    """Its layout of versions 2 to 6."""
    for number, prefix in enumerate((
        "sentence_transformers.models.{}", "sentence_transformers.sentence_transformer.modules.{}",
        "sentence_transformers.base.modules.{}",
    )):  # fmt: skip
        names = ("Transformer", "Pooling", "Dense", "Normalize")
        put(tmp_path, f"v{number}/modules.json", [
            {"idx": index, "name": str(index), "path": f"{index}_{name}" if index else "",
             "type": prefix.format(name)}
            for index, name in enumerate(names)
        ])  # fmt: skip
    folder(
        tmp_path,
        config_sentence_transformers_json={
            "__version__": {"sentence_transformers": "3.0", "pytorch": "2.3"},
            "prompts": {"query": "query: "},
            "default_prompt_name": None, "similarity_fn_name": "cosine",
        },
        sentence_bert_config_json={"max_seq_length": 256, "do_lower_case": False},
        README_md="---\nlibrary_name: sentence-transformers\ntags:\n- x\n---\n# {MODEL_NAME}\n",
    )  # fmt: skip
    put(
        tmp_path, "1_Pooling/config.json", {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True}
    )
    put(tmp_path, "2_Dense/config.json", {
        "in_features": 768, "out_features": 512, "bias": True,
        "activation_function": "torch.nn.modules.activation.Tanh",
    })  # fmt: skip
    put(tmp_path, "cross/config.json", {
        "model_type": "deberta-v2",
        "sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"},
        "sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity",
    })  # fmt: skip
    put(tmp_path, "router/router_config.json", {
        "types": {"query_0_StaticEmbedding": "sentence_transformers.models.StaticEmbedding"},
        "structure": {"query": ["query_0_StaticEmbedding"]}, "parameters": {"default_route": None},
    })  # fmt: skip
    outcome = audited(tmp_path)
    assert (outcome.places, outcome.warned) == (set(), set())


@pytest.mark.parametrize("base", ["meta-llama/Llama-3.1-8B", "/home/me/models/llama", "gpt2"])
def test_adapters(tmp_path: Path, base: str) -> None:
    """PEFT's layout: what is said is which model it is for."""
    folder(tmp_path, adapter_config_json={
        "alpha_pattern": {}, "auto_mapping": None, "base_model_name_or_path": base, "bias": "none",
        "corda_config": None, "eva_config": None, "fan_in_fan_out": False, "inference_mode": True,
        "init_lora_weights": True, "layer_replication": None, "layers_pattern": None, "lora_alpha": 16,
        "megatron_config": None, "megatron_core": "megatron.core", "modules_to_save": None,
        "peft_type": "LORA", "r": 8, "revision": None, "target_modules": ["q_proj", "v_proj"],
        "task_type": "CAUSAL_LM", "use_dora": False,
    })  # fmt: skip
    put(tmp_path, "adapter_model.safetensors", tensors("base_model.model.x.lora_A.weight"))
    outcome = audited(tmp_path)
    assert (outcome.places, outcome.warned) == (set(), {"config.unknown-field"})


def test_diffusers(tmp_path: Path) -> None:
    """Its layout, with parts of old pipelines, and the configuration of the original code beside it."""
    folder(tmp_path, model_index_json={
        "_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.0",
        "_name_or_path": "/home/x/sd",
        "feature_extractor": ["transformers", "CLIPImageProcessor"], "force_zeros_for_empty_prompt": True,
        "image_encoder": [None, None], "requires_safety_checker": True,
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "scheduler": ["diffusers", "PNDMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"], "boundary_ratio": None, "sigmas": [1.0, 0.5],
    })  # fmt: skip
    put(tmp_path, "unet/config.json", {
        "_class_name": "UNet2DConditionModel", "_diffusers_version": "0.30.0", "act_fn": "silu",
        "_name_or_path": "/home/x/unet", "block_out_channels": [320, 640], "encoder_hid_dim_type": None,
    })  # fmt: skip
    put(tmp_path, "scheduler/scheduler_config.json", {"_class_name": "PNDMScheduler", "trained_betas": None})
    put(tmp_path, "unet/diffusion_pytorch_model.safetensors.index.json", {
        "metadata": {"total_size": 8},
        "weight_map": {"a": "diffusion_pytorch_model-00001-of-00002.safetensors",
                       "b": "diffusion_pytorch_model-00002-of-00002.safetensors"},
    })  # fmt: skip
    for number, name in ((1, "a"), (2, "b")):
        put(tmp_path, f"unet/diffusion_pytorch_model-0000{number}-of-00002.safetensors", tensors(name))
    assert audited(tmp_path).warned == set()
    put(tmp_path, "v1-inference.yaml", (
        "model:\n  base_learning_rate: 1.0e-04\n"
        "  target: ldm.models.diffusion.ddpm.LatentDiffusion\n  params:\n"
        "    cond_stage_config:\n      target: ldm.modules.encoders.modules.FrozenCLIPEmbedder\n"
        "    lossconfig:\n      target: torch.nn.Identity\n"
    ))  # fmt: skip
    outcome = audited(tmp_path)
    assert (outcome.places, outcome.warned) == (set(), {"config.unknown-field"})


@pytest.mark.parametrize(
    "quantization",
    [
        {"quant_method": "gptq", "bits": 4, "group_size": 128, "dataset": "c4", "desc_act": False,
        "sym": True},
        {"quant_method": "awq", "bits": 4, "version": "gemm", "zero_point": True},
        {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
        {"load_in_8bit": True, "llm_int8_threshold": 6.0},
        {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [128, 128]},
        {"quant_method": "compressed-tensors", "format": "pack-quantized",
         "config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4}}}},
        {"quant_method": "torchao", "quant_type": {"default": {"_type": "Int4WeightOnlyConfig",
        "_version": 1}}},
        {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]},
        {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8"}},
    ],
)  # fmt: skip
def test_quantised_models(tmp_path: Path, quantization: dict[str, Any]) -> None:
    """The settings of the methods that the libraries have themselves."""
    folder(tmp_path, config_json={"model_type": "llama", "quantization_config": quantization})
    outcome = audited(tmp_path)
    assert (outcome.places, outcome.warned) == (set(), set())


def test_tokenizer_settings_with_the_writers_paths(tmp_path: Path) -> None:
    """Caches of the writer's machine, overridden by the files of the folder."""
    put(tmp_path, "vocab.txt", "[PAD]\n[UNK]\na\n")
    folder(tmp_path, tokenizer_config_json={
        "name_or_path": "/home/me/bert", "tokenizer_class": "BertTokenizer",
        "vocab_file": "/content/vocab.txt",
        "special_tokens_map_file": "/home/me/.cache/huggingface/transformers/dd8bd9bfd3664b530ea4e645105f557",
        "model_max_length": 1000000000000000019884624838656, "do_lower_case": True,
    })  # fmt: skip
    outcome = audited(tmp_path)
    assert (outcome.places, outcome.warned) == (set(), set())
    put(tmp_path, "vocab.txt", "[PAD]\n")
    (tmp_path / "vocab.txt").unlink()
    assert audited(tmp_path).rules == {"config.redirect"}


def test_records_of_a_training_run(tmp_path: Path) -> None:
    """Paths of the writer's machine, consents of the writer, numbers that are none."""
    folder(
        tmp_path,
        trainer_state_json='{"best_model_checkpoint": "/home/me/out/checkpoint-5", "log": [{"loss": NaN}]}',
        all_results_json={"eval_loss": 1.0},
        training_args_json={
            "output_dir": "/home/me/out",
            "model_name_or_path": "/mnt/llama",
            "dataset_path": "../d",
        },
        dataset_infos_json={"default": {"download_checksums": {"https://x/y": {}}}},
        ds_config_json={
            "zero_optimization": {"offload_param": {"device": "cpu", "nvme_path": "/local_nvme"}}
        },
        train_config_yaml="model: &m\n  path: /mnt/llama\ncopy: *m\nbase_model: ../llama\n",
        LICENSE_txt="MIT",
        requirements_txt="torch>=2\n",
        faiss__index_json={"dimension": 3},
    )
    put(tmp_path, "docstore.index.json", {"docs": [1, 2]})
    put(tmp_path, ".gitattributes", "*.safetensors filter=lfs diff=lfs merge=lfs -text\n*.bin filter=lfs\n")
    put(tmp_path, "runs/Jun12_10-30-00/events.txt", "x")
    outcome = audited(tmp_path)
    assert (outcome.places, outcome.warned) == (set(), set())


def test_code_warns_and_no_more(tmp_path: Path) -> None:
    """Python, notebooks, scripts and build files beside a model."""
    folder(
        tmp_path,
        modeling_x_py="import os\nimport torch\nclass X(torch.nn.Module):\n    pass\n",
        train_sh="#!/bin/bash\npython train.py\n",
        demo_ipynb={
            "cells": [{"cell_type": "code", "source": ["1"], "outputs": []}],
            "nbformat": 4,
            "metadata": {},
        },
        Dockerfile_gpu="FROM x\n",
        _pre_commit_config_yaml="repos:\n- repo: https://github.com/x/y\n  hooks:\n  - id: z\n",
    )
    put(tmp_path, ".vscode/settings.json", '// comment\n{"a": 1,}\n')
    put(tmp_path, ".gitmodules", '[submodule "x"]\n\tpath = x\n\turl = https://github.com/x/y\n')
    outcome = audited(tmp_path)
    assert outcome.places == set()
    assert outcome.warned == {"code.python-file", "config.unknown-field", "format.extension-mismatch"}


@pytest.mark.parametrize("name", ["conv_v4.json", "mlflow", "hyperparams.yaml", "mamba.json"])
def test_files_of_other_tools(tmp_path: Path, name: str) -> None:
    """Writers that spell infinity, name their own loader, or build their own modules."""
    match name:
        case "mlflow":
            put(tmp_path, "MLmodel", "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n")
        case "hyperparams.yaml":
            put(
                tmp_path,
                name,
                "seed: 1\nx: !ref <seed>\nm: !new:speechbrain.nnet.linear.Linear\n  n_neurons: 3\n",
            )
        case "mamba.json":
            put(tmp_path, "config.json", '{"model_type": "mamba2", "time_step_limit": [0.0, Infinity]}')
        case _:
            put(tmp_path, name, {"templates": [{"name": "x", "role": "y"}], "target": "a.b", "type": "x.Y"})
    assert audited(tmp_path).places == set()
