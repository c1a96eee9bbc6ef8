"""A chat template in a file of its own: UTF-8 text, which is a program for Jinja.

Guarantees of a record: the text is valid UTF-8 and within the budget. Nothing is parsed or rendered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.layout import TEMPLATE
from safeload.formats.tokenizer_config import Template
from safeload.formats.view import read_all

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits


class TemplateNotUtf8(FormatError):
    """A template that is not UTF-8 text."""


class TemplateTooLarge(LimitExceeded):
    """A template of more bytes than allowed."""


def parse_chat_template(view: View, name: str, limits: Limits) -> Template:
    """The record of a template file called `name`.

    Raises:
        FormatError: a class of this module.
    """
    if view.size > limits.small_file_bytes:
        raise TemplateTooLarge(f"{view.size} bytes, more than {limits.small_file_bytes}")
    try:
        text = read_all(view).decode("utf-8")
    except UnicodeDecodeError as error:
        raise TemplateNotUtf8("is not UTF-8", offset=error.start) from None
    return Template(
        where=name, name="default" if name == TEMPLATE else name.removesuffix(".jinja"), text=text
    )
