"""Packs, their indexes and bundles: what the real git writes, and every lie about lengths."""

from __future__ import annotations

import hashlib

import pytest

from safeload.formats.git_bundle import BundleBroken, parse_bundle
from safeload.formats.git_errors import (
    DeltaBroken,
    ObjectMissing,
    ObjectTooLarge,
    PackBroken,
    PackIndexBroken,
    PackTooLarge,
)
from safeload.formats.git_index import PackIndex
from safeload.formats.git_objects import object_id
from safeload.formats.git_pack import Budget, apply_delta, read_pack, read_packed
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.git import commit, delta, entry, git, pack, repository

LIMITS = DEFAULT_LIMITS
BASE = b"0123456789" * 10
COPY_ALL = bytes([0b10010000, 100])


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A repository of one pack with deltas: forty versions of a folder of many files."""
    folder = tmp_path_factory.mktemp("packed")
    files = {f"weights/part-{number:03}.json": b"%d" % number for number in range(120)}
    repository(folder, files)
    for number in range(40):
        commit(folder, {f"weights/part-{number:03}.json": b"changed %d" % number})
    git(folder, "repack", "-q", "-a", "-d", "-f", "--depth=50", "--window=50")
    (found,) = (folder / ".git" / "objects" / "pack").glob("*.pack")
    return folder, found


def every_object(folder):
    """What git says is in the repository: id, kind, content."""
    listed = git(folder, "cat-file", "--batch-all-objects", "--batch-check").decode().splitlines()
    for line in listed:
        name, kind, _ = line.split()
        yield name, kind


def test_a_pack_of_git_is_read_whole(packed):
    """Differential: the same commits and trees, with the same bytes, as `git cat-file` has."""
    folder, found = packed
    objects = read_pack(found.read_bytes(), LIMITS)
    expected = {name: kind for name, kind in every_object(folder) if kind != "blob"}
    assert {name: item.kind for name, item in objects.items()} == expected
    assert len(expected) > 100
    for name, item in list(objects.items())[::17]:
        assert git(folder, "cat-file", item.kind, name) == item.raw


def test_single_objects_of_a_pack_of_git(packed):
    """Differential: every object, blobs too, through the index, each with the digest of its name."""
    folder, found = packed
    index = PackIndex(BytesView(found.with_suffix(".idx").read_bytes()), LIMITS)
    view, budget = BytesView(found.read_bytes()), Budget(1 << 28)
    for name, kind in every_object(folder):
        offset = index.find(name)
        assert offset is not None
        item = read_packed(view, offset, LIMITS, budget, index.find)
        assert (item.kind, object_id(item.kind, item.raw)) == (kind, name)
    assert index.find("0" * 40) is None
    assert index.find("f" * 40) is None


def test_deltas_by_id_are_read(packed):
    """`--no-reuse-delta --delta-base-offset` off: git then names bases by id."""
    folder, _ = packed
    names = b"\n".join(name.encode() for name, _ in every_object(folder)) + b"\n"
    data = git(folder, "-c", "repack.useDeltaBaseOffset=false", "pack-objects", "--stdout", "-q", data=names)
    assert len(read_pack(data, LIMITS)) == sum(kind != "blob" for _, kind in every_object(folder))


def test_a_bundle_of_git_is_read(packed):
    """With blobs (version 2) and without (version 3 with a filter)."""
    folder, _ = packed
    head = git(folder, "rev-parse", "HEAD").decode().strip()
    for version, options in (("2", ()), ("3", ("--filter=blob:none",))):
        made = git(folder, "bundle", "create", "-q", f"--version={version}", "-", *options, "main")
        bundle = parse_bundle(made, LIMITS)
        assert bundle.refs == {"refs/heads/main": head}
        assert bundle.objects[head].kind == "commit"
        assert all(item.kind != "blob" for item in bundle.objects.values())


@pytest.mark.parametrize(
    "head",
    [
        b"", b"# v2 git bundle\n", b"# v4 git bundle\n\n", b"# v2 git bundle\n@filter=blob:none\n\n",
        b"# v3 git bundle\n@object-format=sha256\n\n", b"# v3 git bundle\n@other\n\n",
        b"# v2 git bundle\nabc refs/heads/main\n\n", b"# v2 git bundle\n" + b"1" * 40 + b"\n\n",
        b"# v2 git bundle\n" + b"1" * 40 + b" a\n" + b"2" * 40 + b" a\n\n", b"# v2 git bundle\n\xff\n\n",
        b"# v2 git bundle\n-xyz\n\n",
    ],
)  # fmt: skip
def test_anything_else_is_no_bundle(head):
    """Unknown capabilities, short ids, a ref twice."""
    with pytest.raises(BundleBroken):
        parse_bundle(head + pack([]), LIMITS)


def test_an_empty_bundle_with_prerequisites():
    """What the receiver has is read past."""
    head = b"# v2 git bundle\n-" + b"1" * 40 + b" old\n" + b"2" * 40 + b" HEAD\n\n"
    assert parse_bundle(head + pack([]), LIMITS).refs == {"HEAD": "2" * 40}
    assert parse_bundle(b"# v2 git bundle\n\n" + pack([]), LIMITS).refs == {}


def _wrong_checksum() -> bytes:
    data = pack([entry("tree", b"")])
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", PackBroken),
        (b"PACK", PackBroken),
        (pack([]).replace(b"\0\0\0\2", b"\0\0\0\3"), PackBroken),
        (_wrong_checksum(), PackBroken),
        (pack([entry("tree", b"a")], count=2), PackBroken),
        (pack([entry("tree", b"a")], count=0), PackBroken),
        (pack([entry("tree", b"a")], tail=b"x"), PackBroken),
        (pack([b"\x20no zlib"]), PackBroken),
        (pack([entry("tree", b"a", size=2)]), PackBroken),
        (pack([entry("tree", b"ab", size=1)]), PackBroken),
        (pack([entry("tree", b"a" * 40)[:-3]]), PackBroken),
        (pack([entry(0, b"a")]), PackBroken),
        (pack([entry(5, b"a")]), PackBroken),
        (pack([b"\xff" * 20]), PackBroken),
        (pack([b"\xa0"]), PackBroken),
        (pack([entry(6, b"", base=b"\0")]), PackBroken),
        (pack([entry(6, b"", base=b"\x7f")]), PackBroken),
        (pack([entry(6, b"", base=b"\xff" * 30)]), PackBroken),
        (pack([entry("tree", b""), entry(6, delta(b"", 0), base=b"\x01")]), PackBroken),
        (pack([entry(7, b"", base=b"1" * 20)]), PackBroken),
        (pack([b"\x70" + b"1" * 5]), PackBroken),
        (pack([], count=1 << 30), PackTooLarge),
        (pack([entry("tree", b"", size=1 << 40)]), ObjectTooLarge),
    ],
)
def test_a_broken_pack_is_refused(data, error):
    """Wrong magic, checksum, counts, sizes, kinds and bases, and bytes that belong to nothing."""
    with pytest.raises(error):
        read_pack(data, LIMITS)


def test_deltas_in_any_order():
    """By id before its base, by offset behind it, and one on top of the other."""
    made = BASE + b"!"
    change = delta(BASE, len(made), COPY_ALL, b"\1!")
    more = delta(made, 1, b"\1?")
    base_id, made_id = (bytes.fromhex(object_id("tree", raw)) for raw in (BASE, made))
    by_id = pack([entry(7, more, base=made_id), entry(7, change, base=base_id), entry("tree", BASE)])
    first = entry("tree", BASE)
    by_offset = pack([first, entry(6, change, base=bytes([len(first)]))])
    expected = {object_id("tree", raw) for raw in (BASE, made)}
    assert read_pack(by_id, LIMITS).keys() == expected | {object_id("tree", b"?")}
    assert read_pack(by_offset, LIMITS).keys() == expected


@pytest.mark.parametrize(
    "change",
    [
        b"", b"\x80", b"\xff" * 20, delta(b"x" * 99, 1, b"\1a"), delta(BASE, 1), delta(BASE, 1, b"\1"),
        delta(BASE, 1, b"\2ab"), delta(BASE, 1, b"\0"), delta(BASE, 100, bytes([0b10010001, 1, 100])),
        delta(BASE, 100, b"\x90"), delta(BASE, 1, bytes([0x80])), delta(BASE, 3, b"\1a", b"\1b"),
    ],
)  # fmt: skip
def test_a_broken_delta_is_refused(change):
    """Another base, lengths that do not hold, copies from outside, reserved and cut instructions."""
    with pytest.raises(DeltaBroken):
        apply_delta(BASE, change, LIMITS, Budget(1 << 20))


def test_a_delta_bomb_stops_at_its_budget():
    """Copies of the whole base, a thousand times: the named size is checked before anything is made."""
    bomb = delta(BASE, 100_000, *[COPY_ALL] * 1000)
    with pytest.raises(ObjectTooLarge, match="32768"):
        apply_delta(BASE, bomb, replace(LIMITS, git_object_bytes=32768), Budget(1 << 20))
    with pytest.raises(ObjectTooLarge, match="together"):
        apply_delta(BASE, bomb, LIMITS, Budget(1000))
    with pytest.raises(DeltaBroken, match="more than the 150 bytes"):
        apply_delta(BASE, delta(BASE, 150, *[COPY_ALL] * 1000), LIMITS, Budget(1000))


def test_budgets_of_a_pack():
    """Bytes, objects, and deltas on top of each other."""
    data = pack([entry("tree", BASE), entry("tree", b"")])
    for tight, error in (
        (replace(LIMITS, git_pack_bytes=10), PackTooLarge),
        (replace(LIMITS, git_pack_objects=1), PackTooLarge),
        (replace(LIMITS, git_inflated_bytes=99), ObjectTooLarge),
    ):
        with pytest.raises(error):
            read_pack(data, tight)
    chain = [entry("tree", b"0")]
    for _ in range(9):
        chain.append(entry(6, delta(b"0", 1, b"\1" + b"0"), base=bytes([len(chain[-1])])))
    data = pack(chain)
    assert len(read_pack(data, LIMITS)) == 1
    tight = replace(LIMITS, git_delta_depth=5)
    with pytest.raises(PackTooLarge, match="on top of each other"):
        read_pack(data, tight)
    last = len(data) - 20 - len(chain[-1])
    with pytest.raises(PackTooLarge, match="on top of each other"):
        read_packed(BytesView(data), last, tight, Budget(1000), lambda _: None)


def test_single_objects_that_are_not_there():
    """Offsets outside, a base that another pack would have, and a stream that is too short or too long."""
    data = pack([entry("tree", BASE)])
    for offset in (0, 11, len(data) - 20, 1 << 40):
        with pytest.raises(PackBroken):
            read_packed(BytesView(data), offset, LIMITS, Budget(1000), lambda _: None)
    orphan = pack([entry(7, delta(b"", 0), base=b"1" * 20)])
    with pytest.raises(ObjectMissing):
        read_packed(BytesView(orphan), 12, LIMITS, Budget(1000), lambda _: None)
    for broken in (
        entry("tree", b"ab", size=1),
        entry("tree", b"a", size=2),
        b"\x20no",
        entry("tree", b"a" * 90)[:-4],
    ):
        with pytest.raises(PackBroken):
            read_packed(BytesView(pack([broken])), 12, LIMITS, Budget(1000), lambda _: None)


def index_of(count: int, *, fan: bytes | None = None, large: bytes = b"", offset: int = 12) -> bytes:
    """An index for `count` objects of the id 00..."""
    table = count.to_bytes(4, "big") * 256 if fan is None else fan
    rows = bytes(20) * count + bytes(4) * count + offset.to_bytes(4, "big") * count
    return b"\xfftOc\0\0\0\2" + table + rows + large + bytes(40)


@pytest.mark.parametrize(
    "data",
    [
        b"", index_of(0).replace(b"\0\0\0\2", b"\0\0\0\1", 1), index_of(1)[:-1], index_of(1) + b"x" * 7,
        index_of(0, fan=b"\0\0\0\1" + bytes(255 * 4)), hashlib.sha1().digest() * 60,
    ],
)  # fmt: skip
def test_a_broken_index_is_refused(data):
    """Version 1, a length that does not fit, a fan-out that falls."""
    with pytest.raises(PackIndexBroken):
        PackIndex(BytesView(data), LIMITS)


def test_large_offsets():
    """Packs of more than two gigabytes have a second table, which has to hold the row."""
    data = index_of(1, offset=1 << 31, large=(1 << 33).to_bytes(8, "big"))
    assert PackIndex(BytesView(data), LIMITS).find("0" * 40) == 1 << 33
    broken = PackIndex(BytesView(index_of(1, offset=1 << 31)), LIMITS)
    with pytest.raises(PackIndexBroken):
        broken.find("0" * 40)
    with pytest.raises(PackTooLarge):
        PackIndex(BytesView(index_of(40)), replace(LIMITS, git_pack_objects=2))
