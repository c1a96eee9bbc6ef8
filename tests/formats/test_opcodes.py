"""The table of opcodes."""

from __future__ import annotations

import pickletools

from safeload.formats.opcodes import BY_CODE, OPCODES, Argument


def test_table_equals_the_standard_librarys() -> None:
    """Names, codes and protocols are CPython's."""
    theirs = {(row.name, ord(row.code), row.proto) for row in pickletools.opcodes}
    assert {(row.name, row.code, row.protocol) for row in OPCODES} == theirs
    assert len(BY_CODE) == len(OPCODES)


def test_arguments_are_as_long_as_the_standard_librarys() -> None:
    """Fixed widths agree, and an opcode without argument has none in both."""
    width = {
        Argument.NONE: 0, Argument.UINT1: 1, Argument.UINT2: 2, Argument.UINT4: 4, Argument.INT4: 4,
        Argument.UINT8: 8, Argument.FLOAT8: 8,
    }  # fmt: skip
    for row in pickletools.opcodes:
        ours = width.get(BY_CODE[ord(row.code)].argument)
        theirs = row.arg.n if row.arg else 0
        if theirs >= 0:
            assert ours == theirs, row.name
        else:
            assert ours is None, row.name
