r"""Which YAML can be told to be plain without a parser.

Guarantee: a text that `is_plain` has no tag, no alias, no directive, and none of the words in `WORDS`
inside a key or a value, however it is read. The argument, after https://yaml.org/spec/1.1/:

    1. A tag, an anchor or an alias starts with `!`, `&` or `*`, and a node starts behind white space, at a
       line's start, or behind one of `[]{},:?-`. Elsewhere these three are characters of a text. A name
       follows the latter two at once.
    2. A directive stands at a line's start behind `%`.
    3. Only a double-quoted text can spell a character by another one, and only by a backslash.
    4. A text over several lines is folded: a break in it becomes a space or a break, so it joins no word.

It may call plain text suspicious; the parser in the child then has the last word.
"""

from __future__ import annotations

import re

from safeload.errors import FormatError

WORDS = (
    b"_target_", b"class_path", b"import_path", b"_partial_", b"auto_map", b"trust_remote_code",
    b"allow_remote", b"plugins", b"custom_", b"loader_module", b"__", b"py/", b"activation_f",
    b"implementation", b"tesseract_", b"quantization_config", b"_file", b"kernel", b"/etc/", b"/proc/",
    b"/.ssh",
    b"/dev/", b".ssh/", b"fusion_config", b"transformers_weights", b"auto_mapping", b"megatron_core",
)  # fmt: skip
"""Keys and values of which the tables of behaviour speak."""
_NODE = re.compile(rb"(?:\A|[\s\[\]{},:?\x85\xa8\xa9\xbf-])(?:!|[&*]\S)")
_DIRECTIVE = re.compile(rb"(?:\A|[\r\n\x85\xa8\xa9\xbf])%")
"""U+0085, U+2028 and U+2029 break lines, too, and a mark of byte order starts a text: by their last bytes."""
_TARGET = re.compile(rb"(?<![\w-])target[\"']?\s*[:#]")
"""The key of latent diffusion. Alone it is a word of many texts, so it counts where it may be a key."""
_WORD = re.compile(b"|".join(map(re.escape, WORDS)))
_FENCE = re.compile(rb"^---[ \t]*\r?$", re.MULTILINE)


class FrontMatterOpen(FormatError):
    """A page whose first line opens a block of YAML that is never closed."""


def is_plain(text: bytes) -> bool:
    """Whether nothing in `text` can be a tag, an alias, or one of the words."""
    return (
        b"\\" not in text
        and _NODE.search(text) is None
        and _DIRECTIVE.search(text) is None
        and _WORD.search(text) is None
        and _TARGET.search(text) is None
    )


def front_matter(text: bytes) -> bytes | None:
    """The block of YAML that a page starts with, between two lines of three dashes; None without one.

    Raises:
        FrontMatterOpen: it has no end.
    """
    text = text.removeprefix(b"\xef\xbb\xbf")
    opening = _FENCE.match(text)
    if opening is None:
        return None
    closing = _FENCE.search(text, opening.end() + 1)
    if closing is None:
        raise FrontMatterOpen("the block of YAML at its start has no end", offset=0)
    return text[opening.end() + 1 : closing.start()]
