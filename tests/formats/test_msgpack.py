"""formats.msgpack: every array of a Flax checkpoint is a range of the file, as the msgpack package has it."""

from __future__ import annotations

import contextlib
import random

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.flax_tree import ByteRange, Empty, FlaxError
from safeload.formats.msgpack import DTYPES, Msgpack, parse_msgpack
from safeload.formats.tensors import ITEM_BITS, TensorEntry
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from tests.forge.flax import PIECE, bfloat16, chunked, pack, params


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Msgpack:
    return parse_msgpack(BytesView(data), limits)


def ours(data: bytes, entry: TensorEntry) -> tuple[str, list[int], bytes]:
    count = 1
    for size in entry.shape:
        count *= size
    length = count * ITEM_BITS[entry.dtype] // 8
    return entry.dtype, list(entry.shape), data[entry.offset : entry.offset + length]


def theirs(data: bytes) -> dict[str, object]:
    """Name -> leaf, as the reference reader has it."""

    def extension(code: int, raw: bytes) -> object:
        value = msgpack.unpackb(raw, raw=False)
        return complex(*value) if code == 2 else (code, value[1], value[0], value[2])

    flat: dict[str, object] = {}
    stack = [("", msgpack.unpackb(data, ext_hook=extension, raw=False, max_str_len=len(data)))]
    while stack:
        name, node = stack.pop()
        if isinstance(node, dict) and node:
            stack += [(f"{name}.{key}", child) for key, child in node.items()]
        elif isinstance(node, list) and node:
            stack += [(f"{name}.{at}", child) for at, child in enumerate(node)]
        else:
            flat[name[1:]] = node
    return flat


def same(data: bytes) -> None:
    """Both readers have the same leaves."""
    record = parse(data)
    flat: dict[str, object] = {name: (1, *ours(data, entry)) for name, entry in record.tensors.items()}
    flat |= {name: (3, *ours(data, entry)) for name, entry in record.scalars.items()}
    for name, leaf in record.metadata.items():
        if isinstance(leaf, ByteRange):
            flat[name] = data[leaf.offset : leaf.offset + leaf.length]
        else:
            flat[name] = {Empty.MAP: {}, Empty.LIST: []}.get(leaf, leaf) if isinstance(leaf, Empty) else leaf
    assert repr(dict(sorted(flat.items()))) == repr(dict(sorted(theirs(data).items())))


def test_a_checkpoint_as_transformers_saved_it() -> None:
    """Dotted names in file order, absolute offsets, and the bytes are the array's."""
    data = pack(params())
    record = parse(data)
    assert list(record.tensors)[:2] == [
        "bert.embeddings.word_embeddings.embedding",
        "bert.encoder.layer.0.attention.query.kernel",
    ]
    assert not record.metadata
    assert not record.chunked
    same(data)


def test_a_train_state() -> None:
    """Scalars, complex numbers, bytes, empty containers and numbers stay beside the tensors."""
    state = {
        "params": params(), "step": np.int32(7), "opt_state": {"0": {"count": np.array(3)}, "1": {}},
        "c": 1 + 2j, "none": None, "flag": True, "text": "é" * 40, "raw": b"bytes", "list": [1, -1, [], 2.5],
        "big": [2**63, -(2**63), 2**16, -300, -2**20, 70_000],
    }  # fmt: skip
    data = pack(state)
    record = parse(data)
    assert record.scalars["step"].shape == ()
    assert record.metadata["c"] == 1 + 2j
    assert record.metadata["opt_state.1"] is Empty.MAP
    same(data)


@pytest.mark.parametrize("dtype", sorted(DTYPES))
def test_every_dtype_of_the_table(dtype: str) -> None:
    """Ours has numpy's width wherever numpy knows the name, and torch's for the rest."""
    with contextlib.suppress(TypeError):
        assert np.dtype(dtype).itemsize * 8 == ITEM_BITS[dtype]
    width = ITEM_BITS[dtype] // 8
    triple = msgpack.packb(((2, 1), dtype, bytes(2 * width)), use_bin_type=True)
    record = parse(pack({"a": msgpack.ExtType(1, triple)}))
    assert (record.tensors["a"].dtype, record.tensors["a"].shape) == (dtype, (2, 1))


def test_lengths_of_every_width() -> None:
    """Maps, strings, bytes and extensions of 8, 16 and 32 bits."""
    for count in (15, 16, 70_000):
        same(pack({str(at): None for at in range(count)}))
    for count in (0, 1, 31, 32, 255, 256, 65_535, 65_536):
        same(pack({"k" * min(count, 4096): np.zeros(count, np.uint8), "s": "x" * count, "b": bytes(count)}))
    same(pack({"a": bfloat16((2, 3), b"\x80\x3f" * 6), "list": [None] * 20}))


def test_chunked_arrays() -> None:
    """Pieces that are apart make an entry of their own kind; a single piece is a plain tensor."""
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    data = pack({"a": {"w": chunked(array, 5)}, "b": chunked(array, 12)})
    record = parse(data)
    pieces = record.chunked["a.w"]
    assert (pieces.dtype, pieces.shape) == ("float32", (3, 4))
    assert b"".join(ours(data, piece)[2] for piece in pieces.chunks) == array.tobytes()
    assert ours(data, record.tensors["b"]) == ("float32", [3, 4], array.tobytes())


def ext(code: int, *values: object, behind: bytes = b"") -> bytes:
    return pack({"a": msgpack.ExtType(code, msgpack.packb(values, use_bin_type=True) + behind)})


PIECES = chunked(np.zeros((2, 2), np.int8), 3)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "Truncated"),
        (b"\x81", "CountPastEnd"),
        (b"\x90", "NotMap"),
        (b"\xc0", "NotMap"),
        (b"\x81\x01\x01", "KeyNotText"),
        (b"\x81\xc4\x01a\x01", "KeyNotText"),
        (b"\x81\xa1a\xc1", "ReservedByte"),
        (b"\x81\xa1a\xc0\xc0", "TrailingData"),
        (b"\x82\xa1a\xc0\xd9\x01a\xc0", "DuplicateKey"),
        (b"\x81\xa1\xff\xc0", "BadText"),
        (b"\x81\xa1a\xa1\xff", "BadText"),
        (b"\x81\xa1a\xdb\xff\xff\xff\xff", "TooMuchText"),
        (b"\x81\xa1a\xda\xff\xff", "Truncated"),
        (b"\x81\xa1a\xc6\xff\xff\xff\xff", "Truncated"),
        (b"\x81\xa1a\xc9\xff\xff\xff\xff\x01", "Truncated"),
        (b"\x81\xa1a\xdd\xff\xff\xff\xff", "CountPastEnd"),
        (b"\xdf\xff\xff\xff\xff", "CountPastEnd"),
        (b"\x81\xa1a" + b"\x91" * 99 + b"\xc0", "TooDeep"),
        (b"\x81\xa1a\xd6\xff" + bytes(4), "UnknownExtension"),
        (ext(0, 1), "UnknownExtension"),
        (ext(4, 1), "UnknownExtension"),
        (ext(42, 1), "UnknownExtension"),
        (ext(1, [1], "uint8"), "ArrayFields"),
        (ext(1, [1], "uint8", b"x", 1), "ArrayFields"),
        (ext(1, [1], 8, b"x"), "ArrayFields"),
        (ext(1, [1], "uint8", "x"), "ArrayFields"),
        (ext(1, 1, "uint8", b"x"), "BadShape"),
        (ext(1, [-1], "uint8", b"x"), "BadShape"),
        (ext(1, [1.0], "uint8", b"x"), "BadShape"),
        (ext(1, [True], "uint8", b"x"), "BadShape"),
        (ext(1, [""], "uint8", b""), "BadShape"),
        (ext(1, [2**63], "uint8", b"x"), "BadShape"),
        (ext(1, [0, 2**62, 2], "uint8", b""), "BadShape"),
        (ext(1, [1] * 65, "uint8", b"x"), "RankTooLarge"),
        (ext(1, [1], "object", b"x"), "UnknownDtype"),
        (ext(1, [1], "<f4", b"xxxx"), "UnknownDtype"),
        (ext(1, [1], "x" * 1000, b"x"), "UnknownDtype"),
        (ext(1, [2], "uint8", b"x"), "SizeMismatch"),
        (ext(3, [1], "float32", b"x"), "SizeMismatch"),
        (ext(1, [1], "uint8", b"x", behind=b"\xc0"), "ExtensionTrailing"),
        (ext(2, 1.0), "BadComplex"),
        (ext(2, 1, 2), "BadComplex"),
        (ext(2, "", ""), "BadComplex"),
        (b"\x81\xa1a\xc7\x03\x01\x93\x91\x01" + b"\xa5uint8\xc4\x01x", "Truncated"),
        (pack({"a.b": 1, "a": {"b": 2}}), "NamesCollide"),
        (pack({"a.0": 1, "a": [2]}), "NamesCollide"),
        (pack({"a": {PIECE: True}}), "BadChunks"),
        (pack(PIECES), "BadChunks"),
        (pack({"a": {**PIECES, "x": 1}}), "BadChunks"),
        (pack({"a": {**PIECES, PIECE: False}}), "BadChunks"),
        (pack({"a": {**PIECES, "shape": [2, 2]}}), "BadChunks"),
        (pack({"a": {**PIECES, "shape": {"0": 2, "1": 3}}}), "BadChunks"),
        (pack({"a": {**PIECES, "shape": {"0": -2, "1": -2}}}), "BadChunks"),
        (pack({"a": {**PIECES, "shape": {"0": 2**62, "1": 2**62}}}), "BadChunks"),
        (pack({"a": {**PIECES, "shape": {"1": 2, "2": 2}}}), "BadChunks"),
        (pack({"a": {**PIECES, "shape": {str(at): 1 for at in range(65)}}}), "RankTooLarge"),
        (pack({"a": {**PIECES, "chunks": {}}}), "BadChunks"),
        (pack({"a": {**PIECES, "chunks": {"0": 1}}}), "BadChunks"),
        (pack({"a": {**PIECES, "chunks": {"0": np.zeros((2, 2), np.int8)}}}), "BadChunks"),
        (pack({"a": {**PIECES, "chunks": {"0": np.zeros(2, np.int8), "1": np.zeros(2, np.uint8)}}}),
         "BadChunks"),
    ],
)  # fmt: skip
def test_each_way_to_be_wrong(data: bytes, code: str) -> None:
    """Each fault ends in its own FormatError."""
    with pytest.raises(FormatError) as caught:
        parse(data)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("data", "limits", "code"),
    [
        (pack({"a": [None] * 9}), Limits(msgpack_items=9), "TooManyItems"),
        (pack({"a": "x" * 9}), Limits(msgpack_text_bytes=9), "TooMuchText"),
        (pack({"a" * 90: [None] * 9}), Limits(msgpack_text_bytes=500), "NamesTooLong"),
        (pack({"a" * 90: [None]}), Limits(tensor_name_bytes=89), "NameTooLong"),
        (pack({"a" * 90: [None]}), Limits(tensor_name_bytes=91), "NameTooLong"),
    ],
)
def test_budgets_hold(data: bytes, limits: Limits, code: str) -> None:
    """What exceeds a budget is a LimitExceeded that is named for it."""
    with pytest.raises(LimitExceeded) as caught:
        parse(data, limits)
    assert caught.value.code == code


def test_what_other_programs_write_is_told_apart() -> None:
    """Foreign extensions, keys and dtypes are no damage: the error says that Flax did not write them."""
    for data in (b"\x81\x01\x01", ext(42, 1), b"\x90", ext(1, [1], "object", b"x")):
        with pytest.raises(FlaxError):
            parse(data)
    with pytest.raises(FormatError) as caught:
        parse(b"\x82\xa1a\xc0\xa1a\xc0")
    assert not isinstance(caught.value, FlaxError)


def test_every_prefix_is_refused() -> None:
    """A file that was cut anywhere is an error."""
    data = pack(params(1))
    for length in range(len(data)):
        with pytest.raises(FormatError):
            parse(data[:length])


def test_mutations_end_in_the_same_leaves_or_a_format_error(sealed) -> None:
    """A thousand changed files: what we accept, the reference reader accepts, with the same leaves."""
    rng = random.Random(5)
    data = pack(
        {"p": {"w": np.arange(3, dtype=np.int16), "n": 1.5}, "s": np.int8(1), "l": [1, {}], "b": b"x"}
    )
    accepted = []
    with sealed():
        for _ in range(1_000):
            changed = bytearray(data)
            for _ in range(rng.randint(1, 3)):
                changed[rng.randrange(len(changed))] = rng.choice((0, 0x80, 0x90, 0xC0, rng.randrange(256)))
            with contextlib.suppress(FormatError):
                parse(bytes(changed))
                accepted.append(bytes(changed))
    assert len(accepted) > 50
    for changed in accepted:
        same(changed)


_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text("aé\0😀", max_size=9)
    | st.binary(max_size=9)
)
_keys = st.text("ab/é_0", max_size=5)
_trees = st.dictionaries(
    _keys, st.recursive(_leaves, lambda inner: st.lists(inner) | st.dictionaries(_keys, inner), max_leaves=9)
)


@settings(max_examples=60)
@given(_trees)
def test_any_tree(tree: dict[str, object]) -> None:
    """parse(pack(tree)) has the leaves of the tree."""
    if tree:
        same(pack(tree))


@settings(max_examples=100)
@given(st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    """Nothing but FormatError leaves the parser."""
    with contextlib.suppress(FormatError):
        parse(b"\x81\xa1a" + data)
