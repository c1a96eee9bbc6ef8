"""Zip archives byte by byte: honest ones as torch and zipfile write them, and every lie one at a time."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

SERIALIZATION_ID = b"0561108523619670529406889418461591227498"


@dataclass
class Part:
    """One member. `local` and `central` replace single fields of one header, and so make it lie."""

    name: bytes
    data: bytes
    flags: int = 0x0808
    method: int = 0
    extra: bytes = b""
    """Local extra field."""
    before: bytes = b""
    """Bytes in front of the local header."""
    local: dict[str, int | bytes] = field(default_factory=dict)
    central: dict[str, int | bytes] = field(default_factory=dict)
    descriptor: bytes | None = None
    """Replaces the data descriptor."""


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def build(
    parts: list[Part],
    *,
    prefix: bytes = b"",
    gap: bytes = b"",
    comment: bytes = b"",
    trailing: bytes = b"",
    zip64: bool = True,
    end: dict[str, int] | None = None,
    end64: dict[str, int] | None = None,
    locator: dict[str, int] | None = None,
) -> bytes:
    """An archive of `parts`. `gap` stands before the central directory, `end*` replace fields of records."""
    out = bytearray(prefix)
    directory = bytearray()
    for part in parts:
        out += part.before
        stored = deflated(part.data) if part.method == 8 else part.data
        truth: dict[str, int | bytes] = {
            "name": part.name,
            "version": 0,
            "flags": part.flags,
            "method": part.method,
            "crc": zlib.crc32(part.data),
            "compressed": len(stored),
            "size": len(part.data),
        }
        described = bool(part.flags & 8)
        zeros = {"crc": 0, "compressed": 0, "size": 0} if described else {}
        here = {**truth, **zeros, "extra": part.extra, **part.local}
        there = {
            **truth, "extra": b"", "comment": b"", "attributes": 0, "made_by": 0, "disk": 0,
            "offset": len(out), **part.central,
        }  # fmt: skip
        out += b"PK\x03\x04" + struct.pack(
            "<HHHHHIIIHH", here["version"], here["flags"], here["method"], 0, 0, here["crc"],
            here["compressed"], here["size"], len(here["name"]), len(here["extra"]),
        )  # fmt: skip
        out += here["name"] + here["extra"] + stored
        if part.descriptor is not None:
            out += part.descriptor
        elif described:
            out += b"PK\x07\x08" + struct.pack("<III", truth["crc"], len(stored), len(part.data))
        directory += b"PK\x01\x02" + struct.pack(
            "<HHHHHHIIIHHHHHII", there["made_by"], there["version"], there["flags"], there["method"], 0, 0,
            there["crc"], there["compressed"], there["size"], len(there["name"]), len(there["extra"]),
            len(there["comment"]), there["disk"], 0, there["attributes"], there["offset"],
        )  # fmt: skip
        directory += there["name"] + there["extra"] + there["comment"]
    out += gap
    where = {"count": len(parts), "length": len(directory), "offset": len(out)}
    out += directory
    if zip64:
        wide = {**where, "disk": 0, "rest": 44, **(end64 or {})}
        spot = {"record": len(out), "disks": 1, **(locator or {})}
        out += b"PK\x06\x06" + struct.pack(
            "<QHHIIQQQQ", wide["rest"], 0x031E, 45, wide["disk"], 0, wide["count"], wide["count"],
            wide["length"], wide["offset"],
        )  # fmt: skip
        out += b"PK\x06\x07" + struct.pack("<IQI", 0, spot["record"], spot["disks"])
    last = {**where, "disk": 0, "here": where["count"], **(end or {})}
    out += b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", last["disk"], 0, last["here"], last["count"], last["length"], last["offset"], len(comment)
    )
    return bytes(out + comment + trailing)


def plain(name: str, data: bytes, **fields: object) -> Part:
    """A member as Python's zipfile writes it to a seekable file."""
    return Part(name.encode(), data, flags=0, **fields)  # type: ignore[arg-type]


def padding(at: int, name: bytes) -> bytes:
    """Torch's local extra field: aligns the data behind a header at `at` to 64 bytes."""
    return b"FB" + struct.pack("<H", size := -(at + 30 + len(name) + 4) % 64) + b"Z" * size


def torch_parts(
    pickle: bytes, storages: dict[str, bytes], *, root: str = "archive", dotted: bool = True
) -> list[Part]:
    """The members of a checkpoint in the order of torch 2.13, or, without `dotted`, of torch 1.6."""
    named: list[tuple[str, bytes]] = [("data.pkl", pickle)]
    if dotted:
        named += [(".format_version", b"1"), (".storage_alignment", b"64"), ("byteorder", b"little")]
    named += [(f"data/{key}", data) for key, data in storages.items()]
    named += [("version", b"3\n")]
    if dotted:
        named += [(".data/serialization_id", SERIALIZATION_ID)]
    return [Part(f"{root}/{name}".encode(), data, 0x0808 if data else 0x0800) for name, data in named]


def torch_zip(
    pickle: bytes, storages: dict[str, bytes], *, root: str = "archive", dotted: bool = True
) -> bytes:
    """A checkpoint as torch writes it, padding included."""
    return build(padded(torch_parts(pickle, storages, root=root, dotted=dotted)))


def padded(parts: list[Part]) -> list[Part]:
    """The same parts with torch's padding."""
    at = 0
    for part in parts:
        part.extra = padding(at, part.name)
        at += 30 + len(part.name) + len(part.extra) + len(part.data) + (16 if part.flags & 8 else 0)
    return parts


ONE_TENSOR = (
    b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01ctorch._utils\n_rebuild_tensor_v2\nq\x02("
    b"(X\x07\x00\x00\x00storageq\x03ctorch\nFloatStorage\nq\x04X\x01\x00\x00\x000q\x05"
    b"X\x03\x00\x00\x00cpuq\x06K\x02tq\x07QK\x00K\x02\x85q\x08K\x01\x85q\t\x89"
    b"ccollections\nOrderedDict\nq\n)Rq\x0btq\x0cRq\rs."
)
"""`{"a": tensor of two float32}` in storage 0, as torch.save pickles it."""
TWO_FLOATS = struct.pack("<2f", 1.0, 2.0)
PAYLOAD = b"cos\nsystem\n(S'echo pwned'\ntR."
"""Protocol 0: would run a command."""
