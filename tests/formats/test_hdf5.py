"""formats.hdf5: the reference library reads the same, and each thing outside the subset has its name."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from safeload.errors import FormatError
from safeload.formats.hdf5 import Hdf5, parse_hdf5
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from tests.forge.hdf5 import by_h5py, everything, keras_weights, written
from tests.fuzz.mutate import mutated

if TYPE_CHECKING:
    from collections.abc import Callable

OLD: dict[str, Any] = {}
NEW: dict[str, Any] = {"libver": "latest"}


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Hdf5:
    return parse_hdf5(BytesView(data), limits)


def refusal(data: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    with pytest.raises(FormatError) as caught:
        parse(data, limits)
    return caught.value.code


def ours(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our record in the form of the oracle."""
    parsed = parse(data)
    tensors = {}
    for path, entry in parsed.tensors.items():
        length = int(np.prod(entry.shape, dtype=np.int64)) * ITEM_BITS[entry.dtype] // 8
        tensors[path] = (entry.dtype, entry.shape, data[entry.offset : entry.offset + length])
    return tensors, {path: dict(values) for path, values in parsed.attributes.items()}


@pytest.mark.parametrize("options", [OLD, NEW, {"track_order": True}, {"libver": "v108"}])
@pytest.mark.parametrize("build", [keras_weights, everything])
def test_h5py_reads_the_same(build: Callable[..., bytes], options: dict[str, Any]) -> None:
    """Paths, dtypes, shapes, bytes and attributes are those of the reference library."""
    data = build(**options)
    found = ours(data)
    assert found == by_h5py(data)
    assert len(found[0]) == 14


def test_a_dataset_by_its_weight_name() -> None:
    """Keras' own way to a weight, layer_names and then weight_names, leads through the record."""
    parsed = parse(keras_weights())
    paths = [
        f"{layer}/{name}"
        for layer in parsed.attributes[""]["layer_names"]
        for name in parsed.attributes[layer]["weight_names"]
    ]
    assert len(paths) == len(parsed.tensors) == 14
    assert set(paths) == parsed.tensors.keys()
    assert parsed.attributes[""]["backend"] == "tensorflow"


@pytest.mark.parametrize("removed", [0, 900])
def test_a_group_of_many(removed: int) -> None:
    """A tree of several levels, also after entries were removed again."""

    def fill(file: h5py.File) -> None:
        names = [f"w{index * 7919 % 1000}" for index in range(1000)]
        for name in names:
            file[name] = np.float32(1)
        for name in names[:removed]:
            del file[name]

    data = written(fill)
    assert len(parse(data).tensors) == 1000 - removed
    assert ours(data) == by_h5py(data)


@pytest.mark.parametrize("options", [OLD, NEW])
def test_attributes_that_overflow_their_header(options: dict[str, Any]) -> None:
    """Headers go on in other chunks, and strings in several heaps."""

    def fill(file: h5py.File) -> None:
        for group in range(30):
            for index in range(4):
                file.require_group(f"{group % 5}/{group}").attrs[f"{index}"] = "x" * index * 900
                file[f"{group % 5}/{group}"].attrs[f"{index}s"[: 1 + index % 2]] = np.arange(index)

    data = written(fill, **options)
    assert ours(data) == by_h5py(data)


def test_bfloat16() -> None:
    """A float of the layout that torch calls bfloat16 has that name."""

    def fill(file: h5py.File) -> None:
        kind = h5py.h5t.IEEE_F16LE.copy()
        kind.set_fields(15, 7, 8, 0, 7)
        kind.set_ebias(127)
        space = h5py.h5s.create_simple((2,))
        made = h5py.h5d.create(file.id, b"a", kind, space)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ones(2, np.float32))

    data = written(fill)
    entry = parse(data).tensors["a"]
    assert (entry.dtype, data[entry.offset : entry.offset + 4]) == ("bfloat16", b"\x80\x3f" * 2)


def test_an_empty_file() -> None:
    """No object but the root group."""
    for options in (OLD, NEW):
        parsed = parse(written(lambda _: None, **options))
        assert (dict(parsed.tensors), dict(parsed.attributes)) == ({}, {})


def _typed(kind: Any) -> Callable[[h5py.File], Any]:
    """A dataset of one type, without conversion."""
    return lambda file: h5py.h5d.create(file.id, b"a", kind, h5py.h5s.create_simple((2,)))


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2,), np.float32)
    layout[:] = h5py.VirtualSource("other.h5", "a", (2,))
    file.create_virtual_dataset("v", layout)


def _cycle(file: h5py.File) -> None:
    file["a/b/c"] = np.float32(1)
    file["a/b/up"] = file["a"]


def _hard_link(file: h5py.File) -> None:
    file["a"] = np.float32(1)
    file["b"] = file["a"]


def _many_attributes(file: h5py.File) -> None:
    for index in range(9):
        file.attrs[f"{index}"] = index


def _many_links(file: h5py.File) -> None:
    for index in range(9):
        file[f"{index}"] = np.float32(1)


def _attribute(value: Any) -> Callable[[h5py.File], Any]:
    return lambda file: file.attrs.create("a", value)


def _named_type_in_use(file: h5py.File) -> None:
    file["group/type"] = np.dtype("<f4")
    file.create_dataset("a", data=[1.0], dtype=file["group/type"])


OUTSIDE_THE_SUBSET: list[tuple[str, Callable[[h5py.File], Any], dict[str, Any]]] = [
    ("NoSignature", lambda _: None, {"userblock_size": 512}),
    ("SuperblockExtension", lambda _: None, {"fs_strategy": "page"}),
    ("SoftLink", lambda file: file.__setitem__("a", h5py.SoftLink("/b")), OLD),
    ("SoftLink", lambda file: file.__setitem__("a", h5py.SoftLink("/b")), NEW),
    ("ExternalLink", lambda file: file.__setitem__("a", h5py.ExternalLink("/etc/b.h5", "/c")), OLD),
    ("ExternalLink", lambda file: file.__setitem__("a", h5py.ExternalLink("/etc/b.h5", "/c")), NEW),
    ("ExternalStorage", lambda file: file.create_dataset("a", (2,), "f4", external="/etc/passwd"), OLD),
    ("VirtualDataset", _virtual, NEW),
    ("ObjectTwice", _hard_link, OLD),
    ("ObjectTwice", _hard_link, NEW),
    ("ObjectTwice", _cycle, OLD),
    ("ObjectTwice", _cycle, NEW),
    ("NamedDatatype", lambda file: file.__setitem__("a", np.dtype("<f4")), OLD),
    ("SharedMessage", _named_type_in_use, OLD),
    ("ChunkedLayout", lambda file: file.create_dataset("a", data=[1.0], maxshape=(None,)), OLD),
    ("ChunkedLayout", lambda file: file.create_dataset("a", data=[1.0], maxshape=(None,)), NEW),
    ("FilterPipeline", lambda file: file.create_dataset("a", data=[1.0], compression="gzip"), OLD),
    ("MissingData", lambda file: file.create_dataset("a", (2,), "f4"), OLD),
    ("DenseGroup", _many_links, NEW),
    ("DenseAttributes", _many_attributes, NEW),
    ("NullDataspace", lambda file: file.attrs.create("a", h5py.Empty("f4")), OLD),
    ("BigEndian", lambda file: file.create_dataset("a", data=np.ones(2, ">f4")), OLD),
    ("BigEndian", lambda file: file.create_dataset("a", data=np.ones(2, ">i2")), OLD),
    ("UnusualNumber", lambda file: file.create_dataset("a", data=np.ones(2, np.longdouble)), OLD),
    ("TextDataset", lambda file: file.create_dataset("a", data="text"), OLD),
    ("TextDataset", lambda file: file.create_dataset("a", data=np.array([b"text"])), OLD),
    ("TimeType", _typed(h5py.h5t.UNIX_D32LE), OLD),
    ("BitFieldType", _typed(h5py.h5t.STD_B8LE), OLD),
    ("OpaqueType", _attribute(np.void(b"abc")), OLD),
    ("CompoundType", _attribute(np.zeros(2, [("x", "f4")])), OLD),
    ("EnumerationType", lambda file: file.create_dataset("a", data=np.array([True])), OLD),
    ("ReferenceType", lambda file: file.attrs.create("a", file.ref), OLD),
    ("SequenceType", lambda file: file.create_dataset("a", (1,), h5py.vlen_dtype(np.int32)), OLD),
    ("ArrayType", _typed(h5py.h5t.array_create(h5py.h5t.IEEE_F32LE, (2,))), OLD),
]


@pytest.mark.parametrize(("code", "fill", "options"), OUTSIDE_THE_SUBSET)
def test_outside_the_subset(code: str, fill: Callable[[h5py.File], Any], options: dict[str, Any]) -> None:
    """Valid files with something that Keras' weights never hold are refused by its name."""
    assert refusal(written(fill, **options)) == code


def _small(file: h5py.File) -> None:
    file.attrs["note"] = np.array([b"abcd", b"efgh"])
    file.attrs["more"] = "variable"
    file["a"] = np.arange(4, dtype=np.float32).reshape(2, 2)
    file["b"] = np.arange(4, dtype=np.float32)


def test_each_budget() -> None:
    """A file inside the default budgets is refused under a smaller one, with the budget's name."""
    data = written(_small)
    parse(data)
    assert refusal(data, Limits(hdf5_objects=2)) == "TooManyObjects"
    assert refusal(data, Limits(hdf5_metadata_bytes=1000)) == "TooMuchMetadata"
    assert refusal(data, Limits(tensor_rank=1)) == "RankTooLarge"
    assert refusal(data, Limits(tensor_name_bytes=3)) == "PathTooLong"


def test_one_string_counts_each_time_it_is_named() -> None:
    """Many references to one long string cannot multiply it past the budget."""

    def fill(file: h5py.File) -> None:
        file.attrs["a"] = ["x" * 60_000] * 4000

    data = written(fill)
    first = data.index(b"GCOL")
    # every element names the first string: length, heap, index
    at = data.index((60_000).to_bytes(4, "little") + first.to_bytes(8, "little"))
    element = data[at : at + 16]
    assert refusal(data[:at] + element * 4000 + data[at + 16 * 4000 :]) == "TooMuchMetadata"


def test_every_prefix() -> None:
    """A file cut anywhere is refused."""
    for options in (OLD, NEW):
        data = written(_small, **options)
        for end in range(0, len(data), 7):
            refusal(data[:end])


def test_mutations_end_in_a_record_or_a_format_error(sealed: Any) -> None:
    """A thousand broken files: no other exception, and the seal holds."""
    rng = random.Random(5)
    seeds = [keras_weights(1), keras_weights(1, **NEW), written(_small), written(_small, **NEW)]
    read = 0
    for _ in range(1000):
        data = mutated(seeds, rng)
        with sealed():
            try:
                parse(data)
            except FormatError:
                continue
            read += 1
    assert read
