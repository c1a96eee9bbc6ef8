"""scanners._json_keys: keys that ask a loader for behaviour are facts, ordinary ones are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safeload.core import Location
from safeload.scanners._json_keys import MOST_FACTS, behaviour_facts, is_followed, keras_document

if TYPE_CHECKING:
    from safeload.core import Json


def kinds(value: Json) -> list[tuple[str, str | None]]:
    facts = behaviour_facts(value, Location(artifact="config.json"))
    return [(fact.kind, fact.location.key) for fact in facts]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"auto_map": {"AutoModel": "modeling.X"}}, "config.remote-code"),
        ({"trust_remote_code": True}, "config.remote-code"),
        ({"custom_pipelines": {"x": {"impl": "p.P"}}}, "config.remote-code"),
        ({"plugins": ["x"]}, "config.remote-code"),
        ({"allow_remote": True}, "config.remote-code"),
        ({"_attn_implementation_internal": "someone/kernel"}, "config.redirect"),
        ({"attn_implementation": "someone/kernel@main:fn"}, "config.redirect"),
        ({"text_attn_implementation": "someone/kernel"}, "config.redirect"),
        ({"attn_implementation": {"text_config": "someone/kernel"}}, "config.redirect"),
        ({"_experts_implementation": "someone/kernel"}, "config.redirect"),
        ({"configuration_files": ["config.9.0.0.json"]}, "config.redirect"),
        ({"fast_tokenizer_files": ["tokenizer.9.json"]}, "config.redirect"),
        ({"transformers_weights": "x.safetensors"}, "config.redirect"),
        ({"base_model_name_or_path": "someone/model"}, "config.redirect"),
        ({"audio_tokenizer_name_or_path": "someone/model"}, "config.redirect"),
        ({"quantization_config": {"quant_method": "x"}}, "config.redirect"),
        ({"use_timm_backbone": True, "backbone": "hf-hub:someone/model"}, "config.redirect"),
        ({"use_timm_backbone": True, "backbone": "local-dir:x"}, "config.redirect"),
        ({"use_pretrained_backbone": True, "backbone": "resnet50"}, "config.reference"),
        ({"custom_generate": "someone/generate"}, "config.remote-code"),
        ({"custom_pipeline": "someone/pipeline"}, "config.remote-code"),
        ({"attn_implementation": 3}, "config.redirect"),
        ({"_moe_implementation_internal": "someone/kernel"}, "config.redirect"),
        ({"kernel_mapping": {"RMSNorm": "someone/kernel"}}, "config.redirect"),
        ({"cache_implementation": "someone/cache"}, "config.redirect"),
        ({"compile_config": {"backend": "someone.compiler"}}, "config.redirect"),
        ({"detectron2_config_args": {"MODEL.WEIGHTS": "http://x/y.pkl"}}, "config.redirect"),
        ({"detectron2_config_args": {"_BASE_": "x.yaml"}}, "config.redirect"),
        ({"quantization_config": {"bits": 4}}, "config.redirect"),
        ({"quantization_config": "x"}, "config.redirect"),
        ({"tesseract_config": "--psm 6 --tessdata-dir /x"}, "config.redirect"),
        ({"tesseract_config": "-c user_words_file=x"}, "config.redirect"),
        ({"tesseract_config": "--psm 6 x"}, "config.redirect"),
        ({"ocr_lang": "eng --tessdata-dir x"}, "config.redirect"),
        ({"ocr_lang": "../x"}, "config.redirect"),
        ({"tesseract_cmd": "/bin/sh"}, "config.callable"),
        ({"peft_type": "LORA", "base_model_name_or_path": "org/base"}, "config.reference"),
        ({"peft_type": "LORA", "base_model_name_or_path": "/home/me/base"}, "config.reference"),
        ({"peft_type": "LORA", "base_model_name_or_path": "../base"}, "config.redirect"),
        ({"peft_type": "LORA", "base_model_name_or_path": "/tmp/base"}, "config.redirect"),
        ({"peft_type": "LORA", "base_model_name_or_path": "file:///x"}, "config.redirect"),
        ({"peft_type": "LORA", "base_model_name_or_path": ["x"]}, "config.redirect"),
        ({"peft_type": "LORA", "tokenizer_name_or_path": "org/base"}, "config.reference"),
        ({"peft_type": "HOUSE"}, "config.reference"),
        ({"auto_mapping": {"base_model_class": "X", "parent_library": "os"}}, "config.callable"),
        ({"auto_mapping": {"base_model_class": "X", "parent_library": "transformers.utils.hub.os.x"}},
         "config.callable"),
        ({"auto_mapping": {"base_model_class": "X", "parent_library": "transformers_modules.a.b"}},
         "config.remote-code"),
        ({"megatron_core": "os.path"}, "config.callable"),
        ({"activation_function": "os.system"}, "config.callable"),
        ({"sbert_ce_default_activation_function": "torch.hub.load"}, "config.callable"),
        ({"activation_fn": "my_models.act.Snake"}, "config.remote-code"),
        ({"image_processor_type": "os.system"}, "config.callable"),
        ({"tokenizer_class": "my_tokens.MyTokenizer"}, "config.remote-code"),
        ({"structure": {}, "types": {"query_0": "os.system"}}, "config.callable"),
        ({"_target_": "src.models.Net"}, "config.remote-code"),
        ({"_target_": "torch.optim.AdamW"}, "config.reference"),
        ({"_target_": "torch.hub.load"}, "config.callable"),
        ({"_target_": "subprocess.Popen"}, "config.callable"),
        ({"_target_": ["os.system"]}, "config.callable"),
        ({"_partial_": True}, "config.callable"),
        ({"target": "os.system", "params": {"command": "id"}}, "config.callable"),
        ({"target": "ldm.models.autoencoder.AutoencoderKL", "params": {}}, "config.reference"),
        ({"py/reduce": [{"py/function": "os.system"}]}, "config.callable"),
        ({"vocab_file": ["vocab.txt", "../x"]}, "config.redirect"),
        ({"text_encoder_name_or_path": "/home/me/clip"}, "config.reference"),
        ({"text_encoder_name_or_path": "../../clip"}, "config.redirect"),
        ({"output_dir": "/root/.ssh"}, "config.redirect"),
        ({"vocab_file": "/etc/passwd"}, "config.redirect"),
        ({"merges_file": "../merges.txt"}, "config.redirect"),
        ({"tokenizer_file": "C:\\x"}, "config.redirect"),
        ({"data_path": "file:///x"}, "config.redirect"),
        ({"_target_": "os.system"}, "config.callable"),
        ({"class_path": "os.system"}, "config.callable"),
        ({"x": "!!python/object/apply:os.system"}, "config.callable"),
        ([{"idx": 0, "path": "", "type": "os.system"}], "config.callable"),
        ([{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer.x"}], "config.callable"),
    ],
)  # fmt: skip
def test_fires(value: Json, kind: str) -> None:
    """Each key, at the top and inside objects and arrays, gives one fact of its kind."""
    # a document may hold lesser ones beside it, but none of another kind that denies
    assert {found for found, _ in kinds(value)} - {kind} <= {"config.reference"} - {kind}
    assert kind in {found for found, _ in kinds(value)}
    assert kind in {found for found, _ in kinds({"text_config": [{"x": value}]})}


@pytest.mark.parametrize(
    "value",
    [
        {"_name_or_path": "/home/writer/bert", "name_or_path": "org/model"},
        {"special_tokens_map_file": "/home/writer/.cache/special_tokens_map.json"},
        {
            "attn_implementation": "sdpa",
            "_attn_implementation": "eager",
            "_attn_implementation_internal": None,
        },
        {"attn_implementation": {"text_config": "sdpa", "vision_config": None}},
        {"auto_map": None, "trust_remote_code": False, "quantization_config": None, "adapters": []},
        {"use_pretrained_backbone": False, "use_timm_backbone": False},
        {"vocab_file": "vocab.txt", "path": "1_Pooling", "cache_dir": None},
        [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}],
        {"use_timm_backbone": True, "backbone": "resnet50"},
        {"_name_or_path": "/root/x", "output_dir": "/home/me/out", "train_file": "/data/train.json"},
        {"quantization_config": {"quant_method": "gptq", "bits": 4, "dataset": "c4", "desc_act": False}},
        {"quantization_config": {"quant_method": "awq", "modules_to_not_convert": ["lm_head"]}},
        {"quantization_config": {"load_in_8bit": True, "_load_in_8bit": True}},
        {"quantization_config": {"quantization": {"quant_algo": "FP8"}, "producer": {"name": "modelopt"}}},
        {"detectron2_config_args": {"MODEL.BACKBONE.NAME": "build_resnet_fpn_backbone",
        "MODEL.MASK_ON": True}},
        {"apply_ocr": True, "ocr_lang": "chi_sim+eng", "tesseract_config": "--psm 6 --oem 1"},
        {"ocr_lang": None, "tesseract_config": ""},
        {"cache_implementation": "static", "compile_config": {"backend": "inductor"}},
        {"peft_type": "LORA", "auto_mapping": None, "megatron_core": "megatron.core", "revision": None},
        {"peft_type": "LORA", "auto_mapping": {"base_model_class": "BertModel",
                                               "parent_library": "transformers.models.bert.modeling_bert"}},
        {"activation_function": "torch.nn.modules.activation.Tanh"},
        {"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"}},
        {"hidden_act": "gelu", "activation_function": "gelu_new"},
        {"tokenizer_class": "BertTokenizer", "image_processor_type": "ViTImageProcessor"},
        {"structure": {}, "types": {"0": "sentence_transformers.models.StaticEmbedding"}},
        {"target": "en.us", "source": "de"},
        {"type": "ByteLevel", "text": "..", "model_type": "bert", "architectures": ["BertModel"]},
        {"type": "library.Thing", "name": "x", "event": {"type": "a.b.c"}},
        [1, "a", None, [], {}],
        "auto_map",
    ],
)  # fmt: skip
def test_stays_quiet(value: Json) -> None:
    """Ordinary values of the same keys, and the same words elsewhere, give no fact."""
    assert kinds(value) == []


def test_records_of_a_training_run():
    """Places of the writer's machine and the writer's own consent lead no loader anywhere."""
    value = {
        "model_name_or_path": "/mnt/models/llama", "dataset_path": "../data", "trust_remote_code": True,
        "tokenizer_file": "/home/me/tokenizer.json", "base_model_name_or_path": "org/base",
    }  # fmt: skip
    found = list(behaviour_facts(value, Location(artifact="training_args.json"), followed=False))
    assert {fact.kind for fact in found} == {"config.reference"}
    for hostile in ({"tokenizer_file": "/etc/passwd"}, {"_target_": "os.system"}, {"auto_map": {"A": "b.C"}}):
        found = list(behaviour_facts(hostile, Location(artifact="training_args.json"), followed=False))
        assert [fact.kind for fact in found] != ["config.reference"]
        assert found


@pytest.mark.parametrize(
    ("name", "followed"),
    [
        ("config.json", True),
        ("generation_config.json", True),
        ("adapter_config.json", True),
        ("configuration.json", True),
        ("config_sentence_transformers.json", True),
        ("modules.json", True),
        ("config.4.0.0.json", True),
        ("training_config.json", False),
        ("train_results.json", False),
        ("trainer_state.json", False),
        ("deepspeed_config.json", False),
        ("dataset_info.json", False),
        ("vocab.json", False),
    ],
)
def test_which_documents_are_followed(name: str, *, followed: bool) -> None:
    """Configurations by their names, and not those of a training run."""
    assert is_followed(name) is followed


def test_what_lies_below_a_stated_key_is_stated_too() -> None:
    """A key that a policy allows hides nothing beneath it."""
    value: Json = {"quantization_config": {"hook": {"_target_": "os.system"}}}
    assert kinds(value) == [
        ("config.redirect", "quantization_config"),
        ("config.callable", "quantization_config.hook._target_"),
    ]


def test_many_keys_of_one_kind_are_counted():
    """A file of a million such keys must not become a million facts; each kind stays stated."""
    value = {f"k{index}": {"auto_map": "x"} for index in range(300)} | {"z": {"_target_": "os.system"}}
    facts = list(behaviour_facts(value, Location(artifact="config.json")))
    kinds = [fact.kind for fact in facts]
    assert kinds.count("config.remote-code") == MOST_FACTS + 1
    assert kinds.count("config.callable") == 1
    assert facts[-1].data["key"] == "and 100 more keys"


@pytest.mark.parametrize(
    ("more", "stated"),
    [
        ({}, False),
        ({"module": "os"}, True),
        ({"registered_name": "a>B"}, True),
        ({"keras_version": "2.4.0"}, True),
    ],
)
def test_keras_documents(more: dict[str, str], *, stated: bool) -> None:
    """Outside of any archive, only what Keras would have written is judged as a configuration of its own."""
    document = {"class_name": "Evil", "config": {"a": 1}, **more}
    assert bool(list(keras_document(document, Location(artifact="config.json")))) is stated
