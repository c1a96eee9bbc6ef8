"""Which class a configuration stands for: as transformers chooses, from closed tables."""

from __future__ import annotations

import pytest

from safeload.formats.regex_list import KNOWN
from safeload.formats.tokenizer_classes import CLASSES, MODEL_TYPES, PLAIN, choose_class


@pytest.mark.parametrize(
    ("named", "model_type", "expected"),
    [
        (None, None, PLAIN),
        (None, "bert", "BertTokenizer"),
        (None, "distilbert", "BertTokenizer"),
        (None, "never-heard-of", PLAIN),
        ("BertTokenizerFast", "bert", "BertTokenizer"),
        ("DistilBertTokenizer", "distilbert", "DistilBertTokenizer"),
        ("LlamaTokenizerFast", "mistral", PLAIN),
        ("LlamaTokenizer", "qwen2", "Qwen2Tokenizer"),
        ("LlamaTokenizer", "llama", "LlamaTokenizer"),
        ("BertForSequenceClassification", "bert", "BertForSequenceClassification"),
    ],
)
def test_choice(named: str | None, model_type: str | None, expected: str) -> None:
    """The named class, unless the model type is known for wrong names."""
    assert choose_class(named=named, model_type=model_type) == expected


def test_tables_are_closed() -> None:
    """Every model type leads to a class in the table, and no class is a model."""
    assert set(MODEL_TYPES.values()) <= set(CLASSES)
    assert "BertForSequenceClassification" not in CLASSES
    assert all(name.endswith(("Tokenizer", PLAIN)) for name in CLASSES)


def test_model_types_are_those_of_transformers() -> None:
    """The table has no class for a model type that transformers would not use."""
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    for model_type, name in MODEL_TYPES.items():
        theirs = TOKENIZER_MAPPING_NAMES.get(model_type)
        if theirs is None or theirs == "MistralCommonBackend":  # needs a package that is not installed
            continue
        assert CLASSES[theirs.removesuffix("Fast")].name == CLASSES[name].name, model_type


def test_known_expressions_compile() -> None:
    """Each listed expression is one that the library accepts."""
    from tokenizers import Regex

    for pattern in KNOWN:
        assert Regex(pattern)
