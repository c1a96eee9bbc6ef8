"""What is called plain YAML has no tag, no alias, and none of the words, in the eyes of PyYAML's parser.

As far as the parser comes: a document that it gives up on is no document to anybody.
"""

from __future__ import annotations

import yaml

from safeload.errors import FormatError
from safeload.formats.yaml_text import WORDS, front_matter, is_plain


def seeds() -> list[bytes]:
    """Plain documents, and ones with a little of everything."""
    return [
        b"a: 1\nb: [x, y]\nc: {d: e}\n- f\n",
        b"text: Hello! R&D 2*3\nlist:\n- 'it''s'\n- \"x\"\n",
        b"a: &x [1, !t 'b']\nb: *x\n? {c: d}\n: >-\n  e\nf: |\n  g\n...\n",
        b'%TAG ! tag:x:\n---\n_target_: os.system\n"\\x5ftarget_": 1\n',
        "ä: ü\n\u2028b: c\x85d: e\n".encode(),
        b"---\nlicense: mit\n---\n# page\n",
    ]


def read(data: bytes) -> object:
    """Whether it is plain; None for what is no UTF-8, since it never comes here."""
    try:
        data.decode("utf-8")
        front_matter(data)
    except (UnicodeDecodeError, FormatError):
        return None
    return is_plain(data)


def check(data: bytes, result: object) -> None:
    """The parser sees nothing in a plain document."""
    if result is not True or len(data) > 4_000:
        return
    try:
        for event in yaml.parse(data, Loader=yaml.SafeLoader):
            assert not getattr(event, "anchor", None)
            assert not getattr(event, "tag", None)
            assert not getattr(event, "tags", None)
            text = getattr(event, "value", None)
            if isinstance(text, str):
                assert not any(word in text.encode("utf-8", "replace") for word in WORDS)
    except (yaml.YAMLError, ValueError, RecursionError):
        return


def deep(result: object) -> bool:
    """Whether it is text at all."""
    return result is not None
