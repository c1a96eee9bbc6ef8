"""Keys and values of configurations that have a meaning for loaders: tables for `_json_keys`.

Sources: transformers 5.23, PEFT 0.21, sentence-transformers 6.2, diffusers' model_index.json, modelscope's
configuration.json, hydra's `instantiate`, Lightning's command line, jsonpickle.
"""

from __future__ import annotations

import re

CODE = frozenset({"auto_map", "custom_pipelines", "custom_pipeline", "custom_generate"})
"""Python of the repository, or of another one, by name."""
CONSENT = frozenset({"trust_remote_code", "allow_remote", "plugins"})
"""A user's consent to run code, given by the file. In the record of a training run it binds nobody."""
CALLS = frozenset({"_target_", "class_path", "import_path", "loader_module"})
"""Keys whose value is imported and called."""
OBJECTS = frozenset(
    {
        "__class__", "__reduce__", "__import__", "py/object", "py/reduce", "py/function", "py/module",
        "py/type", "py/repr", "py/newargs", "py/newargsex", "py/state", "tesseract_cmd",
    }
)  # fmt: skip
"""Objects of a language, written as data, and a program to start."""
REDIRECTS = frozenset(
    {
        "configuration_files", "fast_tokenizer_files", "fusion_config", "kernel_config", "kernel_mapping",
        "hub_kernels", "transformers_weights", "audio_tokenizer_name_or_path", "adapters",
        "_attn_implementation_internal", "_experts_implementation_internal", "custom_module",
    }
)  # fmt: skip
IMPLEMENTATION = re.compile(r".*(attn|attention|experts|kernel|moe|mlp|norm)_implementation(_internal)?\Z")
IMPLEMENTATIONS = frozenset(
    {
        "eager", "sdpa", "flash_attention_2", "flash_attention_3", "flash_attention_4", "flex_attention",
        "paged|eager", "paged|sdpa", "paged|flash_attention_2", "grouped_mm", "batched_mm", "deepgemm",
        "sonicmoe", "native", "math", "xformers", "torch", "auto",
    }
)  # fmt: skip
"""Implementations that are part of the library. All else is looked up in a repository of kernels."""
CACHES = frozenset(
    {
        "static", "offloaded_static", "dynamic", "dynamic_full", "offloaded", "quantized", "sliding_window",
        "hybrid", "hybrid_chunked", "offloaded_hybrid", "offloaded_hybrid_chunked", "paged", "mamba",
    }
)  # fmt: skip
COMPILERS = frozenset({"inductor", "eager", "aot_eager", "cudagraphs", "tvm", "openxla"})

WRITERS_OWN = frozenset({"_name_or_path", "name_or_path", "special_tokens_map_file", "best_model_checkpoint"})
"""Where the writer had the checkpoint and a file of it, often absolute paths. Loaders overwrite them or pass
them over, and open nothing: the special tokens are read from the file of that name in the folder."""
WRITERS = re.compile(
    r"(output|logging|log|cache|data|dataset|train|training|eval|evaluation|test|val|valid|validation|save"
    r"|work|working|run|project|image|images|audio|result|results|resume|wandb|tensorboard|experiment)"
    r"(_.*)?_?(file|files|path|paths|dir|filename|checkpoint)\Z"
)
"""Places of a training run. No loader goes there."""
FILE = re.compile(r"(.*_)?(file|files|path|paths|dir|filename|checkpoint|ckpt)\Z|ov_config\Z")
MODEL_NAME = re.compile(r"(.*_)?name_or_path\Z")
FOLLOWED = re.compile(
    r"(?!(train|training|trainer|run|deepspeed|ds|zero|fsdp|accelerate|wandb|dataset|data|eval|experiment)[_-])"
    r"(([A-Za-z0-9]+[_.-]+)*config(uration)?(\.[0-9][0-9.]*)?|config_sentence_transformers|modules|model_index"
    r"|special_tokens_map|params)\.json"
)
"""Documents that a loader looks for by their name. Those of a training run are read by nobody who loads."""

CLASS_KEYS = frozenset(
    {
        "tokenizer_class", "processor_class", "image_processor_type", "image_processor_class",
        "feature_extractor_type", "feature_extractor_class", "video_processor_type",
        "video_processor_class", "audio_tokenizer_class", "config_class", "model_class",
    }
)  # fmt: skip
PROCESSORS = re.compile(
    r"[A-Z][A-Za-z0-9_]*(ImageProcessor|FeatureExtractor|VideoProcessor|Processor|Tokenizer|TokenizersBackend"
    r"|SentencePieceBackend|PythonBackend)(Fast|Pil|Slow)?\Z",
    re.ASCII,
)
"""How the classes are called that such a key may choose from. The library holds models and others, too."""
PROCESSOR_KEYS = CLASS_KEYS - {"tokenizer_class", "config_class", "model_class"}

ACTIVATION = re.compile(r"(.*_)?activation_(fn|function)\Z")
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+\Z", re.ASCII)
PARENT_LIBRARY = re.compile(
    r"(transformers|diffusers|lerobot)(\.models)?(\.[a-z][a-z0-9_]*){0,3}\Z", re.ASCII
)
TESSERACT = re.compile(r"\s*(--(psm|oem)[ =]?\d{1,2}(\s+|\Z))*\Z", re.ASCII)
OCR_LANGUAGES = re.compile(r"[A-Za-z_+]{1,60}\Z")

QUANTISERS = frozenset(
    {
        "aqlm", "auto-round", "auto_round", "autoround", "awq", "awq_marlin", "bitblas", "bitnet",
        "bitsandbytes", "bitsandbytes_4bit", "bitsandbytes_8bit", "bnb", "compressed-tensors", "deepspeedfp",
        "eetq", "exl2", "exl3", "experts_int8", "fbgemm_fp8", "fouroversix", "fp8", "fp_quant", "gemma",
        "gguf", "gptq", "gptq_bitblas", "gptq_marlin", "higgs", "hqq", "inc", "ipex", "marlin", "metal",
        "modelopt", "modelopt_fp4", "moe_wna16", "mxfp4", "mxfp8", "nvfp4", "petit_nvfp4", "ptpc_fp8", "qqq",
        "quanto", "quark", "rtn", "sinq", "spqr", "squeezellm", "torchao", "vptq",
    }
)  # fmt: skip
"""Methods that are part of transformers, vLLM or SGLang. Any other is somebody's registered class."""
DETECTRON = re.compile(r"MODEL\.(?!WEIGHTS)[A-Z0-9_]+(\.[A-Z0-9_]+)*\Z", re.ASCII)

ADAPTERS = frozenset(
    {
        "PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "LORA", "ADALORA",
        "ADAMSS", "BOFT", "ADAPTION_PROMPT", "IA3", "BEFT", "LILY", "LOHA", "LOKR", "OFT", "POLY",
        "LN_TUNING", "VERA", "FROD", "PVERA", "FOURIERFT", "GLORA", "XLORA", "HRA", "VBLORA", "UNILORA",
        "CPT", "MISS", "RANDLORA", "ROAD", "TRAINABLE_TOKENS", "HIRA", "SHIRA", "C3A", "WAVEFT", "OSF",
        "DELORA", "GRALORA", "CARTRIDGE", "TINYLORA", "PSOFT", "PEANUT", "SHADOW", "SUPERTUNING", "DEFT",
        "BONE",
    }
)  # fmt: skip
"""Kinds of adapters."""
