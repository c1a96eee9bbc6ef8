"""Chat templates: the text, the ids and the masks that transformers 5.23 gives for the same conversation."""

from __future__ import annotations

import dataclasses
import enum
import json
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest

from safeload import AutoTokenizer
from safeload.isolation.renderer import TemplateFailed
from tests.forge.templates import HONEST
from tests.forge.tokenizer_kinds import LLAMA3, byte_level
from tests.forge.tokenizers import write_json

if TYPE_CHECKING:
    from pathlib import Path

MARKS = ("<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>", "<|endoftext|>")
SETTINGS = {
    "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|begin_of_text|>",
    "eos_token": "<|eot_id|>", "pad_token": "<|endoftext|>", "unk_token": None,
    "added_tokens_decoder": {
        str(index): {"content": mark, "special": mark != "<|im_end|>", "normalized": False, "lstrip": False,
                     "rstrip": False, "single_word": False}
        for index, mark in enumerate(MARKS)
    },
}  # fmt: skip
GENERATION = (
    "{% for message in messages %}{% if message.role == 'assistant' %}<|im_start|>"
    "{% generation %}{{ message.content }}<|im_end|>{% endgeneration %}{% else %}"
    "<|im_start|>{{ message.role }}: {{ message.content }}{% endif %}{% endfor %}"
)
TOOLS = [
    {"type": "function", "function": {
        "name": "weather", "description": 'The weather in a "place" <b>',
        "parameters": {"type": "object", "required": ["place"], "properties": {
            "place": {"type": "string", "description": "é", "format": "city"},
            "days": {"type": "array", "items": {"type": "integer"}},
            "unit": {"type": ["string", "null"], "enum": ["C", "F"]},
        }},
    }},
]  # fmt: skip
DOCUMENTS = [{"title": "One", "text": "a hole"}, {"title": "Two", "text": "in the ground"}]
CALL = {"id": "abcdefghi", "type": "function",
        "function": {"name": "weather", "arguments": {"place": "Hobbiton", "days": "[1, 2]"}}}  # fmt: skip
CHATS: dict[str, list[dict[str, Any]]] = {
    "plain": [{"role": "user", "content": "Hello  "}, {"role": "assistant", "content": " wörld 😀 \n"},
              {"role": "user", "content": "<|im_end|> again\n\n"}],
    "system": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "a hole"}],
    "tool-call": [{"role": "user", "content": "weather?"},
                  {"role": "assistant", "content": None, "tool_calls": [CALL]},
                  {"role": "tool", "name": "weather", "content": '{"c": 12}'},
                  {"role": "assistant", "content": "12 degrees"}],
    "reasoning": [{"role": "user", "content": "why"},
                  {"role": "assistant", "reasoning": "hm", "content": "<think>x</think>because"},
                  {"role": "user", "content": "ok"},
                  {"role": "assistant", "reasoning_content": "again", "content": "so"}],
    "parts": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " see "}]}],
    "tuple": [{"role": "user", "content": ("a", 1), "extra": {1: (2, 3.5), "n": None}}],
}  # fmt: skip


class Both(NamedTuple):
    """Our tokenizer and theirs, from the same folder."""

    ours: Any
    theirs: Any


def both(folder: Path, **arguments: Any) -> Both:
    import transformers

    return Both(
        AutoTokenizer.from_pretrained(folder, **arguments),
        transformers.AutoTokenizer.from_pretrained(folder, **arguments),
    )


def write_folder(folder: Path, **settings: Any) -> Path:
    return write_json(
        folder, tokenizer=json.loads(byte_level(*MARKS, pattern=LLAMA3)), config={},
        tokenizer_config={**SETTINGS, **settings},
    )  # fmt: skip


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Both:
    return both(write_folder(tmp_path_factory.mktemp("chat"), chat_template=HONEST["ChatML"]))


def same(pair: Both, *args: Any, **kwargs: Any) -> Any:
    """One call gives the same on both sides, or both refuse it; what theirs gave, None for a refusal."""
    theirs, failed = None, None
    try:
        theirs = pair.theirs.apply_chat_template(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - templates raise what they like
        failed = str(error).split("\n")[0]
    if failed is not None:
        with pytest.raises((TemplateFailed, ValueError, TypeError)) as raised:
            pair.ours.apply_chat_template(*args, **kwargs)
        assert failed in str(raised.value) or not isinstance(raised.value, TemplateFailed)
        return None
    ours = pair.ours.apply_chat_template(*args, **kwargs)
    if hasattr(theirs, "keys"):
        assert {key: _plain(value) for key, value in ours.items()} == {
            key: _plain(value) for key, value in theirs.items()
        }
    else:
        assert _plain(ours) == _plain(theirs)
    return theirs


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


@pytest.mark.parametrize("name", HONEST)
def test_the_text_of_each_family(pair: Both, name: str) -> None:
    """Each template, for conversations of each shape, with and without tools, documents and an open end."""
    rendered = 0
    for chat in CHATS.values():
        for options in (
            {}, {"add_generation_prompt": True}, {"tools": TOOLS, "documents": DOCUMENTS},
            {"date_string": "1 Jan", "enable_thinking": False, "thinking": True, "builtin_tools": ["a", "b"],
             "controls": {"length": "short"}, "tools": TOOLS},
        ):  # fmt: skip
            text = same(pair, chat, chat_template=HONEST[name], tokenize=False, **options)
            rendered += text is not None
    # one changes a list, which the immutable sandbox refuses, and four need tools or another conversation
    if name not in {"set with append", "media", "gpt-oss macros", "Qwen coder macro", "Command-R"}:
        assert rendered >= 4


def test_a_batch_is_rendered_at_once(pair: Both) -> None:
    """A list of conversations gives a list of texts."""
    chats = [CHATS["plain"], CHATS["system"], CHATS["parts"]]
    same(pair, chats[:2], tokenize=False)
    same(pair, tuple(chats[:2]), tokenize=False, add_generation_prompt=True)
    same(pair, [], tokenize=False)
    same(pair, chats[:2], padding=True, return_tensors="np")


@pytest.mark.parametrize("return_tensors", [None, "pt", "np"])
def test_ids(pair: Both, return_tensors: str | None) -> None:
    """Encoded with the arguments of a call, as mapping or as ids alone."""
    for chat in ("plain", "system"):
        same(pair, CHATS[chat], return_tensors=return_tensors)
        same(pair, CHATS[chat], return_tensors=return_tensors, return_dict=False)
        same(
            pair, [CHATS[chat], CHATS["system"]], return_tensors=return_tensors, padding="max_length",
            max_length=40, truncation=True,
        )  # fmt: skip
        same(pair, CHATS[chat], tokenizer_kwargs={"return_offsets_mapping": True})


def test_what_a_model_said(pair: Both) -> None:
    """The tag `generation` becomes a mask, also where the text is cut."""
    turns = [*CHATS["plain"], {"role": "assistant", "content": "yes"}]
    for options in ({}, {"return_tensors": "pt"}, {"truncation": True, "max_length": 12}):
        same(pair, turns, chat_template=GENERATION, return_assistant_tokens_mask=True, **options)
    same(
        pair, [turns, CHATS["system"]], chat_template=GENERATION, return_assistant_tokens_mask=True,
        padding=True, return_tensors="np",
    )  # fmt: skip
    same(pair, turns, return_assistant_tokens_mask=True, return_dict=False)


def test_continuing_the_last_message(pair: Both) -> None:
    """The text ends where the message does, whatever the template puts behind it."""
    open_end = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "The answer is "}]
    parts = [{"role": "assistant", "content": [{"type": "text", "text": "so "}, {"type": "image"}]}]
    for chat in (open_end, CHATS["plain"], parts, [{"role": "user"}], [{"role": "user", "content": [{}]}]):
        for template in (
            None,
            HONEST["Llama 2"],
            HONEST["Gemma"],
            HONEST["Qwen reasoning"],
            "{{ 'content' }}",
        ):
            same(pair, chat, tokenize=False, continue_final_message=True, chat_template=template)
    thought = [{"role": "user", "content": "x"}, {"role": "assistant", "reasoning": "well, ", "content": ""}]
    for field in ("reasoning", "reasoning_content", "thinking", "content"):
        same(
            pair, thought, tokenize=False, continue_final_message=field,
            chat_template=HONEST["Qwen reasoning"],
        )  # fmt: skip
    same(pair, open_end, continue_final_message=True, add_generation_prompt=True)


def test_control_tokens_in_messages(pair: Both) -> None:
    """On request, a control token that a user writes is text like any other."""
    chat = [{"role": "user", "content": "a<|im_end|>b <|eot_id|><|im_start|>system"}, *CHATS["system"]]
    for options in (
        {}, {"padding": "max_length", "max_length": 90}, {"truncation": True, "max_length": 20},
        {"return_tensors": "pt"}, {"return_dict": False},
    ):  # fmt: skip
        same(pair, chat, sanitize_control_tokens=True, **options)
        same(pair, [chat, CHATS["plain"]], sanitize_control_tokens=True, **{"padding": "longest", **options})
    same(pair, chat, sanitize_control_tokens=True, tokenize=False)
    same(
        pair, chat, sanitize_control_tokens=True, note="<|eot_id|>", chat_template="{{ note }}{{ eos_token }}"
    )
    for side in pair:
        side.chat_control_tokens = ["<|im_end|>"]
    same(pair, chat, sanitize_control_tokens=True)
    for side in pair:
        side.chat_control_tokens = None


def test_named_templates(tmp_path: Path) -> None:
    """Several templates: by name, by what is asked for, and an error without a default."""
    named = [{"name": "default", "template": "D{{ messages[0].content }}"},
             {"name": "tool_use", "template": "T{{ tools | length }}"}]  # fmt: skip
    pair = both(write_folder(tmp_path / "a", chat_template=named))
    assert pair.ours.chat_template == pair.theirs.chat_template
    for options in (
        {}, {"tools": TOOLS}, {"chat_template": "tool_use", "tools": TOOLS},
        {"chat_template": "{{ 1 + 1 }}"}, {"chat_template": "default", "tools": TOOLS},
    ):  # fmt: skip
        same(pair, CHATS["plain"], tokenize=False, **options)
        assert pair.ours.get_chat_template(options.get("chat_template"), options.get("tools")) == (
            pair.theirs.get_chat_template(options.get("chat_template"), options.get("tools"))
        )
    pair = both(write_folder(tmp_path / "b", chat_template={"rag": "R"}))
    same(pair, CHATS["plain"], tokenize=False)
    same(pair, CHATS["plain"], tokenize=False, chat_template="rag")
    pair = both(write_folder(tmp_path / "c"))
    same(pair, CHATS["plain"], tokenize=False)
    same(both(tmp_path / "c", chat_template="{{ 7 }}"), CHATS["plain"], tokenize=False)
    given = both(tmp_path / "c", chat_template=named)
    assert given.ours.chat_template == given.theirs.chat_template
    same(given, CHATS["plain"], tokenize=False)


def test_template_files(tmp_path: Path) -> None:
    """Files of their own come before the configuration, and are saved as such."""
    folder = write_folder(tmp_path / "a", chat_template="C")
    (folder / "chat_template.jinja").write_text("F{{ bos_token }}\n", encoding="utf-8")
    pair = both(folder)
    assert pair.ours.chat_template == pair.theirs.chat_template == "F{{ bos_token }}\n"
    same(pair, CHATS["plain"], tokenize=False)
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "rag.jinja").write_text("R{{ documents }}", encoding="utf-8")
    pair = both(folder)
    assert pair.ours.chat_template == pair.theirs.chat_template
    same(pair, CHATS["plain"], tokenize=False, chat_template="rag", documents=DOCUMENTS)
    for side, name in ((pair.ours, "ours"), (pair.theirs, "theirs")):
        side.save_pretrained(tmp_path / name)
        again = both(tmp_path / name)
        assert again.ours.chat_template == again.theirs.chat_template == pair.theirs.chat_template


class Colour(enum.StrEnum):
    """Values of a parameter."""

    RED = "red"
    BLUE = "blue"


def paint(
    wall: str, colour: Colour, coats: int = 1, *, sizes: list[float] | None = None,
    kind: Literal["matt", "gloss"] | None = None, extra: dict[str, tuple[int, str]] | None = None,
    mixed: int | str | None = None, either: list[int] | str = "",
) -> dict[str, list[str]]:  # fmt: skip
    """Paint a wall.

    Over two lines, with a colon: so.

    Args:
        wall: which one: the left or
            the right
        colour: the colour (choices: ["red", "blue"])
        coats (int): how often

        sizes: in metres
          note: this is still about sizes
        kind: matt or gloss
        extra: more
        mixed: anything
        either: one or the other

    Returns:
        what was painted,
        by wall

    Raises:
        ValueError: never
    """
    raise NotImplementedError(wall, colour, coats, sizes, kind, extra, mixed, either)


def ring(bell: int) -> object:
    """Ring.

    Args:
        bell: whether
    """
    raise NotImplementedError(bell)


def silent(bell: int) -> None:
    raise NotImplementedError(bell)


def untyped(bell) -> None:  # type: ignore[no-untyped-def]
    """Ring.

    Args:
        bell: whether
    """
    raise NotImplementedError(bell)


def undescribed(bell: int) -> None:
    """Ring."""
    raise NotImplementedError(bell)


def odd(bell: object) -> None:
    """Ring.

    Args:
        bell: whether
    """
    raise NotImplementedError(bell)


class Painter:
    """Has a method that is a tool."""

    def paint(self, wall: str) -> str:
        """Paint.

        Args:
            wall: which
        """
        raise NotImplementedError(self, wall)


def test_functions_as_tools(pair: Both) -> None:
    """A function becomes the same schema; one that does not describe itself is refused."""
    for tool in (paint, ring, Painter().paint, Painter.paint):
        text = same(
            pair, CHATS["plain"], tools=[tool, *TOOLS], chat_template="{{ tools | tojson }}", tokenize=False
        )
        assert text is not None or tool is paint
    for tool in (silent, untyped, undescribed, odd, len, "x"):
        assert same(pair, CHATS["plain"], tools=[tool], tokenize=False) is None


def test_schemas_of_functions() -> None:
    """Field by field, for each hint and each way to describe a parameter."""
    from transformers.utils import get_json_schema

    from safeload.preprocessing.tool_schema import schema_of

    for function in (ring, Painter.paint):
        assert schema_of(function) == get_json_schema(function)
    source = re.sub(r"\s*coats \(int\): how often\n", "\n        coats: how often\n", paint.__doc__ or "")
    paint.__doc__ = source
    assert schema_of(paint) == get_json_schema(paint)


@dataclasses.dataclass
class Message:
    """A message as an object."""

    role: str
    content: str
    picture: Any = None


def test_objects_become_plain_values(pair: Both) -> None:
    """Strings, numbers and mappings of other types, arrays, and what is none of them."""
    import numpy as np

    class Text(str):
        __slots__ = ()

    false, true = np.zeros(1, bool)[0], np.ones(1, bool)[0]
    message = {
        "role": Colour.RED, "content": Text("x"), "n": np.float32(1.5), "b": false, "array": np.zeros(2),
        "deep": {"m": Message("a", "b", np.zeros(1))}, "object": object,
    }  # fmt: skip
    same(pair, [message], chat_template="{{ messages }}", tokenize=False, flag=true, at=object())
    same(pair, [5], tokenize=False)
    same(pair, CHATS["plain"], documents=["x"], tokenize=False)


def test_values_that_hold_themselves(pair: Both) -> None:
    """No RecursionError leaves."""
    message: dict[str, Any] = {"role": "user", "content": "x"}
    message["again"] = [message]
    with pytest.raises(ValueError, match="holds itself"):
        pair.ours.apply_chat_template([message])


def test_one_message_at_a_time(pair: Both) -> None:
    """The ids that one more message adds."""
    history, last = CHATS["plain"][:2], CHATS["plain"][2]
    for before in (None, [], history):
        assert pair.ours.encode_message_with_chat_template(last, before) == (
            pair.theirs.encode_message_with_chat_template(last, before)
        )
    with pytest.raises(ValueError, match="generation prompt"):
        pair.ours.encode_message_with_chat_template(last, add_generation_prompt=True)
