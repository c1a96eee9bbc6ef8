"""Markdown as a parser of it reads it."""

from __future__ import annotations

from markdown_it import MarkdownIt

from safeload.reports import markdown
from tests.reports.test_reports import HOSTILE, hostile_report

PARSER = MarkdownIt("commonmark").enable("table")


def inline(text):
    """Every token inside the blocks of a document."""
    return [child for token in PARSER.parse(text) for child in token.children or ()]


def test_text_of_files_is_code_and_nothing_else():
    """No link, image, emphasis, HTML or line break comes from it."""
    text = markdown.render(hostile_report())
    kinds = {token.type for token in inline(text)}
    assert kinds == {"text", "code_inline"}
    blocks = {token.type.partition("_")[0] for token in PARSER.parse(text)}
    allowed = {
        "heading",
        "inline",
        "bullet",
        "list",
        "paragraph",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert blocks <= allowed
    said = "".join(token.content for token in inline(text) if token.type == "text")
    for word in ("evil.example", "@everyone", "<img", "::error", "$x^2$", "HYPERLINK"):
        assert word not in said
        assert word in text


def test_each_finding_is_a_row_of_all_columns():
    """A pipe in a name makes no column of its own."""
    tokens = PARSER.parse(markdown.render(hostile_report()))
    rows, cells = 0, 0
    for token in tokens:
        rows += token.type == "tr_open"
        cells += token.type in {"td_open", "th_open"}
    reasons, names = len(hostile_report().decision.reasons), len(HOSTILE)
    # three tables of findings, one of files, one of evidence, each with a head; every member was scanned
    assert rows == (reasons + 3) + (names + 1) + (names + 1)
    assert cells == 6 * (reasons + 3) + 5 * (names + 1) + 3 * (names + 1)


def test_code_keeps_what_it_holds():
    """A name with backticks, pipes and backslashes is read back as it stands."""
    for name in ("a`b", "``", "`", "a``b`c", "plain", "a b", "\\", "x\\|y", "a|b", "<b>", "&amp;"):
        table = f"| a |\n|---|\n| {markdown.code(name)} |\n"
        (token,) = [token for token in inline(table) if token.type == "code_inline"]
        assert token.content == name
    assert markdown.code("") == "(empty)"
