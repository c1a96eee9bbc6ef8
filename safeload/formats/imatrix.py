"""Importance matrices as llama.cpp wrote them before GGUF (`imatrix.dat`): names with sums of activations.

Transcribes `save_imatrix` of https://github.com/ggml-org/llama.cpp/tree/master/tools/imatrix: a count of
entries, each with a name, a count of calls and its 32-bit floats; newer files end with a count of chunks and
the name of the text that was read. There is no magic, so a file is one where this accounts for every byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safeload.core import View

_MOST_ENTRIES = 20_000
_LONGEST_NAME = 256
_LONGEST_PATH = 4_096


def is_imatrix(view: View) -> bool:
    """Whether every byte of the file belongs to such a matrix."""
    size = view.size
    if size < 24:
        return False
    entries, at = _number(view, 0), 4
    if not 0 < entries <= _MOST_ENTRIES:
        return False
    for _ in range(entries):
        end = _name_end(view, at, _LONGEST_NAME)
        if not end or end + 8 > size:
            return False
        at = end + 8 + 4 * _number(view, end + 4)
        if at > size:
            return False
    return at == size or _name_end(view, at + 4, _LONGEST_PATH) == size


def _name_end(view: View, at: int, most: int) -> int:
    """Where a name with its length in front ends, or 0 for what is none."""
    if at + 4 > view.size:
        return 0
    length = _number(view, at)
    if not 0 < length <= most or at + 4 + length > view.size:
        return 0
    name = view.read(at + 4, length)
    return at + 4 + length if name.isascii() and name.decode("ascii").isprintable() else 0


def _number(view: View, at: int) -> int:
    return int.from_bytes(view.read(at, 4), "little")
