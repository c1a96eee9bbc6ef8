"""scanners._json_keys: keys that ask a loader for behaviour are facts, ordinary ones are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safeload.core import Location
from safeload.scanners._json_keys import MOST_FACTS, behaviour_facts, keras_document

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
        ({"use_timm_backbone": True, "backbone": "resnet50"}, "config.redirect"),
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
)
def test_fires(value: Json, kind: str) -> None:
    """Each key, at the top and inside objects and arrays, gives one fact of its kind."""
    assert [found for found, _ in kinds(value)] == [kind]
    assert [found for found, _ in kinds({"text_config": [{"x": value}]})] == [kind]


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
        {"type": "ByteLevel", "text": "..", "model_type": "bert", "architectures": ["BertModel"]},
        {"type": "library.Thing", "name": "x", "event": {"type": "a.b.c"}},
        [1, "a", None, [], {}],
        "auto_map",
    ],
)
def test_stays_quiet(value: Json) -> None:
    """Ordinary values of the same keys, and the same words elsewhere, give no fact."""
    assert kinds(value) == []


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
