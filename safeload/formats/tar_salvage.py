"""Members that some reader might find in a tar archive without a reliable structure.

No claim is made about what is found; it is looked into, so that the report names the danger and not
only the trick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.tar import TarMember
from safeload.formats.tar_header import BLOCK, parse_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import View

_FILES = frozenset({b"0", b"\0", b"7", b"S"})
_MOST = 256
_REACH = 64 << 20


def find_files(view: View, known: frozenset[int]) -> Iterator[TarMember]:
    """Files whose headers stand at a multiple of 512 bytes and are not among the `known` ones.

    Raises:
        FormatError: the view cannot be read.
    """
    count, offset = 0, 0
    carry = b""
    for chunk in view.stream(0, min(view.size, _REACH)):
        data = carry + chunk
        whole = len(data) - len(data) % BLOCK
        for start in range(0, whole, BLOCK):
            field = data[start + 148 : start + 154].strip(b" \0")
            if not field.isdigit() or offset + start in known:
                continue
            try:
                header = parse_header(data[start : start + BLOCK], offset + start)
            except FormatError:
                continue
            at = offset + start + BLOCK
            size = min(header.size, view.size - at)
            if header.type in _FILES and size:
                name = f"{header.name} (at byte {offset + start})"
                yield TarMember(name=name, kind="file", offset=at, size=size)
                count += 1
                if count == _MOST:
                    return
        offset += whole
        carry = data[whole:]
