"""Conversations as text and ids: `apply_chat_template` of a tokenizer.

The template that a repository brings is the text that the scanner judged; `chat_template=` and what is
assigned to `tokenizer.chat_template` are the caller's own word. Either is rendered in a child process with
budgets (safeload.isolation.renderer), so that no template costs more than it may. Arguments, defaults and
results are those of transformers 5.23: https://huggingface.co/docs/transformers/chat_templating
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeload.preprocessing.text_ends import TextEnds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeload.preprocessing.batch_encoding import BatchEncoding

_MANY = "there are several chat templates and none is called default: name one of"


class ChatTemplates(TextEnds):
    """What a tokenizer does with conversations."""

    chat_template: str | dict[str, str] | None
    """A Jinja template, or several by name; None where the checkpoint has none. It may be assigned."""
    chat_control_tokens: Sequence[str] | None
    """Added tokens that `sanitize_control_tokens` takes for control tokens, beside special ones."""

    def get_chat_template(self, chat_template: str | None = None, tools: Sequence[Any] | None = None) -> str:
        """The template that a call would use.

        Args:
            chat_template: the name of one of several templates, or a template.
            tools: whether there are any: then the template called `tool_use` is taken, where there is one.

        Raises:
            ValueError: there is no template, or no default among several.
        """
        known = self.chat_template
        if isinstance(known, dict):
            if chat_template is not None:
                return known.get(chat_template, chat_template)
            if tools is not None and "tool_use" in known:
                return known["tool_use"]
            if "default" in known:
                return known["default"]
            raise ValueError(f"{_MANY} {', '.join(sorted(known))}")
        template = known if chat_template is None else chat_template
        if template is None:
            raise ValueError("this tokenizer has no chat_template: assign one, or give chat_template=")
        return template

    def apply_chat_template(  # noqa: PLR0917 - the arguments are transformers' own
        self,
        conversation: Any,  # noqa: ANN401 - a list of messages, or a list of those
        tools: Sequence[Any] | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        chat_template: str | None = None,
        add_generation_prompt: bool = False,  # noqa: FBT001, FBT002 - the signature that callers know
        continue_final_message: bool | str = False,  # noqa: FBT001, FBT002 - same
        tokenize: bool = True,  # noqa: FBT001, FBT002 - same
        sanitize_control_tokens: bool = False,  # noqa: FBT001, FBT002 - same
        padding: bool | str = False,  # noqa: FBT001, FBT002 - same
        truncation: bool = False,  # noqa: FBT001, FBT002 - same
        max_length: int | None = None,
        return_tensors: str | None = None,
        return_dict: bool = True,  # noqa: FBT001, FBT002 - same
        return_assistant_tokens_mask: bool = False,  # noqa: FBT001, FBT002 - same
        tokenizer_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,  # noqa: ANN401 - names of the template
    ) -> Any:  # noqa: ANN401 - text, ids or a BatchEncoding, of one conversation or of many
        """Render a conversation, or a batch of them, and encode it.

        Args:
            conversation: messages with `role` and `content`, or a list of conversations.
            tools: JSON schemas, or functions with type hints and a docstring in Google's style.
            documents: mappings with `title` and `text`.
            chat_template: a template, or the name of one of the tokenizer's.
            add_generation_prompt: whether to open the model's next message.
            continue_final_message: leave the last message open; a string names the field to continue.
            tokenize: ids rather than text.
            sanitize_control_tokens: encode control tokens inside messages as plain text.
            padding: as for a call.
            truncation: as for a call.
            max_length: as for a call.
            return_tensors: as for a call.
            return_dict: a BatchEncoding rather than the ids alone.
            return_assistant_tokens_mask: add `assistant_masks`, where the template marks what the model says.
            tokenizer_kwargs: more arguments of the call.
            **kwargs: more names that the template sees.

        Raises:
            ValueError: the arguments contradict each other or the conversation.
            TemplateFailed: the template is none, or it raises.
            TemplateOverBudget: the template needs more time, memory, depth or text than it may.
        """
        from safeload.isolation.renderer import render  # most tokenizers never render
        from safeload.preprocessing.chat_data import (
            alias_reasoning,
            continue_final,
            cut_continued,
            plain_data,
            tool_schemas,
        )

        return_dict = return_dict and tokenize
        if return_assistant_tokens_mask and not return_dict:
            raise ValueError("return_assistant_tokens_mask needs return_dict=True and tokenize=True")
        template = self.get_chat_template(chat_template, tools)
        chats, many = _conversations(conversation)
        if continue_final_message and (add_generation_prompt or return_assistant_tokens_mask):
            raise ValueError(
                "continue_final_message opens the last message: it goes neither with add_generation_prompt "
                "nor with return_assistant_tokens_mask"
            )
        schemas = plain_data(tool_schemas(tools))
        sources = plain_data(list(documents) if documents is not None else None)
        if any(not isinstance(item, dict) for item in sources or ()):
            raise TypeError("documents are mappings with 'title' and 'text'")
        names = plain_data(kwargs)
        marks = None
        if sanitize_control_tokens:
            if not tokenize or return_assistant_tokens_mask:
                raise ValueError(
                    "sanitize_control_tokens needs tokenize=True, and gives no assistant tokens mask"
                )
            from safeload.preprocessing.control_tokens import Marks

            marks = Marks(self, template)
            chats, schemas, sources, names = (marks.mark(item) for item in (chats, schemas, sources, names))
        chats = [alias_reasoning(chat) for chat in chats]
        opened = [continue_final(chat, continue_final_message, template) for chat in chats]
        rendered = render(
            template, chats, tools=schemas, documents=sources, prompt=add_generation_prompt,
            variables={**self.special_tokens_map, **names}, track=return_assistant_tokens_mask,
        )  # fmt: skip
        texts = [cut_continued(item.text, said) for item, said in zip(rendered, opened, strict=True)]
        if not tokenize:
            return texts if many else texts[0]
        options = {
            "padding": padding, "truncation": truncation, "max_length": max_length,
            "return_tensors": return_tensors, **(tokenizer_kwargs or {}),
        }  # fmt: skip
        if marks is not None:
            encoded = marks.encode(texts, many=many, **options)
        else:
            call: Any = self  # the tokenizer that this is a part of
            encoded = call(texts if many else texts[0], add_special_tokens=False, **options)
        if not return_dict:
            return encoded["input_ids"]
        if return_assistant_tokens_mask:
            flat = not many and not return_tensors
            rows = [encoded["input_ids"]] if flat else encoded["input_ids"]
            masks = [
                _mask(encoded, index, len(rows[index]), item.spans) for index, item in enumerate(rendered)
            ]
            encoded["assistant_masks"] = masks[0] if flat else masks
            encoded.convert_to_tensors(return_tensors)
        return encoded

    def encode_message_with_chat_template(
        self,
        message: Mapping[str, Any],
        conversation_history: Sequence[Mapping[str, Any]] | None = None,
        **kwargs: Any,  # noqa: ANN401 - the arguments of `apply_chat_template`
    ) -> list[int]:
        """The ids that one more message adds to a conversation.

        Raises:
            ValueError: with `add_generation_prompt`, which is no part of a message.
        """
        if "add_generation_prompt" in kwargs:
            raise ValueError("a message has no generation prompt: add it afterwards")
        history = list(conversation_history or ())
        ids: list[int] = self.apply_chat_template([*history, message], return_dict=False, **kwargs)
        if not history:
            return ids
        before: list[int] = self.apply_chat_template(history, return_dict=False, **kwargs)
        for index, (one, other) in enumerate(zip(before, ids, strict=False)):
            if one != other:
                return ids[index:]
        return ids[min(len(before), len(ids)) :]


def _conversations(value: Any) -> tuple[list[list[dict[str, Any]]], bool]:  # noqa: ANN401 - checked here
    """Conversations of plain messages, and whether it was a batch of them."""
    from safeload.preprocessing.chat_data import plain_data

    if hasattr(value, "messages"):
        value = value.messages
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("a conversation is a list of messages, with one at least")
    many = isinstance(value[0], list | tuple) or hasattr(value[0], "messages")
    chats = []
    for chat in value if many else [value]:
        messages = plain_data(list(getattr(chat, "messages", chat)))
        if wrong := [message for message in messages if not isinstance(message, dict)]:
            raise TypeError(f"a message is a mapping with 'role' and 'content', not {wrong[0]!r}")
        # programs write None for what is not there, and templates would show it
        chats.append(
            [{key: item for key, item in message.items() if item is not None} for message in messages]
        )
    return chats, many


def _mask(encoded: BatchEncoding, row: int, length: int, spans: Sequence[tuple[int, int]]) -> list[int]:
    """1 for each token of what the model has said."""
    mask = [0] * length
    for start, end in spans:
        first = encoded.char_to_token(row, start)
        if first is None:  # cut off
            break
        last = encoded.char_to_token(row, end - 1)
        stop = last + 1 if last else length
        mask[first:stop] = [1] * len(mask[first:stop])
    return mask
