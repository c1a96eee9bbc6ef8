"""formats.yaml_text: what is called plain has nothing in it, whatever a parser would make of it."""

from __future__ import annotations

import pytest
import yaml

from safeload.formats.yaml_text import WORDS, FrontMatterOpen, front_matter, is_plain


@pytest.mark.parametrize(
    "text",
    [
        b"", b"a: 1\nb: [x, y]\nc: {d: e}\n", b"text: Hello! R&D 2*3 a!b\n", b"- a\n- 'it''s'\n- \"x\"\n",
        b"a: |\n  some text\n  50% of it\n", b"# lr0 * lrf & more\n", b"on: target\nmax_target: 5\n",
        "ä: ü\n".encode(), b"a: b # c\n---\nd: e\n...\n",
    ],
)  # fmt: skip
def test_plain(text: bytes) -> None:
    """Ordinary documents are plain, and their events hold no tag and no alias."""
    assert is_plain(text)
    for event in yaml.parse(text):
        assert not getattr(event, "anchor", None)
        assert not getattr(event, "tag", None)


@pytest.mark.parametrize(
    "text",
    [
        b"!x a", b"a: !!python/name:os.system", b"a: !<tag:x> b", b"[!x a]", b'{"a":!x b}', b"- &a b",
        b"a: *b",
        b"%TAG ! tag:x:\n--- a", b"? !x a", b"a:\n !x b", b"_target_: a", b'"\\x5ftarget_": a', b"<<: *a",
        b"- target: a", b"{'target' : a}", b"? target # x\n: a",
        b"? target\n: a", b"-\t!x a", b"a,!x", b"a: [b,*c]", b"x: /etc/passwd", b"\xef\xbb\xbf!x a",
        "a:\x85!x b".encode(), "a:\u2028!x b".encode(), "a\u2029%TAG".encode(), b"a\r%TAG",
    ],
)  # fmt: skip
def test_not_plain(text: bytes) -> None:
    """Tags, anchors, aliases, directives, escapes and the words, wherever they may stand."""
    assert not is_plain(text)


def test_a_word_cannot_be_folded_together() -> None:
    """A text over several lines keeps a space or a break between them."""
    for text in (
        b"? _tar\n  get_\n: x",
        b"a: '_tar\n  get_'",
        b"a: >-\n  _tar\n  get_",
        b"a: |\n  _tar\n  get_",
    ):
        assert is_plain(text)
        for event in yaml.parse(text):
            value = getattr(event, "value", "").encode()
            assert not any(word in value for word in WORDS)


@pytest.mark.parametrize(
    ("page", "block"),
    [
        (b"---\na: b\n---\n# x\n", b"a: b\n"),
        (b"---\r\na: b\r\n---\r\n", b"a: b\r\n"),
        (b"\xef\xbb\xbf---\na: b\n---\n", b"a: b\n"),
        (b"--- \na: b\n--- \n", b"a: b\n"),
        (b"---\n---\n", b""),
        (b"# x\n---\na: b\n---\n", None),
        (b"----\na: b\n", None),
        (b"", None),
    ],
)
def test_front_matter(page: bytes, block: bytes | None) -> None:
    """The block between two lines of dashes, at the very start."""
    assert front_matter(page) == block


def test_front_matter_without_an_end() -> None:
    """A ruler on top of a page is no block."""
    with pytest.raises(FrontMatterOpen):
        front_matter(b"---\na: b\n")
