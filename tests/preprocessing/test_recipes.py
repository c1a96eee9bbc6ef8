"""Recipes are data: each class of the table has one, and what they hold passes what files have to pass."""

from __future__ import annotations

from typing import Any

import pytest

from safeload.errors import UsageError
from safeload.formats.json_strict import dump_canonical
from safeload.formats.regex_list import KNOWN
from safeload.formats.tokenizer_classes import CLASSES, PLAIN, SENTENCEPIECE, choose_class
from safeload.formats.tokenizer_json import parse_tokenizer_json
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.preprocessing.recipe_parts import Need, ends
from safeload.preprocessing.recipes import EXTRA, RECIPES, t5_extra
from safeload.preprocessing.spm import merges, renamed
from tests.forge.tokenizers import tokenizer_json

TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


def test_the_table_and_the_recipes_name_the_same_classes() -> None:
    """A class that is built by recipe has one, and no recipe is for nobody."""
    assert {name for name, known in CLASSES.items() if known.build == "own" and known.name == name} == set(
        RECIPES
    )
    assert EXTRA.keys() <= RECIPES.keys()
    assert SENTENCEPIECE.keys() <= {*RECIPES, PLAIN}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("switched", [False, True])
def test_a_recipe_would_pass_as_a_file(name: str, switched: bool) -> None:  # noqa: FBT001
    """Its parts follow the schema that a tokenizer.json has to follow, and its expressions are known ones."""
    names = ("add_prefix_space", "trim_offsets", "legacy", "keep_accents", "do_lower_case", "split_by_punct")
    values: dict[str, Any] = dict.fromkeys(names, switched)
    table = {"type": "Precompiled", "precompiled_charsmap": "AAAA"} if switched else None
    recipe = RECIPES[name](Need(values, {token: f"<{token}>" for token in TOKENS}, table))
    finish = recipe.finish or recipe.otherwise
    document = tokenizer_json(
        normalizer=recipe.normalizer,
        pre_tokenizer=recipe.pre_tokenizer,
        decoder=recipe.decoder,
        post_processor=finish(lambda token: (token, 7)) if finish else None,
    )
    record = parse_tokenizer_json(BytesView(dump_canonical(document)), DEFAULT_LIMITS)
    assert {use.pattern for use in record.regexes} <= KNOWN


def test_ends() -> None:
    """Marks that are asked for and known go around each text, in its type."""
    special = {"bos_token": "<s>", "eos_token": None}
    made = ends(special, bos=True, eos=True)(lambda name: (str(special[name]), 5))
    mark = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    assert made["single"] == [mark, {"Sequence": {"id": "A", "type_id": 0}}]
    assert made["pair"][2:] == [
        {"SpecialToken": {"id": "<s>", "type_id": 1}},
        {"Sequence": {"id": "B", "type_id": 1}},
    ]
    assert made["special_tokens"] == {"<s>": {"id": "<s>", "ids": [5], "tokens": ["<s>"]}}


@pytest.mark.parametrize("value", [-1, "x", True, 10**9, None])
def test_extra_ids_are_a_small_number(value: object) -> None:
    """A setting does not ask for a million tokens."""
    with pytest.raises(UsageError, match="extra_ids"):
        t5_extra({"extra_ids": value})
    assert t5_extra({"extra_ids": 2}) == ("<extra_id_0>", "<extra_id_1>")


def test_a_class_that_cannot_work_on_bytes_is_not_chosen_for_them() -> None:
    """Llama 3 names the class of Llama 2; a type with its own rule keeps it."""
    named = {"named": "LlamaTokenizerFast", "model_type": "llama"}
    assert choose_class(**named) == "LlamaTokenizer"
    assert choose_class(**named, byte_level=True) == PLAIN
    assert choose_class(named="LlamaTokenizer", model_type="qwen2", byte_level=True) == "Qwen2Tokenizer"


def test_merges() -> None:
    """By the id of what they make, the shortest first part first; placeholders take their new names."""
    vocab = {"a": 0, "b": 1, "ab": 2, "aba": 3, "ba": 4}
    assert merges(vocab) == [("a", "b"), ("a", "ba"), ("ab", "a"), ("b", "a")]
    assert renamed({"x": 0, "y": 1}, [(0, "<x>"), (1, "x"), (9, "z")]) == {"<x>": 0, "x": 1}
