"""Builds TFLite models: tables back to back, each behind its table of fields."""

from __future__ import annotations

import struct


class Builder:
    """Appends parts to a file and fills in offsets afterwards."""

    def __init__(self, magic: bytes = b"TFL3") -> None:
        self.data = bytearray(4) + magic

    def table(self, **fields: tuple[str, int]) -> int:
        """A table; fields are `f0=("I", 3)`. Gives where it stands."""
        numbers = {int(name[1:]): item for name, item in fields.items()}
        count = max(numbers, default=-1) + 1
        start = len(self.data)
        places, body, at = [0] * count, b"", 4
        for field, (layout, value) in numbers.items():
            places[field] = at
            body += struct.pack(f"<{layout}", value)
            at += struct.calcsize(f"<{layout}")
        self.data += struct.pack(f"<HH{count}H", 4 + 2 * count, at, *places)
        table = len(self.data)
        self.data += struct.pack("<i", table - start) + body
        return table

    def vector(self, data: bytes, count: int) -> int:
        """A vector of `count` items."""
        at = len(self.data)
        self.data += struct.pack("<I", count) + data
        return at

    def place(self, table: int, field: int) -> int:
        """Where a field of a table lies."""
        fields = table - struct.unpack_from("<i", self.data, table)[0]
        return table + int(struct.unpack_from("<H", self.data, fields + 4 + 2 * field)[0])

    def point(self, at: int, target: int) -> None:
        """Let the offset at `at` lead to `target`."""
        struct.pack_into("<I", self.data, at, target - at)

    def tables(self, *tables: int) -> int:
        """A vector of tables that stand already; offsets lead forward, so these are written first."""
        at = self.vector(bytes(4 * len(tables)), len(tables))
        for number, target in enumerate(tables):
            struct.pack_into("<I", self.data, at + 4 + 4 * number, (target - at - 4 - 4 * number) % (1 << 32))
        return at


def model(
    *custom: str, version: int = 3, buffer: int = 1, code: int = 0, outside: tuple[int, int] = (0, 0)
) -> bytes:
    """One graph with one operator and one tensor; further operators are custom ones."""
    build = Builder()
    root = build.table(f0=("I", version), f1=("I", 0), f2=("I", 0), f4=("I", 0))
    struct.pack_into("<I", build.data, 0, root)
    codes_at = build.vector(bytes(4 * (1 + len(custom))), 1 + len(custom))
    build.point(build.place(root, 1), codes_at)
    build.point(codes_at + 4, build.table(f0=("b", 9)))
    for number, name in enumerate(custom, 1):
        entry = build.table(f0=("b", 32), f1=("I", 0), f3=("i", 32))
        build.point(codes_at + 4 + 4 * number, entry)
        build.point(build.place(entry, 1), build.vector(name.encode() + b"\0", len(name.encode())))
    graphs_at = build.vector(bytes(4), 1)
    build.point(build.place(root, 2), graphs_at)
    graph = build.table(f0=("I", 0), f3=("I", 0))
    build.point(graphs_at + 4, graph)
    for field, item in ((0, {"f2": ("I", buffer)}), (3, {"f0": ("I", code)})):
        at = build.vector(bytes(4), 1)
        build.point(build.place(graph, field), at)
        build.point(at + 4, build.table(**item))
    buffers_at = build.vector(bytes(8), 2)
    build.point(build.place(root, 4), buffers_at)
    build.point(buffers_at + 4, build.table())
    second = build.table(f0=("I", 0), f1=("Q", outside[0]), f2=("Q", outside[1]))
    build.point(buffers_at + 8, second)
    build.point(build.place(second, 0), build.vector(bytes(16), 16))
    return bytes(build.data)
