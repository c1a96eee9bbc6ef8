"""Configurations that make a loader fetch, import or open something: one test per published identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.forge.repositories import audited, folder, put, tensors

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "key", ["_attn_implementation_internal", "_attn_implementation", "attn_implementation"]
)
@pytest.mark.parametrize(
    "value", ["attacker/kernel", "kernels-community/x@main:run", {"": "attacker/kernel"}]
)
def test_cve_2026_4372(tmp_path: Path, key: str, value: Any) -> None:
    """A configuration names a repository as the implementation of attention, and its kernel is run.

    https://nvd.nist.gov/vuln/detail/CVE-2026-4372
    """
    outcome = audited(folder(tmp_path, config_json={"model_type": "llama", key: value}))
    assert outcome.rules == {"config.redirect"}
    assert outcome.places == {f"config.json:{key}"}


@pytest.mark.parametrize("config", [
    {"keypoint_detector_config": {"model_type": "superpoint", "trust_remote_code": True}},
    {"text_config": {"sub": [{"auto_map": {"AutoConfig": "attacker/repo--configuration.Config"}}]}},
])  # fmt: skip
def test_cve_2026_5241(tmp_path: Path, config: dict[str, Any]) -> None:
    """A nested configuration gives the user's consent to run code.

    https://nvd.nist.gov/vuln/detail/CVE-2026-5241
    """
    outcome = audited(folder(tmp_path, config_json={"model_type": "lightglue", **config}))
    assert outcome.rules == {"config.remote-code"}


@pytest.mark.parametrize("name", ["config.json", "vision/config.json", "tokenizer_config.json",
                                  "preprocessor_config.json", "video_preprocessor_config.json"])  # fmt: skip
@pytest.mark.parametrize("target", ["modeling_x.Model", "attacker/repo--modeling.Model"])
def test_cve_2025_66448(tmp_path: Path, name: str, target: str) -> None:
    """`auto_map` resolved without asking, or with a hard-coded consent; also CVE-2026-22807 and -27893.

    https://nvd.nist.gov/vuln/detail/CVE-2025-66448
    https://nvd.nist.gov/vuln/detail/CVE-2026-22807
    https://nvd.nist.gov/vuln/detail/CVE-2026-27893
    """
    put(tmp_path, name, {"auto_map": {"AutoModel": target, "AutoTokenizer": [target, None]}})
    assert audited(tmp_path).rules == {"config.remote-code"}


@pytest.mark.parametrize("path", ["/etc/passwd", "../../secret.txt", "~/.ssh/id_rsa", "C:\\secret.txt",
                                  "\\\\server\\share\\x", "file:///etc/passwd",
                                  "https://attacker/x"])  # fmt: skip
def test_cve_2026_9856(tmp_path: Path, path: str) -> None:
    """A tokenizer's settings name a file elsewhere, which is opened where the folder has none of its own.

    https://nvd.nist.gov/vuln/detail/CVE-2026-9856
    """
    folder(tmp_path, tokenizer_config_json={"tokenizer_class": "BertTokenizer", "vocab_file": path})
    outcome = audited(tmp_path)
    assert outcome.rules == {"config.redirect"}
    assert outcome.places == {"tokenizer_config.json:vocab_file"}


@pytest.mark.parametrize("name", ["../x", "a/../../x", "..\\x", "/tmp/x", "a\x00b"])
def test_template_names(tmp_path: Path, name: str) -> None:
    """Savers make a file of each chat template's name."""
    templates = [{"name": name, "template": "{{ x }}"}]
    assert (
        "config.redirect"
        in audited(folder(tmp_path, tokenizer_config_json={"chat_template": templates})).rules
    )


@pytest.mark.parametrize(
    "name", ["model_config.yaml", "hparams.yml", "conf/config.yaml", "config.json", "x.json"]
)
@pytest.mark.parametrize("target", ["os.system", "builtins.exec", "subprocess.Popen", "torch.hub.load"])
def test_cve_2025_23304(tmp_path: Path, name: str, target: str) -> None:
    """Hydra instantiates whatever `_target_` names; also CVE-2026-22584.

    https://nvd.nist.gov/vuln/detail/CVE-2025-23304
    https://github.com/advisories/GHSA-7x99-8x99-xc54
    """
    if name.endswith(".json"):
        put(tmp_path, name, {"model": {"_target_": target, "command": "id"}})
    else:
        put(tmp_path, name, f"model:\n  _target_: {target}\n  command: id\n")
    assert audited(tmp_path).rules == {"config.instantiates-callable"}


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(\s*\w+)*;", r"(x|x)*y", r"((a*)*)*b"])
@pytest.mark.parametrize("part", ["pre_tokenizer", "normalizer", "decoder"])
def test_tokenizers_2060(tmp_path: Path, pattern: str, part: str) -> None:
    """A repetition inside a repetition keeps a backtracking reader busy; cf. CVE-2025-6921.

    https://github.com/huggingface/tokenizers/pull/2060
    https://nvd.nist.gov/vuln/detail/CVE-2025-6921
    """
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    replace = {"type": "Replace", "pattern": {"Regex": pattern}, "content": ""}
    document = {
        "version": "1.0", "added_tokens": [], "model": {"type": "WordLevel", "unk_token": "a",
        "vocab": {"a": 0}},
        part: split if part == "pre_tokenizer" else replace,
    }  # fmt: skip
    assert audited(folder(tmp_path, tokenizer_json=document)).rules == {"limits.exceeded"}


@pytest.mark.parametrize("type_", ["os.system", "builtins.eval", "sentence_transformers.util.http_get",
                                   "sentence_transformers.models.Transformer.load", "system",
                                   "os.system "])  # fmt: skip
def test_sentence_transformers_3801(tmp_path: Path, type_: str) -> None:
    """modules.json imports any dotted name, and a local folder was trusted.

    https://github.com/huggingface/sentence-transformers/issues/3801
    https://github.com/huggingface/sentence-transformers/issues/3683
    """
    folder(tmp_path, modules_json=[{"idx": 0, "name": "0", "path": "", "type": type_}])
    assert audited(tmp_path).rules == {"config.instantiates-callable"}


def test_sentence_transformers_custom_module(tmp_path: Path) -> None:
    """A class of the repository's own Python."""
    folder(tmp_path, modules_json=[{"idx": 0, "name": "0", "path": "", "type": "custom_st.Transformer"}])
    assert audited(tmp_path).rules == {"config.remote-code"}


@pytest.mark.parametrize("path", ["../other", "/tmp/x", "~/x", "a/../../b", "C:\\x", "."])
def test_sentence_transformers_folders(tmp_path: Path, path: str) -> None:
    """A module's folder outside the snapshot."""
    type_ = "sentence_transformers.models.Pooling"
    folder(tmp_path, modules_json=[{"idx": 0, "name": "0", "path": path, "type": type_}])
    assert audited(tmp_path).rules == {"config.redirect"}


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("2_Dense/config.json", {"in_features": 1, "activation_function": "os.system"}),
        ("2_Dense/config.json", {"in_features": 1, "activation_function": "torch.hub.load"}),
        ("config.json", {"sentence_transformers": {"activation_fn": "torch.serialization.load"}}),
        ("config.json", {"sbert_ce_default_activation_function": "subprocess.getoutput"}),
        ("router_config.json", {"types": {"query_0": "os.system"}, "structure": {"query": ["query_0"]}}),
    ],
)
def test_sentence_transformers_activations(tmp_path: Path, name: str, config: dict[str, Any]) -> None:
    """Names of activations and of a router's modules are imported and called."""
    put(tmp_path, name, config)
    assert audited(tmp_path).rules == {"config.instantiates-callable"}


@pytest.mark.parametrize("shard", ["../outside.safetensors", "/tmp/x.safetensors", "sub/x.safetensors",
                                   "..\\x.safetensors", "x.bin", "~/x.safetensors"])  # fmt: skip
@pytest.mark.parametrize("name", ["model.safetensors.index.json", "model.safetensors.index.fp16.json",
                                  "unet/diffusion_pytorch_model.safetensors.index.json"])  # fmt: skip
def test_transformers_46097(tmp_path: Path, name: str, shard: str) -> None:
    """A shard name is joined to the folder without a look; also transformers #47176.

    https://github.com/huggingface/transformers/issues/46097
    https://github.com/huggingface/transformers/issues/47176
    """
    put(tmp_path, name, {"metadata": {}, "weight_map": {"a": shard}})
    assert audited(tmp_path).rules == {"index.path-escape"}


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("anything.index.json", {"weight_map": {"a": "../../x.bin"}}),
        ("anything.index.json", {"a": "../../x.bin"}),
        ("tf_model.h5.index.json", {"weight_map": {"a": "../x.h5"}}),
        ("flax_model.msgpack.index.json", {"weight_map": {"a": "/x.msgpack"}}),
        ("weights.json", {"weight_map": {"a": "../x.bin"}}),
    ],
)
def test_accelerate_4067(tmp_path: Path, name: str, document: dict[str, Any]) -> None:
    """Any index of a folder will do, also one without a frame around its map.

    https://github.com/huggingface/accelerate/issues/4067
    """
    put(tmp_path, name, document)
    assert audited(tmp_path).rules == {"index.path-escape"}


@pytest.mark.parametrize("config", [
    {"framework": "pytorch", "task": "chat", "allow_remote": True},
    {"framework": "pytorch", "task": "chat", "plugins": ["attacker-package"]},
])  # fmt: skip
def test_modelscope_1405(tmp_path: Path, config: dict[str, Any]) -> None:
    """configuration.json installs plugins, or consents to remote code.

    https://github.com/modelscope/modelscope/issues/1405
    """
    assert audited(folder(tmp_path, configuration_json=config)).rules == {"config.remote-code"}


@pytest.mark.parametrize("part", [["os", "system"], ["subprocess", "Popen"], ["torch.hub", "load"],
                                  ["unet/../../x", "Model"], [["x"], "Model"]])  # fmt: skip
def test_parts_of_a_pipeline(tmp_path: Path, part: list[str]) -> None:
    """model_index.json: the library of a part is imported by its name."""
    folder(tmp_path, model_index_json={"_class_name": "StableDiffusionPipeline", "unet": part})
    assert audited(tmp_path).rules == {"config.instantiates-callable"}


@pytest.mark.parametrize("index", [
    {"_class_name": ["pipeline", "MyPipeline"]},
    {"_class_name": "MyPipeline", "unet": ["my_unet", "MyUNet"]},
    {"_class_name": "MyPipeline", "custom_pipeline": "attacker/pipeline"},
])  # fmt: skip
def test_pipelines_of_the_repository(tmp_path: Path, index: dict[str, Any]) -> None:
    """Files of the repository as parts of a pipeline."""
    assert audited(folder(tmp_path, model_index_json=index)).rules == {"config.remote-code"}


@pytest.mark.parametrize(
    ("name", "config"),
    [
        (
            "preprocessor_config.json",
            {"apply_ocr": True, "tesseract_config": "--psm 6 -c user_words_file=/x"},
        ),
        ("preprocessor_config.json", {"apply_ocr": True, "tesseract_config": "--tessdata-dir /tmp/x"}),
        ("preprocessor_config.json", {"apply_ocr": True, "ocr_lang": "eng --print-parameters"}),
        ("generation_config.json", {"cache_implementation": "attacker/cache"}),
        ("adapter_config.json", {"peft_type": "LORA", "base_model_name_or_path": "../../../tmp/model"}),
        ("config.json", {"backbone": "hf-hub:attacker/model", "use_timm_backbone": True}),
        ("config.json", {"quantization_config": {"quant_method": "attackers", "modules": ["x"]}}),
        ("config.json", {"configuration_files": ["config.9.9.9.json"]}),
        ("config.json", {"fusion_config": {"x": 1}}),
        ("config.json", {"transformers_weights": "x.bin"}),
        ("config.json", {"detectron2_config_args": {"MODEL.WEIGHTS": "https://attacker/x.pkl"}}),
    ],
)
def test_other_places(tmp_path: Path, name: str, config: dict[str, Any]) -> None:
    """Arguments of a program, other repositories, other files."""
    put(tmp_path, name, config)
    assert audited(tmp_path).rules == {"config.redirect"}


@pytest.mark.parametrize("name", ["custom_generate", "auto_map"])
def test_generation(tmp_path: Path, name: str) -> None:
    """A loop of generation from a repository."""
    assert audited(folder(tmp_path, generation_config_json={name: "attacker/x"})).rules == {
        "config.remote-code"
    }


@pytest.mark.parametrize("mapping", ["os", "transformers_evil.x", "importlib"])
def test_adapters_import(tmp_path: Path, mapping: str) -> None:
    """The library of an adapter's base model is imported."""
    config = {"peft_type": "LORA", "auto_mapping": {"base_model_class": "X", "parent_library": mapping}}
    assert audited(folder(tmp_path, adapter_config_json=config)).rules == {"config.instantiates-callable"}


def test_tags(tmp_path: Path) -> None:
    """YAML that constructs, by tags of Python and of Java; the latter is how SnakeYAML was taken over.

    https://nvd.nist.gov/vuln/detail/CVE-2020-14343
    https://nvd.nist.gov/vuln/detail/CVE-2022-1471
    """
    put(tmp_path, "a.yaml", "x: !!python/object/apply:os.system ['id']\n")
    put(tmp_path, "b.yaml", "!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[]]]\n")
    put(tmp_path, "README.md", "---\nx: !!python/object/new:type [a]\n---\n")
    outcome = audited(tmp_path)
    assert outcome.rules == {"config.instantiates-callable"}
    assert {place.partition(":")[0] for place in outcome.places} == {"a.yaml", "b.yaml", "README.md"}


def test_a_missing_and_a_foreign_shard(tmp_path: Path) -> None:
    """Only some of the shards are there, and one that nobody names."""
    put(tmp_path, "model.safetensors.index.json",
        {"weight_map": {"a": "model-00001-of-00002.safetensors",
        "b": "model-00002-of-00002.safetensors"}})  # fmt: skip
    put(tmp_path, "model-00001-of-00002.safetensors", tensors("a"))
    assert audited(tmp_path).rules == {"index.incomplete"}
    put(tmp_path, "model-00002-of-00002.safetensors", tensors("b"))
    assert not audited(tmp_path).denied
    put(tmp_path, "model-00003-of-00003.safetensors", tensors("a"))
    assert audited(tmp_path).rules == {"index.incomplete"}


@pytest.mark.parametrize(
    "text",
    [
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n",
        b"version https://git-lfs.github.com/spec/v1\r\noid sha256:" + b"0" * 64 + b"\r\nsize 9\r\n",
        b"version https://hawser.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:"
        + b"0" * 64
        + b"\nsize 9\n"
        + b"# x\n" * 999,
        b"# xet version 0\nfilesize = 9\nhash = '" + b"0" * 64 + b"'\n",
    ],
)
@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin", "sub/x.ckpt"])
def test_pointers_in_place_of_weights(tmp_path: Path, name: str, text: bytes) -> None:
    """The file itself is missing, however the pointer was changed."""
    put(tmp_path, name, text)
    assert audited(tmp_path).rules == {"artifact.unrecognised"}


@pytest.mark.parametrize("content", [b"", b"not here", b"{}", b"<html>404</html>"])
@pytest.mark.parametrize(
    "name", ["model.safetensors", "pytorch_model.bin", "unet/diffusion_model.safetensors"]
)
def test_text_in_place_of_weights(tmp_path: Path, name: str, content: bytes) -> None:
    """An empty file, a page of an error, an empty document."""
    put(tmp_path, name, content)
    assert audited(tmp_path).rules == {"artifact.malformed"}


def test_an_unfinished_merge(tmp_path: Path) -> None:
    """Marks of a conflict in a configuration."""
    text = '<<<<<<< HEAD\n{"a": 1}\n=======\n{"a": 2}\n>>>>>>> x\n'
    for name in ("config.json", "tokenizer_config.json", "generation_config.json"):
        put(tmp_path, name, text)
    outcome = audited(tmp_path)
    assert outcome.rules == {"artifact.malformed"}
    assert len(outcome.places) == 3


@pytest.mark.parametrize("text", [
    '[core]\n\tbare = true\n\tfsmonitor = "touch /tmp/x; false"\n',
    "[core]\nrepositoryformatversion = 0\nhooksPath = hooks\n",
    "[core]\nsshCommand = /tmp/x\n",
    "[alias]\nstatus = !touch /tmp/x\n",
    '[filter "x"]\nclean = /tmp/x\n',
    "[diff]\nexternal = /tmp/x\n",
])  # fmt: skip
def test_buried_repositories(tmp_path: Path, text: str) -> None:
    """A bare repository in a plain folder: git runs what its configuration names.

    https://nvd.nist.gov/vuln/detail/CVE-2022-24765
    """
    put(tmp_path, "data/HEAD", "ref: refs/heads/main\n")
    put(tmp_path, "data/config", text)
    assert audited(tmp_path).rules == {"config.instantiates-callable"}


@pytest.mark.parametrize("line", ["url = --upload-pack=touch x", "url = ext::sh -c id", "update = !touch x"])
def test_submodules(tmp_path: Path, line: str) -> None:
    """Addresses that are options, and updates that are commands: CVE-2018-17456, CVE-2019-19604.

    https://nvd.nist.gov/vuln/detail/CVE-2018-17456
    https://nvd.nist.gov/vuln/detail/CVE-2019-19604
    """
    put(tmp_path, ".gitmodules", f'[submodule "x"]\n\tpath = x\n\t{line}\n')
    assert audited(tmp_path).rules == {"config.instantiates-callable"}


@pytest.mark.parametrize("name", ["mod\u0435l.safetensors", "model.safetensors\u200b",
"model\u202e.safetensors",
                                  "config.json.", "config.json ", "nul.json"])  # fmt: skip
def test_names_that_pass_for_others(tmp_path: Path, name: str) -> None:
    """Letters of another script, characters that nobody sees, what Windows drops or keeps for itself."""
    put(tmp_path, name, tensors("a") if "model" in name else {})
    assert "artifact.name-collision" in audited(tmp_path).rules


@pytest.mark.parametrize(
    ("part", "rule"),
    [
        (
            [None, None, {"repo": "attacker/x", "type_hint": ["diffusers", "AutoencoderKL"]}],
            "config.redirect",
        ),
        (["diffusers", "AutoencoderKL", {"pretrained_model_name_or_path": "attacker/x"}], "config.redirect"),
        ([None, None, {"repo": None, "type_hint": ["os", "system"]}], "config.instantiates-callable"),
        ([None, None, {"repo": None, "type_hint": ["my_vae", "Vae"]}], "config.remote-code"),
        ([None, None, {"repo": None, "type_hint": ["diffusers", "AutoencoderKL"]}], None),
    ],
)
def test_parts_of_modular_pipelines(tmp_path: Path, part: list[Any], rule: str | None) -> None:
    """Each part names the repository that it comes from; one that names none lies in the folder."""
    put(tmp_path, "modular_model_index.json", {"_class_name": "SequentialPipelineBlocks", "vae": part})
    assert audited(tmp_path).rules == ({rule} if rule else set())


def test_settings_of_openvino_in_a_file(tmp_path: Path) -> None:
    """sentence-transformers opens what `ov_config` names; written out it is data."""
    settings = {"backend": "openvino", "model_args": {"ov_config": "../../secret.json"}}
    assert audited(folder(tmp_path, sentence_bert_config_json=settings)).rules == {"config.redirect"}
    settings["model_args"] = {"ov_config": {"PERFORMANCE_HINT": "LATENCY"}}
    assert audited(folder(tmp_path, sentence_bert_config_json=settings)).rules == set()
