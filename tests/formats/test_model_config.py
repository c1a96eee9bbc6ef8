"""config.json as a typed record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.formats.config_fields import TABLES
from safeload.formats.field_values import FieldOutOfBounds, FieldTypeWrong, ValueNotListed
from safeload.formats.json_strict import JsonDuplicateKey, JsonTooLarge
from safeload.formats.model_config import (
    FieldsDisagree,
    LabelsMalformed,
    NotAConfig,
    TooManyLabels,
    interpret,
    override,
    parse_model_config,
)
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits

MINILM = b"""{
  "_name_or_path": "nreimers/MiniLM-L6-H384-uncased", "architectures": ["BertModel"],
  "attention_probs_dropout_prob": 0.1, "gradient_checkpointing": false, "hidden_act": "gelu",
  "hidden_dropout_prob": 0.1, "hidden_size": 384, "initializer_range": 0.02,
  "intermediate_size": 1536, "layer_norm_eps": 1e-12, "max_position_embeddings": 512,
  "model_type": "bert", "num_attention_heads": 12, "num_hidden_layers": 6, "pad_token_id": 0,
  "position_embedding_type": "absolute", "transformers_version": "4.8.2", "type_vocab_size": 2,
  "use_cache": true, "vocab_size": 30522
}"""


def _bert(**fields: Any) -> dict[str, Any]:
    return {"model_type": "bert", **fields}


def test_a_published_file() -> None:
    """The config of a published MiniLM has no unknown field, and defaults fill the rest."""
    config = parse_model_config(BytesView(MINILM), DEFAULT_LIMITS)
    assert config.model_type == "bert"
    assert config.architectures == ("BertModel",)
    assert config.unknown == ()
    assert config.fields["hidden_size"] == 384
    assert config.fields["is_decoder"] is False
    assert config.inert["transformers_version"] == "4.8.2"
    assert config.id2label == {0: "LABEL_0", 1: "LABEL_1"}


@pytest.mark.parametrize("model_type", sorted(TABLES))
def test_defaults_fit_their_own_table(model_type: str) -> None:
    """A config that says nothing but its type is valid."""
    config = interpret({"model_type": model_type})
    assert config.known
    assert set(config.fields) == set(TABLES[model_type].fields)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([], NotAConfig),
        ("bert", NotAConfig),
        ({"model_type": 3}, NotAConfig),
        ({"model_type": ["bert"]}, NotAConfig),
        (_bert(architectures="BertModel"), FieldTypeWrong),
        (_bert(architectures=[{}]), FieldTypeWrong),
        (_bert(hidden_size="768"), FieldTypeWrong),
        (_bert(hidden_size=768.0), FieldTypeWrong),
        (_bert(hidden_size=True), FieldTypeWrong),
        (_bert(hidden_size=None), FieldTypeWrong),
        (_bert(hidden_size=[768]), FieldTypeWrong),
        (_bert(is_decoder=1), FieldTypeWrong),
        (_bert(eos_token_id=["</s>"]), FieldTypeWrong),
        (_bert(eos_token_id=[[1]]), FieldTypeWrong),
        (_bert(hidden_act=7), FieldTypeWrong),
        (_bert(num_labels="3"), FieldTypeWrong),
        (_bert(hidden_size=0), FieldOutOfBounds),
        (_bert(num_hidden_layers=10**9), FieldOutOfBounds),
        (_bert(num_hidden_layers=-1), FieldOutOfBounds),
        (_bert(vocab_size=10**30), FieldOutOfBounds),
        (_bert(hidden_dropout_prob=1.5), FieldOutOfBounds),
        (_bert(eos_token_id=[-2]), FieldOutOfBounds),
        (_bert(hidden_act="os.system"), ValueNotListed),
        (_bert(torch_dtype="load"), ValueNotListed),
        (_bert(dtype="float8_e4m3fn"), ValueNotListed),
        (_bert(problem_type="anything"), ValueNotListed),
        (_bert(position_embedding_type="rotary"), ValueNotListed),
        (_bert(hidden_size=10, num_attention_heads=3), FieldsDisagree),
        (_bert(pad_token_id=10, vocab_size=10), FieldsDisagree),
        (_bert(dtype="float32", torch_dtype="float16"), FieldsDisagree),
        ({"model_type": "distilbert", "dim": 96, "hidden_size": 768}, FieldsDisagree),
        (_bert(problem_type="single_label_classification", num_labels=1), FieldsDisagree),
        (_bert(id2label=["a"]), LabelsMalformed),
        (_bert(id2label={"a": "b"}), LabelsMalformed),
        (_bert(id2label={"-1": "b"}), LabelsMalformed),
        (_bert(id2label={"٣": "b"}), LabelsMalformed),
        (_bert(id2label={"1": "b", "01": "c"}), LabelsMalformed),
        (_bert(id2label={"9" * 7: "b"}), LabelsMalformed),
        (_bert(id2label={"0": ["b"]}), LabelsMalformed),
        (_bert(id2label={"0": "b"}, label2id=[0]), LabelsMalformed),
        (_bert(id2label={"0": "b"}, label2id={"b": {}}), LabelsMalformed),
        (_bert(num_labels=100_001), TooManyLabels),
        (_bert(num_labels=-1), TooManyLabels),
    ],
)
def test_each_way_to_be_wrong(value: Any, error: type[FormatError]) -> None:
    """Each wrong field raises its own error, and nothing else."""
    with pytest.raises(error):
        interpret(value)


def test_unknown_names_are_listed_without_values() -> None:
    """A field outside the table is named, and its value is nowhere in the record."""
    config = interpret(_bert(auto_map={"AutoModel": "x.Y"}, _attn_implementation_internal="a/b"))
    assert config.unknown == ("auto_map", "_attn_implementation_internal")
    assert "a/b" not in repr(config)


def test_unknown_model_type_parses() -> None:
    """A config of another architecture is a record without fields."""
    config = interpret({"model_type": "never-heard-of", "architectures": ["X"], "hidden_size": []})
    assert not config.known
    assert config.fields == {}
    assert config.architectures == ("X",)


def test_labels() -> None:
    """Labels are numbered by integers, and the inverse is filled in."""
    config = interpret(_bert(id2label={"0": "NEG", "1": "POS", "2": "MIX"}, num_labels=3))
    assert config.id2label == {0: "NEG", 1: "POS", 2: "MIX"}
    assert config.label2id == {"NEG": 0, "POS": 1, "MIX": 2}
    assert interpret(_bert(num_labels=3)).id2label == {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}


def test_another_number_of_labels_starts_a_new_numbering() -> None:
    """`num_labels` beats the names, as in the reference: old writers set the one and kept the other."""
    config = interpret(_bert(id2label={"0": "NEG", "1": "POS"}, label2id={"NEG": 0, "POS": 1}, num_labels=3))
    assert config.id2label == {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
    assert config.label2id == {"LABEL_0": 0, "LABEL_1": 1, "LABEL_2": 2}


def test_label2id_alone_is_kept() -> None:
    """The file's or the caller's inverse is not dropped where no names are given."""
    assert interpret(_bert(label2id={"a": 0, "b": 1})).label2id == {"a": 0, "b": 1}
    assert override(interpret(_bert()), {"label2id": {"a": 0}}).label2id == {"a": 0}
    assert override(interpret(_bert()), {"num_labels": 3, "label2id": {"a": 0}}).label2id == {"a": 0}


def test_a_caller_who_contradicts_himself() -> None:
    """Two arguments that cannot both hold are refused: neither is passed over."""
    with pytest.raises(FieldsDisagree, match="num_labels is 3, and id2label has 2"):
        override(interpret(_bert()), {"num_labels": 3, "id2label": {0: "a", 1: "b"}})


def test_aliases() -> None:
    """Names that only distilbert has and the common ones mean the same field."""
    config = interpret({"model_type": "distilbert", "hidden_size": 96, "torch_dtype": "float16"})
    assert config.fields["dim"] == 96
    assert config.fields["dtype"] == "float16"


def test_override() -> None:
    """Fields can be set anew under the same checks; another number of labels starts a new numbering."""
    config = interpret(_bert(id2label={"0": "NEG", "1": "POS"}, label2id={"NEG": 0, "POS": 1}))
    assert override(config, {"num_labels": 2}).id2label == {0: "NEG", 1: "POS"}
    three = override(config, {"num_labels": 3})
    assert three.id2label == {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
    assert three.label2id == {"LABEL_0": 0, "LABEL_1": 1, "LABEL_2": 2}
    assert override(config, {"id2label": {0: "a"}}).label2id == {"a": 0}
    with pytest.raises(FieldOutOfBounds):
        override(config, {"hidden_size": 0})
    with pytest.raises(NotAConfig, match="trust_me is not a field"):
        override(config, {"trust_me": 1})


def test_bytes_are_bounded_and_strict() -> None:
    """Size is checked before reading, and duplicate keys do not get as far as the table."""
    with pytest.raises(JsonTooLarge):
        parse_model_config(BytesView(MINILM), Limits(json_bytes=len(MINILM) - 1))
    with pytest.raises(JsonDuplicateKey):
        parse_model_config(BytesView(b'{"model_type": "bert", "model_type": "gpt2"}'), DEFAULT_LIMITS)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
_NAMES = st.sampled_from(
    sorted({*TABLES["bert"].fields, "id2label", "label2id", "num_labels", "architectures", "torch_dtype"})
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_NAMES, _VALUES, max_size=4))
def test_any_values_give_a_record_or_a_format_error(fields: dict[str, Any]) -> None:
    """Whatever JSON stands in the fields, only FormatError leaves the parser."""
    try:
        data = json.dumps(_bert(**fields)).encode()
        config = parse_model_config(BytesView(data), DEFAULT_LIMITS)
    except FormatError:
        return
    assert config.known
