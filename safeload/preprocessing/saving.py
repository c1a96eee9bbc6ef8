"""A tokenizer as the bytes of the files that `from_pretrained` reads back. Nothing is written here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safeload.core import visible
from safeload.errors import UsageError
from safeload.formats.layout import TEMPLATE, TEMPLATES, template_name
from safeload.formats.tokenizer_classes import CLASSES

if TYPE_CHECKING:
    from safeload.preprocessing.tokenizer import Tokenizer


def tokenizer_files(tokenizer: Tokenizer, prefix: str | None = None) -> dict[str, bytes]:
    """File name to content: tokenizer.json, tokenizer_config.json and, where there is one, the template.

    Padding and truncation of the last call are not part of a tokenizer, so they are not saved.

    Raises:
        UsageError: a chat template has a name that makes no file name.
    """
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.no_truncation()
    known = CLASSES.get(tokenizer.class_name)
    config: dict[str, Any] = {
        **tokenizer.saved_settings,
        # a token that the class would have by itself, and that this tokenizer has not
        **dict.fromkeys(name for name, _ in (known.tokens if known else ())),
        **tokenizer.special_tokens_map,
        "backend": "tokenizers",
        "clean_up_tokenization_spaces": tokenizer.clean_up_tokenization_spaces,
        "model_input_names": tokenizer.model_input_names,
        "model_max_length": tokenizer.model_max_length,
        "padding_side": tokenizer.padding_side,
        "split_special_tokens": tokenizer.split_special_tokens,
        "tokenizer_class": tokenizer.class_name,
        "truncation_side": tokenizer.truncation_side,
    }
    if tokenizer.chat_control_tokens is not None:
        config["chat_control_tokens"] = list(tokenizer.chat_control_tokens)
    if tokenizer.extra_special_tokens:
        config["extra_special_tokens"] = tokenizer.extra_special_tokens
    start = f"{prefix}-" if prefix else ""
    text = json.dumps(config, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    files = {
        f"{start}tokenizer_config.json": text.encode("utf-8"),
        f"{start}tokenizer.json": backend.to_str(pretty=True).encode("utf-8"),
    }
    template = tokenizer.chat_template
    templates = {"default": template} if isinstance(template, str) else template or {}
    for name, text in templates.items():
        place = TEMPLATE if name == "default" else f"{TEMPLATES}/{name}.jinja"
        if template_name(place) != name:
            raise UsageError(f"a chat template called {visible(name)} cannot be saved: it makes no file name")
        files[f"{start}{place}"] = text.encode("utf-8")
    return files
