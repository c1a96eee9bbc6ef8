"""generation_config.json as a typed record."""

from __future__ import annotations

from typing import Any

import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import Role
from safeload.errors import FormatError
from safeload.formats.field_values import FieldOutOfBounds, FieldTypeWrong
from safeload.formats.generation_config import FIELDS, UNDONE, NotAGenerationConfig, check_setting, interpret
from safeload.formats.layout import role_of

LLAMA3 = {
    "bos_token_id": 128_000,
    "do_sample": True,
    "eos_token_id": [128_001, 128_008, 128_009],
    "max_length": 131_072,
    "temperature": 0.6,
    "top_p": 0.9,
    "transformers_version": "4.40.0.dev0",
}
"""As published with Llama 3.1."""
WHISPER = {
    "alignment_heads": [[5, 3], [5, 9]],
    "begin_suppress_tokens": [220, 50_257],
    "bos_token_id": 50_257,
    "decoder_start_token_id": 50_258,
    "eos_token_id": 50_257,
    "forced_decoder_ids": [[1, None], [2, 50_359]],
    "lang_to_id": {"<|af|>": 50_327},
    "max_initial_timestamp_index": 50,
    "max_length": 448,
    "pad_token_id": 50_257,
    "return_timestamps": False,
    "suppress_tokens": [1, 2, 7],
}


def test_published_files() -> None:
    """What the writers of large models state is read; what is for others is listed by name."""
    record = interpret(LLAMA3)
    assert record.fields == {key: value for key, value in LLAMA3.items() if key != "transformers_version"}
    assert record.undone == ()
    assert record.unknown == ("transformers_version",)
    record = interpret(WHISPER)
    assert record.undone == ("begin_suppress_tokens", "forced_decoder_ids")
    assert "lang_to_id" in record.unknown
    assert record.fields["suppress_tokens"] == [1, 2, 7]


def test_names_are_those_of_the_reference() -> None:
    """Every setting that the reference has is known, or is one that changes no text of ours."""
    theirs = set(vars(transformers.GenerationConfig())) - {"_from_model_config", "transformers_version"}
    assert set(FIELDS) <= theirs
    # of a search over several texts, of the cache, of compilation, of a second model
    others = theirs - set(FIELDS) - set(UNDONE)
    words = ("assist", "cache", "compil", "batching", "prompt_lookup", "ngram", "lookbehind", "penalty")
    rest = {name for name in others if not any(word in name for word in words)}
    assert rest <= {
        "early_stopping", "decoder_start_token_id", "low_memory", "prefill_chunk_size", "speculation_type",
        "output_attentions", "output_hidden_states",
    }  # fmt: skip


def test_nothing_is_asked_for_by_nothing() -> None:
    """Null, and the value that does nothing, are as good as absent."""
    quiet = {name: values[0] for name, values in UNDONE.items() if values}
    record = interpret({**quiet, **dict.fromkeys(FIELDS)})
    assert record.fields == {}
    assert record.undone == ()
    asked = interpret(dict.fromkeys(UNDONE, 7))
    assert asked.undone == tuple(UNDONE)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([], NotAGenerationConfig),
        ("max_length", NotAGenerationConfig),
        ({"max_length": {}}, FieldTypeWrong),
        ({"max_length": [20]}, FieldTypeWrong),
        ({"max_length": True}, FieldTypeWrong),
        ({"max_length": 2**31 + 1}, FieldOutOfBounds),
        ({"max_new_tokens": -1}, FieldOutOfBounds),
        ({"do_sample": "yes"}, FieldTypeWrong),
        ({"temperature": {"value": 1}}, FieldTypeWrong),
        ({"temperature": -0.1}, FieldOutOfBounds),
        ({"temperature": float("inf")}, FieldOutOfBounds),
        ({"temperature": float("nan")}, FieldOutOfBounds),
        ({"top_p": 1.1}, FieldOutOfBounds),
        ({"top_k": 10**40}, FieldOutOfBounds),
        ({"num_return_sequences": 10**6}, FieldOutOfBounds),
        ({"eos_token_id": [1] * 1_000_000}, FieldOutOfBounds),
        ({"eos_token_id": [[1]]}, FieldTypeWrong),
        ({"eos_token_id": {"a": 1}}, FieldTypeWrong),
        ({"eos_token_id": 10**12}, FieldOutOfBounds),
        ({"pad_token_id": "0"}, FieldTypeWrong),
        ({"suppress_tokens": list(range(2_000))}, FieldOutOfBounds),
    ],
)
def test_what_cannot_be(value: Any, error: type[FormatError]) -> None:
    """Every error by the smallest document that raises it."""
    with pytest.raises(error):
        interpret(value)


def test_huge_lengths_are_numbers() -> None:
    """A length is a number: what is written on its word is for the model to bound."""
    assert interpret({"max_length": 2**31}).fields == {"max_length": 2**31}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*FIELDS, *UNDONE, "x"]), _JSON, max_size=5))
def test_any_object(value: dict[str, Any]) -> None:
    """Any object gives fields within their bounds, or a FormatError."""
    try:
        record = interpret(value)
    except FormatError:
        return
    for name, item in record.fields.items():
        check_setting(name, item)
    assert set(record.undone) <= set(UNDONE)
    assert not {*record.fields, *record.undone} & set(record.unknown)


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("generation_config.json", Role.GENERATION),
        ("x/generation_config.json", Role.OTHER),
        ("generation_config.json.bak", Role.OTHER),
    ],
)
def test_role(path: str, role: Role) -> None:
    """Only the file in the root is the model's."""
    assert role_of(path) is role
