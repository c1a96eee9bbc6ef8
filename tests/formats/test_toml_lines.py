"""Where the keys of a TOML document stand."""

from __future__ import annotations

import pytest

from safeload.formats.toml_lines import key_lines, line_of

NESTED = """\
[[subject]]
name = "a"
[subject.files]
"x.y" = 1
[[subject.evidence]]
kind = 1
[[subject.evidence]]
kind = 2

[[subject]]
name = "b"
[subject.files]
"x.y" = 2
[[subject.evidence]]
kind = 3
[other.files]
"x.y" = 4
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("subject", "0"), 1),
        (("subject", "0", "files"), 3),
        (("subject", "0", "files", "x.y"), 4),
        (("subject", "0", "evidence", "0", "kind"), 6),
        (("subject", "0", "evidence", "1", "kind"), 8),
        (("subject", "1"), 10),
        (("subject", "1", "files", "x.y"), 13),
        (("subject", "1", "evidence", "0", "kind"), 15),
        (("other", "files", "x.y"), 17),
        (("subject", "1", "files", "missing"), 12),
        (("subject", "2"), 1),
    ],
)
def test_tables_of_arrays_have_their_number(path, line):
    """Also where the header of a table inside says none."""
    assert line_of(key_lines(NESTED), path) == line


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ('"a\\nb"', "a\nb"),
        ('"a\\"b"', 'a"b'),
        ('"a\\\\"', "a\\"),
        ('"\\u202Eb"', "\u202eb"),
        ('"\\U000E0041"', "\U000e0041"),
        ("'a\\nb'", "a\\nb"),
        ('"a=b # c"', "a=b # c"),
        ('""', ""),
        ("''", ""),
    ],
)
def test_keys_are_what_they_say(written, key):
    """Escapes of a quoted key are those of the parser; a literal one has none."""
    lines = key_lines(f"[t]\nfirst = 1\n{written} = 2\nlast = 3\n")
    assert (lines["t", key], lines["t", "last"]) == (3, 4)
