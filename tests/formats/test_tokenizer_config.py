"""Settings beside a tokenizer: typed where they are read, and every error has a name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from safeload.errors import FormatError
from safeload.formats import tokenizer_config as format_
from safeload.formats.chat_template import TemplateNotUtf8, TemplateTooLarge, parse_chat_template
from safeload.formats.tokenizer_config import (
    parse_added_tokens,
    parse_special_tokens_map,
    parse_tokenizer_config,
)
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace


def view(value: Any) -> BytesView:
    return BytesView(json.dumps(value).encode())


def test_a_real_configuration() -> None:
    """Known fields are typed, unknown ones are kept unread."""
    record = parse_tokenizer_config(
        view(
            {
                "tokenizer_class": "BertTokenizer", "model_max_length": 10**30, "do_lower_case": True,
                "strip_accents": None, "cls_token": "[CLS]", "never_split": None,
                "mask_token": {"__type": "AddedToken", "content": "[MASK]", "lstrip": True},
                "added_tokens_decoder": {"0": {"content": "[PAD]", "special": True}},
                "extra_special_tokens": {"image_token": "<image>"}, "padding_side": "left",
            }
        ),
        DEFAULT_LIMITS,
    )  # fmt: skip
    assert record.tokenizer_class == "BertTokenizer"
    assert record.values["model_max_length"] == 10**30
    assert record.templates == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{ x }}", [("chat_template", "default", "{{ x }}")]),
        ({"tool": "a"}, [("chat_template.0", "tool", "a")]),
        ([{"name": "default", "template": "b"}], [("chat_template.0", "default", "b")]),
        (None, []),
    ],
)
def test_templates_of_each_form(value: Any, expected: list[tuple[str, str, str]]) -> None:
    """One text, named texts, or a list of them."""
    record = parse_tokenizer_config(view({"chat_template": value}), DEFAULT_LIMITS)
    assert [(item.where, item.name, item.text) for item in record.templates] == expected


@pytest.mark.parametrize(
    "values",
    [
        {"cls_token": 5},
        {"image_token": {"content": "x", "path": "y"}},
        {"cls_token": {"lstrip": True}},
        {"cls_token": {"content": "x", "path": "y"}},
        {"cls_token": {"content": "x", "lstrip": 1}},
        {"additional_special_tokens": "x"},
        {"extra_special_tokens": [1]},
        {"extra_special_tokens": {"a_token": 1}},
        {"extra_special_tokens": {"model_max_length": "x"}},
        {"extra_special_tokens": {"_backend_token": "x"}},
        {"do_lower_case": "yes"},
        {"strip_accents": 1},
        {"padding_side": "top"},
        {"truncation_side": None},
        {"model_max_length": "512"},
        {"model_max_length": True},
        {"model_max_length": -1},
        {"tokenizer_class": ["a", "b"]},
        {"model_input_names": "input_ids"},
        {"added_tokens_decoder": []},
        {"added_tokens_decoder": {"x": {"content": "a"}}},
        {"added_tokens_decoder": {"1": "a"}},
        {"added_tokens_decoder": {"12345678901": {"content": "a"}}},
        {"chat_template": 5},
        {"chat_template": [{"name": "x"}]},
        {"chat_template": ["x"]},
    ],
)
def test_wrong_types(values: dict[str, Any]) -> None:
    """A field that is read has the type that it is read with."""
    with pytest.raises(format_.SettingWrong):
        parse_tokenizer_config(view(values), DEFAULT_LIMITS)


def test_special_tokens_map() -> None:
    """Tokens as text or object, and nothing else."""
    record = parse_special_tokens_map(view({"bos_token": {"content": "<s>"}, "x": 1}), DEFAULT_LIMITS)
    assert record.values["bos_token"] == {"content": "<s>"}
    with pytest.raises(format_.SettingWrong):
        parse_special_tokens_map(view({"bos_token": ["<s>"]}), DEFAULT_LIMITS)


def test_added_tokens() -> None:
    """Token to id, each id once."""
    assert parse_added_tokens(view({"<x>": 9}), DEFAULT_LIMITS).ids == {"<x>": 9}
    bad: Any
    for bad in ({"<x>": -1}, {"<x>": "9"}, {"a": 1, "b": 1}, []):
        with pytest.raises(FormatError):
            parse_added_tokens(view(bad), DEFAULT_LIMITS)


def test_not_an_object_and_too_large() -> None:
    """The whole file is one object within the budget."""
    with pytest.raises(format_.SettingsNotAnObject):
        parse_tokenizer_config(view([]), DEFAULT_LIMITS)
    with pytest.raises(format_.SettingsTooLarge):
        parse_tokenizer_config(view({}), replace(DEFAULT_LIMITS, json_bytes=1))
    many = {"added_tokens_decoder": {"0": {"content": "a"}, "1": {"content": "b"}}}
    with pytest.raises(format_.SettingsTooLarge):
        parse_tokenizer_config(view(many), replace(DEFAULT_LIMITS, vocab_entries=1))


def test_template_files() -> None:
    """A template is kept as text; what is no text is refused."""
    record = parse_chat_template(BytesView("{{ é }}".encode()), "chat_template.jinja", DEFAULT_LIMITS)
    assert (record.name, record.text) == ("default", "{{ é }}")
    assert parse_chat_template(BytesView(b""), "tool.jinja", DEFAULT_LIMITS).name == "tool"
    with pytest.raises(TemplateNotUtf8):
        parse_chat_template(BytesView(b"\xff"), "x.jinja", DEFAULT_LIMITS)
    with pytest.raises(TemplateTooLarge):
        parse_chat_template(BytesView(b"xx"), "x.jinja", replace(DEFAULT_LIMITS, small_file_bytes=1))
