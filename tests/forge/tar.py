"""Tar archives block by block: honest ones, and every lie one at a time."""

from __future__ import annotations

import io
import tarfile

BLOCK = 512
END = bytes(2 * BLOCK)


def octal(number: int, width: int) -> bytes:
    return b"%0*o\0" % (width - 1, number)


def header(
    name: bytes,
    size: int = 0,
    kind: bytes = b"0",
    *,
    link: bytes = b"",
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
    size_field: bytes | None = None,
    mode: bytes = b"0000644\0",
    sum_off_by: int = 0,
    tail: bytes = b"",
) -> bytes:
    """One header block. The last arguments make it lie."""
    stated = octal(size, 12) if size_field is None else size_field
    front = name.ljust(100, b"\0") + mode + b"0000000\0" * 2 + stated + b"00000000000\0"
    back = kind + link.ljust(100, b"\0") + magic + bytes(64) + bytes(16) + prefix.ljust(155, b"\0") + tail
    block = (front + b" " * 8 + back).ljust(BLOCK, b"\0")
    total = sum(block) + sum_off_by
    return block[:148] + b"%06o\0 " % total + block[156:]


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def member(name: bytes, data: bytes = b"", kind: bytes = b"0", **fields: object) -> bytes:
    """A header and its data."""
    return header(name, len(data), kind, **fields) + padded(data)  # type: ignore[arg-type]


def record(key: bytes, value: bytes) -> bytes:
    """One pax record."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + 1
    while len(b"%d" % length) + len(rest) != length:
        length += 1
    return b"%d" % length + rest


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> bytes:
    """An extended header."""
    return member(b"PaxHeaders/x", b"".join(record(key, value) for key, value in records), kind)


def archive(*parts: bytes) -> bytes:
    """The parts, and the two blocks that end an archive."""
    return b"".join(parts) + END


def by_tarfile(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """An archive as the standard library writes it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as out:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return file.getvalue()
