"""Archives that we accept are the same archives for Python's zipfile and for torch's own reader.

The forge lies about one field after another; most of it is refused. What is left has to have the same
members with the same bytes in all three readers.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile

import pytest
import torch

from safeload.errors import FormatError
from safeload.formats.view import BytesView
from safeload.formats.zip import parse_zip
from safeload.formats.zip_data import check_crc, member_view
from safeload.limits import DEFAULT_LIMITS
from tests.forge.archives import PAYLOAD, Part, build
from tests.fuzz.mutate import mutated

NAMES = (
    b"archive/data.pkl", b"archive/data/0", b"archive/DATA.pkl", b"archive/x/", b"archive/data/0 ",
    b"archive/\xc3\xa9", b"a", b"archive/./x", b"b/data.pkl", b"archive/data.pkl.",
)  # fmt: skip
NUMBERS = (0, 1, 3, 8, 10, 20, 45, 50, 63, 100, 0x800, 0x808, 0xFFFF, 0xFFFFFFFF)
TEXTS = (
    b"", b"archive/data.pkl", b"FB\x02\x00ZZ", b"\x01\x00\x08\x00" + bytes(8), b"UT\x05\x00\x01abcd",
    b"\x01\x00\x10\x00" + struct.pack("<QQ", 6, 6),
)  # fmt: skip
LOCAL = ("version", "flags", "method", "crc", "compressed", "size", "name", "extra")
CENTRAL = (*LOCAL, "comment", "attributes", "made_by", "disk", "offset")


def lie(fields: dict[str, int | bytes], names: tuple[str, ...], rng: random.Random) -> None:
    """Now and then, another value in one field of a header."""
    if rng.random() < 0.25:
        name = rng.choice(names)
        fields[name] = rng.choice(TEXTS if name in {"name", "extra", "comment"} else NUMBERS)


def forged(rng: random.Random) -> bytes:
    """Up to four members that lie about themselves, and a `version` so that torch goes on reading."""
    parts = []
    for _ in range(rng.randint(1, 4)):
        data = rng.choice((b"", b"abcdef", PAYLOAD, b"x" * 300))
        name = rng.choice(NAMES) if rng.random() < 0.5 else b"archive/m%d" % rng.randint(0, 5)
        part = Part(name, data, flags=rng.choice((0, 8, 0x800, 0x808)), method=rng.choice((0, 0, 8)))
        lie(part.local, LOCAL, rng)
        lie(part.central, CENTRAL, rng)
        if rng.random() < 0.3:
            part.extra = rng.choice(TEXTS)
        parts.append(part)
    data = build([*parts, Part(b"archive/version", b"3\n")], zip64=rng.random() < 0.5)
    return mutated([data], rng) if rng.random() < 0.2 else data


@pytest.mark.parametrize("seed", range(4))
def test_three_readers_see_one_archive(seed: int) -> None:
    """Names and bytes of every member, for each archive that is accepted; there have to be some."""
    rng, accepted, read_by_torch = random.Random(seed), 0, 0
    for _ in range(700):
        try:
            data = forged(rng)
        except struct.error:  # a number too large for its field
            continue
        view = BytesView(data)
        try:
            members = parse_zip(view, DEFAULT_LIMITS).members
            for member in members:
                check_crc(view, member, DEFAULT_LIMITS)
        except FormatError:
            continue
        accepted += 1
        ours = {
            member.name: member_view(view, member, DEFAULT_LIMITS).read(0, member.size) for member in members
        }
        with zipfile.ZipFile(io.BytesIO(data)) as peer:
            assert {info.filename: peer.read(info) for info in peer.infolist()} == ours
        try:
            reader = torch._C.PyTorchFileReader(io.BytesIO(data))
            names = reader.get_all_records()
        except RuntimeError:
            continue  # it wants one root folder
        read_by_torch += 1
        root = members[0].name.partition("/")[0]
        for name in names:
            if not name.endswith("/"):
                assert bytes(reader.get_record(name)) == ours[f"{root}/{name}"]
    assert accepted > 20
    assert read_by_torch > 20
