"""formats.gguf: every tensor lies where the header says, and the reference reader agrees."""

from __future__ import annotations

import contextlib
import random
import struct
from typing import TYPE_CHECKING

import pytest
from gguf import GGUFReader, GGUFWriter
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.gguf import Gguf, parse_gguf
from safeload.formats.gguf_types import PLAIN, QUANTISED
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from tests.forge.gguf import TEMPLATE, array, forge, info, pair, small_model, string

if TYPE_CHECKING:
    from pathlib import Path


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Gguf:
    return parse_gguf(BytesView(data), limits)


def test_an_honest_file() -> None:
    """Values of every type, plain tensors as entries, quantised ones apart, templates by key."""
    data = small_model()
    record = parse(data)
    values = dict(record.metadata)
    assert (values["u8"], values["i8"], values["u16"], values["i16"]) == (255, -1, 513, -2)
    assert (values["u64"], values["i64"], values["f32"], values["f64"]) == (2**64 - 1, -1, 0.5, 0.1)
    assert (values["yes"], values["no"], values["general.architecture"]) == (True, False, "llama")
    tokens = values["tokenizer.ggml.tokens"]
    assert (tokens.item_type, tokens.count) == ("string", 3)
    assert data[tokens.offset : tokens.offset + tokens.length] == string("<s>") + string("é") + string("")
    entry = record.tensors["embed.weight"]
    assert (entry.dtype, entry.shape) == ("bfloat16", (3, 2))
    assert data[entry.offset : entry.offset + 12] == bytes(range(12))
    blocks = record.quantised["blk.0.weight"]
    assert (blocks.type, blocks.shape, blocks.length) == ("Q8_0", (2, 64), 136)
    assert list(record.tensors) == ["norm.weight", "embed.weight"]
    assert record.templates == {"tokenizer.chat_template": TEMPLATE}


def test_the_table_of_tensor_types_is_that_of_the_reference() -> None:
    """Each type of the gguf package has our number, block and size, and there is no other."""
    ours = {kind: (1, ITEM_BITS[dtype] // 8) for kind, dtype in PLAIN.items()}
    ours |= {kind: (block, width) for kind, (_, block, width) in QUANTISED.items()}
    assert ours == {int(kind): sizes for kind, sizes in GGML_QUANT_SIZES.items()}
    assert {kind: name for kind, (name, _, _) in QUANTISED.items()} == {
        int(kind): kind.name for kind in GGMLQuantizationType if int(kind) not in PLAIN
    }


@pytest.mark.parametrize("alignment", [None, 64])
def test_files_of_the_reference_writer(tmp_path: Path, alignment: int | None) -> None:
    """Names, shapes and places of a file that the gguf package wrote are those that it reads."""
    import numpy as np

    path = tmp_path / "m.gguf"
    writer = GGUFWriter(path, "llama")
    if alignment is not None:
        writer.add_custom_alignment(alignment)
    writer.add_block_count(2)
    writer.add_token_list(["a", "b", "é" * 50_000])
    writer.add_token_scores([0.5, 1.5, 2.5])
    writer.add_chat_template([{"name": "default", "template": TEMPLATE}, {"name": "tools", "template": "x"}])
    for name, dtype in (("a", np.float32), ("b", np.float16), ("c", np.int8), ("d", np.float64)):
        writer.add_tensor(f"{name}.weight", np.arange(15, dtype=dtype).reshape(3, 5))
    writer.add_tensor("q", np.zeros((4, 34), np.uint8), raw_dtype=GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    record = parse(path.read_bytes())
    theirs = GGUFReader(path)
    assert set(record.metadata) == {name for name in theirs.fields if not name.startswith("GGUF.")}
    assert {name: (list(t.shape), t.offset) for name, t in record.tensors.items()} == {
        t.name: (t.shape.tolist()[::-1], t.data_offset) for t in theirs.tensors if t.name != "q"
    }
    [q] = [t for t in theirs.tensors if t.name == "q"]
    ours = record.quantised["q"]
    assert (ours.type, list(ours.shape), ours.offset) == ("Q8_0", q.shape.tolist()[::-1], q.data_offset)
    assert record.templates == {"tokenizer.chat_template": TEMPLATE, "tokenizer.chat_template.tools": "x"}


def test_only_a_vocabulary() -> None:
    """A file without tensors ends with its header, padded or not."""
    for data in (forge(), forge(alignment=1), forge(version=2)):
        assert not parse(data).tensors


def test_nested_arrays_are_walked() -> None:
    """The array behind nested ones is found at its place."""
    inner = array(9, array(8, string("x"), string("y" * 70)), array(7), array(2, b"ab"))
    record = parse(forge((pair("a", 9, array(9, inner, array(4))), pair("b", 0, b"\x07"))))
    assert record.metadata["b"] == 7


A = info("a", [8], 0, 0)
BIG = 2**62


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GGU", "Truncated"),
        (b"GGML" + bytes(20), "NoMagic"),
        (forge(magic=b"FUGG"), "BigEndian"),
        (b"GGUF\0\0\0\x03" + bytes(16), "BigEndian"),
        (forge(version=1), "UnsupportedVersion"),
        (forge(version=0), "UnsupportedVersion"),
        (forge(tensors=2**64 - 1), "TooManyTensors"),
        (forge(keys=2**64 - 1), "TooManyKeys"),
        (forge(tensors=1, alignment=1), "Truncated"),
        (forge((b"\xff" * 8,), alignment=1), "Truncated"),
        (forge((string("x" * 5000) + bytes(5),)), "NameTooLong"),
        (forge((pair(b"\xff", 0, b"x"),)), "BadText"),
        (forge((pair("a", 8, string(b"\xff")),)), "BadText"),
        (forge((pair("a", 9, array(8, string(b"\xc3"))),)), "BadText"),
        (forge((pair("a", 7, b"\x02"),)), "BadBool"),
        (forge((pair("a", 9, array(7, b"\x00", b"\x02")),)), "BadBool"),
        (forge((pair("a", 13, b"x"),)), "UnknownValueType"),
        (forge((pair("a", 9, array(13, b"x")),)), "UnknownValueType"),
        (forge((pair("a", 0, b"x"), pair("a", 0, b"x"))), "DuplicateKey"),
        (forge((pair("a", 9, array(0, count=2**63)),)), "CountPastEnd"),
        (forge((pair("a", 9, array(10, count=2**61)),)), "CountPastEnd"),
        (forge((pair("a", 9, array(8, count=2**61)),)), "CountPastEnd"),
        (forge((pair("a", 9, array(8, b"\xff" * 8)),)), "Truncated"),
        (forge((pair("a", 9, b"\x09\0\0\0\x01" + b"\0" * 7) + (b"\x09\0\0\0\x01" + b"\0" * 7) * 99,)),
         "ArrayTooDeep"),
        (forge((pair("general.alignment", 10, struct.pack("<Q", 32)),)), "BadAlignment"),
        (forge((pair("general.alignment", 4, struct.pack("<I", 0)),)), "BadAlignment"),
        (forge((pair("general.alignment", 4, struct.pack("<I", 24)),)), "BadAlignment"),
        (forge((pair("general.alignment", 4, struct.pack("<I", 4)),)), "BadAlignment"),
        (forge((pair("general.alignment", 4, struct.pack("<I", 2**31)),)), "AlignmentTooLarge"),
        (forge((pair("tokenizer.chat_template", 9, array(8, string("x"))),)), "TemplateNotText"),
        (forge((pair("tokenizer.chat_template.tool", 0, b"x"),)), "TemplateNotText"),
        (forge((), (A, A), bytes(64)), "DuplicateTensor"),
        (forge((), (info("a", [1] * 5, 0, 0),), bytes(32)), "TooManyDimensions"),
        (forge((), (info("a", [BIG, BIG], 0, 0),), bytes(32)), "BadShape"),
        (forge((), (info("a", [0, BIG, BIG], 0, 0),), bytes(32)), "BadShape"),
        (forge((), (info("a", [8], 4, 0),), bytes(32)), "UnknownTensorType"),
        (forge((), (info("a", [8], 2**32 - 1, 0),), bytes(32)), "UnknownTensorType"),
        (forge((), (info("a", [8, 4], 8, 0),), bytes(34)), "PartialBlock"),
        (forge((), (info("a", [], 8, 0),), bytes(34)), "PartialBlock"),
        (forge((), (info("a", [8], 0, 8),), bytes(40)), "OffsetNotAligned"),
        (forge((), (A,), bytes(31)), "OffsetPastEnd"),
        (forge((), (info("a", [8], 0, 2**64 - 32),), bytes(32)), "OffsetPastEnd"),
        (forge((), (info("a", [BIG], 0, 0),), bytes(32)), "OffsetPastEnd"),
        (forge((), (A, info("b", [8], 0, 0)), bytes(32)), "OffsetsOverlap"),
        (forge((), (info("a", [9], 0, 0), info("b", [8], 0, 32)), bytes(64)), "OffsetsOverlap"),
        (forge((), (info("a", [8], 0, 32),), bytes(64)), "OffsetsGap"),
        (forge((), (A,), bytes(64)), "OffsetsGap"),
        (forge((), (), bytes(32)), "OffsetsGap"),
        (forge((), (A,), bytes(32) + b"PK"), "PaddingNotZero"),
        (forge((), (A,), bytes(32), padding=b"x"), "PaddingNotZero"),
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
        (forge((pair("a", 8, string("x" * 99)),)), Limits(gguf_text_bytes=98), "TooMuchText"),
        (forge((pair("a", 9, array(0, *[b"x"] * 99)),)), Limits(gguf_header_bytes=100), "HeaderTooLarge"),
        (forge((pair("a", 9, array(8, *[bytes(8)] * 9)),)), Limits(gguf_header_bytes=100), "HeaderTooLarge"),
        (forge((pair("a", 9, array(8, *[bytes(8)] * 9)),)), Limits(gguf_items=8), "TooManyItems"),
    ],
)
def test_budgets_hold(data: bytes, limits: Limits, code: str) -> None:
    """What exceeds a budget is a LimitExceeded that is named for it."""
    with pytest.raises(LimitExceeded) as caught:
        parse(data, limits)
    assert caught.value.code == code


def test_every_prefix_is_refused() -> None:
    """A file that was cut anywhere before its final padding is an error."""
    data = small_model()
    for length in range(len(data) - 24):
        with pytest.raises(FormatError):
            parse(data[:length])


def test_mutations_end_in_a_record_or_a_format_error(sealed) -> None:
    """A thousand changed files: whatever is accepted keeps its tensors inside the file."""
    rng, data = random.Random(3), small_model()
    with sealed():
        for _ in range(1_000):
            changed = bytearray(data)
            for _ in range(rng.randint(1, 4)):
                changed[rng.randrange(len(changed))] = rng.choice((0, 1, 127, 255, rng.randrange(256)))
            try:
                record = parse(bytes(changed))
            except FormatError:
                continue
            ends = [t.offset + t.length for t in record.quantised.values()]
            assert max([t.offset for t in record.tensors.values()] + ends) <= len(changed)


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_behind_the_magic(data: bytes) -> None:
    """Nothing but FormatError leaves the parser."""
    with contextlib.suppress(FormatError):
        parse(b"GGUF\x03\0\0\0" + data)
