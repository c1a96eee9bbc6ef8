"""Files that are small and ask for much: by kind, each beside an honest file of the same size and kind.

A new kind is a row: a name, the family whose twin it is measured against, and a function of a size in
bytes. A new family is a row of TWINS: a file name, and a function that builds an honest file.

What is here is data that no loader is handed. Most of it comes from scanners' and CPython's own trackers.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[[int], bytes]

SIZE = 4_000_000
"""Bytes of each file, about: the largest that the bounds are promised for."""
_FULL = 0.7
"""Bombs of this part of it are measured against a twin of the full size."""
_PROTO = b"\x80\x04"
_ORDERED = b"ccollections\nOrderedDict\nq\x00"
_SYSTEM = b"cposix\nsystem\nq\x00"


def fill(piece: bytes, size: int, *, head: bytes = _PROTO, tail: bytes = b"N.") -> bytes:
    """`piece` as often as it fits."""
    return head + piece * ((size - len(head) - len(tail)) // len(piece)) + tail


def each(piece: Callable[[int], bytes], size: int, *, head: bytes = _PROTO, tail: bytes = b"N.") -> bytes:
    """A different piece every time."""
    out = [head]
    left = size - len(head) - len(tail)
    number = 0
    while (next_one := piece(number)) and len(next_one) <= left:
        out.append(next_one)
        left -= len(next_one)
        number += 1
    return b"".join([*out, tail])


def _u4(number: int) -> bytes:
    return struct.pack("<I", number)


# -- honest files ----------------------------------------------------------------------------------------


def plain_pickle(size: int) -> bytes:
    """Nested lists and dicts of numbers and texts, as a Trainer's log has them."""
    row = (
        b"}q\x01(X\x04\x00\x00\x00lossq\x02G?\xe0\x00\x00\x00\x00\x00\x00X\x04\x00\x00\x00stepq\x03M\x10\x27"
        b"X\x05\x00\x00\x00epochq\x04K\x02u"
    )
    return fill(row + b"a", max(size, 100), head=b"\x80\x02]q\x00", tail=b".")


def plain_json(size: int) -> bytes:
    """Rows of numbers and texts."""
    rows = [{"epoch": n / 10, "loss": 1 / (n + 1), "step": n, "note": "plain text"} for n in range(size // 70)]
    return json.dumps({"log_history": rows}).encode()[:size].rpartition(b", {")[0] + b"]}"


def tokenizer(size: int) -> bytes:
    """A vocabulary of whole words."""
    vocabulary = {f"word{n}": n for n in range(size // 18)}
    return json.dumps({"version": "1.0", "model": {"type": "WordLevel", "vocab": vocabulary}}).encode()


def plain_safetensors(size: int) -> bytes:
    """A header that takes up nearly all of the file."""
    count = size // 75
    entries = {
        f"model.layers.{n}.weight": {"dtype": "U8", "shape": [1], "data_offsets": [n, n + 1]} for n in range(count)
    }
    head = json.dumps(entries, separators=(",", ":")).encode()
    return struct.pack("<Q", len(head)) + head + bytes(count)


def plain_npy(size: int) -> bytes:
    """An array of float32."""
    return _npy("{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }" % (size // 4), bytes(size // 4 * 4))


def plain_gguf(size: int) -> bytes:
    """A vocabulary."""
    words = [_text(f"token{n}".encode()) for n in range(size // 20)]
    array = struct.pack("<IQ", 8, len(words)) + b"".join(words)
    return _gguf([_text(b"tokenizer.ggml.tokens") + struct.pack("<I", 9) + array])


def plain_msgpack(size: int) -> bytes:
    """Many small arrays, as Flax writes them."""
    array = b"\x93\x91\x04\xa7float32\xc4\x10" + bytes(16)
    leaf = bytes([0xC7, len(array), 1]) + array
    count = size // 50
    pairs = (b"\xab" + f"kernel{n:05d}".encode()[:11] + leaf for n in range(count))
    return b"\x81\xa6params\xdf" + struct.pack(">I", count) + b"".join(pairs)


def plain_hdf5(size: int) -> bytes:
    """Small datasets, as Keras writes them."""
    import h5py
    import numpy as np

    file = io.BytesIO()
    with h5py.File(file, "w") as root:
        for number in range(size // 1_100):
            root[f"layer_{number}/kernel"] = np.zeros(4, np.float32)
    return file.getvalue()


def plain_zip(size: int) -> bytes:
    """A few thousand stored texts."""
    return _zip([(f"folder/file{n}.txt", b"plain text " * 8) for n in range(size // 250)], zipfile.ZIP_STORED)


def plain_gzip(size: int) -> bytes:
    """A text that compresses to about a tenth."""
    rng = random.Random(0)
    text = b"".join(bytes(rng.choices(b"abcdefgh ", k=50)) * 4 + b"\n" for _ in range(size // 50))
    return gzip.compress(text, 1)[:size] if size < 1_000 else gzip.compress(text[: size * 5], 1)


def plain_text(size: int) -> bytes:
    """Prose."""
    return (b"The quick brown fox jumps over the lazy dog.\n" * (size // 45 + 1))[:size]


def plain_legacy(size: int) -> bytes:
    """Many tensors in the stream format of torch before 1.6."""
    import torch

    file = io.BytesIO()
    state = {f"layer.{n}.weight": torch.zeros(2) for n in range(size // 220)}
    torch.save(state, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def plain_torch(size: int) -> bytes:
    """Many tensors in a zip archive."""
    import torch

    file = io.BytesIO()
    torch.save({f"layer.{n}.weight": torch.zeros(2) for n in range(size // 420)}, file)
    return file.getvalue()


TWINS: dict[str, tuple[str, Make]] = {
    "pickle": ("model.pkl", plain_pickle),
    "json": ("trainer_state.json", plain_json),
    "tokenizer": ("tokenizer.json", tokenizer),
    "safetensors": ("model.safetensors", plain_safetensors),
    "npy": ("array.npy", plain_npy),
    "gguf": ("model.gguf", plain_gguf),
    "msgpack": ("flax_model.msgpack", plain_msgpack),
    "hdf5": ("tf_model.h5", plain_hdf5),
    "zip": ("files.zip", plain_zip),
    "gzip": ("file.gz", plain_gzip),
    "text": ("notes.txt", plain_text),
    "torch-legacy": ("pytorch_model.bin", plain_legacy),
    "torch": ("pytorch_model.bin", plain_torch),
}
"""Family: name of the file, an honest one of about so many bytes."""


# -- hostile ones ----------------------------------------------------------------------------------------


def _npy(header: str, data: bytes = b"") -> bytes:
    padded = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded + data


def _text(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def _gguf(pairs: list[bytes], infos: list[bytes] | None = None, *, data: bytes = b"") -> bytes:
    tensors = infos or []
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join([*pairs, *tensors])
    return head + bytes(-len(head) % 32) + data


def _zip(files: list[tuple[str, bytes]], method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def _header(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def _shared(size: int) -> bytes:
    return fill(b"(h\x00h\x00h\x00h\x00tq\x00", min(size, 460), head=_PROTO + b"Nq\x00", tail=b".")


def _numbers(size: int, digits: int, *, head: bytes = b"[", tail: bytes = b"1]") -> bytes:
    return fill(b"9" * digits + b",", size, head=head, tail=tail)


def _collisions(size: int) -> bytes:
    """Integers that CPython gives the same hash, since it reckons modulo 2**61 - 1."""

    def item(number: int) -> bytes:
        raw = (number * ((1 << 61) - 1)).to_bytes(10, "little")
        return b"\x8a\x0a" + raw + b"N"

    return each(item, size, head=_PROTO + b"}(", tail=b"u.")


def _same_low_bits(size: int) -> bytes:
    def item(number: int) -> bytes:
        return b"\x8a\x08" + ((number & 0x7FFFF) << 40).to_bytes(8, "little") + b"N"

    return each(item, size, head=_PROTO + b"}(", tail=b"u.")


PICKLES: dict[str, Make] = {
    "memo index 2**31": lambda size: fill(b"N0", size, head=_PROTO + b"Nr\x00\x00\x00\x80"),
    "memo: one value, many places": lambda size: each(lambda n: b"r" + _u4(n), size, head=_PROTO + b"N"),
    "memo: MEMOIZE alone": lambda size: fill(b"\x94", size, head=_PROTO + b"N"),
    "memo: empty lists": lambda size: fill(b"]\x94", size),
    "memo: far apart": lambda size: each(lambda n: b"r" + _u4(n * 37), size, head=_PROTO + b"N"),
    "nesting: lists": lambda size: b"]" * (size // 2) + b"a" * (size // 2 - 1) + b".",
    "nesting: tuples": lambda size: fill(b"\x85", size, head=_PROTO + b")", tail=b"."),
    "nesting: marks": lambda size: b"(" * (size // 2) + b"l" * (size // 2 - 1) + b".",
    "nesting: pairs of marks": lambda size: fill(b"(1", size),
    "nesting: dicts": lambda size: fill(b"}K\x00", size),
    "4**40 shared nodes": _shared,
    "2 million NONE and POP": lambda size: fill(b"N0", size),
    "values left on the stack": lambda size: fill(b"N", size),
    "empty lists": lambda size: fill(b"]", size),
    "empty dicts": lambda size: fill(b"}", size),
    "empty sets": lambda size: fill(b"\x8f", size),
    "empty tuples": lambda size: fill(b")", size),
    "small tuples": lambda size: fill(b"N\x85", size),
    "small lists": lambda size: fill(b"]Na", size),
    "small dicts": lambda size: fill(b"}NNs", size),
    "small dicts of texts": lambda size: fill(b"}U\x01aNs", size),
    "small sets": lambda size: fill(b"\x8f(N\x90", size),
    "small frozen sets": lambda size: fill(b"(N\x91", size),
    "small bytearrays": lambda size: fill(b"\x96" + bytes(8), size),
    "small texts": lambda size: fill(b"U\x02ab", size),
    "small bytes": lambda size: fill(b"C\x02ab", size),
    "small numbers": lambda size: fill(b"M\x01\x02", size),
    "small floats": lambda size: fill(b"F1\n", size),
    "imports: one again and again": lambda size: fill(b"ca\nb\n", size),
    "imports: all different": lambda size: each(lambda n: b"c%x\nb\n" % n, size),
    "imports: gadgets": lambda size: each(lambda n: b"cos\n%x\n" % n, size),
    "imports: dotted": lambda size: each(lambda n: b"cos\na.%x\n" % n, size),
    "imports: one long name": lambda size: b"c" + b"a" * (size // 2) + b"\n" + b"b" * (size // 2 - 9) + b"\n.",
    "imports: long names": lambda size: each(lambda n: b"c" + b"%05d" % n * 200 + b"\nb\n", size),
    "refused: calls of a gadget": lambda size: fill(b"h\x00)R0", size, head=_PROTO + _SYSTEM),
    "refused: calls outside a contract": lambda size: fill(b"h\x00K\x01\x85R0", size, head=_PROTO + _ORDERED),
    "refused: calls left on the stack": lambda size: fill(b"h\x00(tR", size, head=_PROTO + _SYSTEM),
    "refused: persistent ids": lambda size: fill(b"NQ0", size),
    "refused: textual persistent ids": lambda size: fill(b"Pa\n0", size),
    "refused: extensions": lambda size: fill(b"\x82\x010", size),
    "refused: BUILD": lambda size: fill(b"Nb", size, head=_PROTO + _ORDERED + b"h\x00)R", tail=b"."),
    "refused: writes": lambda size: fill(b"Na", size, head=_PROTO + _ORDERED + b"h\x00)R", tail=b"."),
    "refused: INST": lambda size: fill(b"(ios\nsystem\n", size),
    "refused: OBJ": lambda size: fill(b"(h\x00o", size, head=_PROTO + _SYSTEM),
    "calls: OrderedDict": lambda size: fill(b"h\x00)R", size, head=_PROTO + _ORDERED),
    "calls: OrderedDict, dropped": lambda size: fill(b"h\x00)R0", size, head=_PROTO + _ORDERED),
    "calls: empty sets": lambda size: fill(b"h\x00)R", size, head=_PROTO + b"cbuiltins\nset\nq\x00"),
    "calls: records": lambda size: fill(b"h\x00)\x81", size, head=_PROTO + b"cargparse\nNamespace\nq\x00"),
    "calls: arrays": lambda size: fill(
        b"h\x00h\x01R", size,
        head=_PROTO + b"cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nK\x00\x85C\x01b\x87q\x01",
    ),
    "calls: bytes of one long text": lambda size: fill(
        b"h\x00h\x01h\x02\x86R0", size,
        head=_PROTO + b"c_codecs\nencode\nq\x00X" + _u4(size // 2) + b"a" * (size // 2) + b"q\x01X\x06\0\0\0latin1q\x02",
    ),
    "calls: sets of one long list": lambda size: fill(
        b"h\x00h\x01\x85R0", size,
        head=_PROTO + b"cbuiltins\nset\nq\x00]q\x01(" + b"".join(b"M" + struct.pack("<H", n) for n in range(60_000)) + b"e",
    ),
    "keys that collide": _collisions,
    "keys with the same low bits": _same_low_bits,
    "keys: tuples": lambda size: each(lambda n: b"M" + struct.pack("<H", n & 65535) + b"K\x00\x86N", size,
                                      head=_PROTO + b"}(", tail=b"u."),
    "members that collide": lambda size: _collisions(size).replace(b"}(", b"\x8f(").replace(b"N\x8a", b"\x8a")[:-3]
    + b"\x90.",
    "number of 4 MB, decimal": lambda size: b"L" + b"9" * (size - 4) + b"L\n.",
    "number of 4 MB, binary": lambda size: b"\x8b" + _u4(size - 6) + b"\x7f" * (size - 6) + b".",
    "numbers of 1,000 digits": lambda size: fill(b"L" + b"9" * 1_000 + b"L\n", size),
    "numbers of 255 bytes": lambda size: fill(b"\x8a\xff" + b"\x7f" * 255, size),
    "text of 4 MB": lambda size: b"X" + _u4(size - 6) + "\U0001f600".encode() * ((size - 6) // 4) + b".",
    "text of escapes": lambda size: b"V" + b"\\U0001f600" * ((size - 3) // 10) + b"\n.",
    "string of escapes": lambda size: b"S'" + b"\\n" * ((size - 6) // 2) + b"'\n.",
    "lines without an end": lambda size: fill(b"I1\n", size // 2, tail=b"") + b"c" + b"a" * (size // 2),
    "streams in one file": lambda size: fill(b"N.", size, head=b"\x80\x04"),
    "streams with findings": lambda size: fill(_SYSTEM + b")R.", size),
    "streams of one long text": lambda size: (_PROTO + b"X" + _u4(size // 20) + b"a" * (size // 20) + b"0N.") * 20,
    "frames": lambda size: fill(b"\x95" + bytes(8), size),
    "frames of one opcode": lambda size: fill(b"\x95\x01" + bytes(7) + b"]", size),
    "protocols": lambda size: fill(b"\x80\x04", size),
    "text that is opcodes": lambda size: fill(b"I1\n0", size, head=b"", tail=b"abc"),
    "gadget and 10,000 opcodes": lambda size: fill(b"N0", min(size, 9_900), head=_PROTO + _SYSTEM + b"0"),
    "gadget and many BUILD": lambda size: fill(b"NbN0", min(size, 9_900), head=_PROTO + _SYSTEM, tail=b"."),
    "gadget and a deep tuple": lambda size: fill(b"\x85", min(size, 9_900), head=_PROTO + _SYSTEM, tail=b"."),
    "gadget and a chain of calls": lambda size: fill(b"q\x01h\x00h\x01\x85R", min(size, 15_900), head=_PROTO + _SYSTEM, tail=b"."),
    "gadget and many imports": lambda size: each(lambda n: b"c%x\nb\n" % n, min(size, 70_000), head=_PROTO + _SYSTEM),
    "gadget and a long text": lambda size: _PROTO + _SYSTEM + b"X" + _u4(size) + b"a" * size + b"\x85R.",
    "gadget and shared nodes": lambda size: _PROTO + _SYSTEM + b"0" + b"Nq\x00" + b"(h\x00h\x00h\x00h\x00tq\x00" * 40 + b".",
    "gadget and many dicts": lambda size: fill(b"}U\x01aNs", min(size, 19_900), head=_PROTO + _SYSTEM + b"0"),
}  # fmt: skip


def _joblib(array: bytes, size: int) -> bytes:
    from tests.forge.joblib import wrapper

    return fill(wrapper() + array + b"0", size, head=b"\x80\x02")


def _joblib_objects(size: int) -> bytes:
    from tests.forge.joblib import OBJECTS, fields, objects, wrapper

    return fill(wrapper(*fields(dtype=OBJECTS)) + objects("NONE") + b"0", size, head=b"\x80\x02")


JOBLIBS: dict[str, Make] = {
    "joblib: small arrays": lambda size: _joblib(b"\x01\xffabcd", size),
    "joblib: small arrays of objects": _joblib_objects,
}

JSONS: dict[str, Make] = {
    "empty objects": lambda size: fill(b"{},", size, head=b"[", tail=b"{}]"),
    "empty arrays": lambda size: fill(b"[],", size, head=b"[", tail=b"[]]"),
    "numbers": lambda size: fill(b"0,", size, head=b"[", tail=b"0]"),
    "numbers above 256": lambda size: fill(b"999,", size, head=b"[", tail=b"0]"),
    "floats": lambda size: fill(b".1,".replace(b".", b"0."), size, head=b"[", tail=b"0]"),
    "empty texts": lambda size: fill(b'"",', size, head=b"[", tail=b'""]'),
    "short texts": lambda size: fill(b'"ab",', size, head=b"[", tail=b'""]'),
    "objects of one key": lambda size: fill(b'{"a":0},', size, head=b"[", tail=b"0]"),
    "objects of one empty key": lambda size: fill(b'{"":0},', size, head=b"[", tail=b"0]"),
    "nesting: arrays": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
    "nesting: objects": lambda size: b'{"":' * (size // 5) + b"0" + b"}" * (size // 5),
    "nesting within the bound, often": lambda size: fill(b"[" * 60 + b"]" * 60 + b",", size, head=b"[", tail=b"0]"),
    "nesting: not closed": lambda size: b"[" * size,
    "the same key": lambda size: fill(b'"a":0,', size, head=b"{", tail=b'"a":0}'),
    "different keys": lambda size: each(lambda n: b'"%x":0,' % n, size, head=b"{", tail=b'"z":0}'),
    "a number of 4 MB": lambda size: b"[" + b"9" * (size - 2) + b"]",
    "numbers of 64 digits": lambda size: _numbers(size, 64),
    "a float of 4 MB": lambda size: b"[0." + b"9" * (size - 4) + b"]",
    "large exponents": lambda size: fill(b"1e307,", size, head=b"[", tail=b"0]"),
    "text of escapes": lambda size: b'["' + b"\\u00e9" * ((size - 4) // 6) + b'"]',
    "text of surrogates": lambda size: b'["' + b"\\ud83d\\ude00" * ((size - 4) // 12) + b'"]',
    "text of backslashes": lambda size: b'["' + b"\\\\" * ((size - 4) // 2) + b'"]',
    "text of 4-byte characters": lambda size: b'["' + "\U0001f600".encode() * ((size - 4) // 4) + b'"]',
    "spaces": lambda size: b"[" + b" " * (size - 3) + b"0]",
    "quotes": lambda size: b'[""' + b'"' * size,
    "config keys": lambda size: each(lambda n: b'"a%x":{"auto_map":{}},' % n, size, head=b"{", tail=b'"z":0}'),
    "names of classes": lambda size: fill(b'{"_target_":"os.system"},', size, head=b"[", tail=b"0]"),
}  # fmt: skip

TOKENIZERS: dict[str, Make] = {
    "added tokens": lambda size: each(
        lambda n: b'{"id":%d,"content":"a%x","special":true},' % (n, n), size,
        head=b'{"version":"1.0","model":{"type":"WordLevel","vocab":{}},"added_tokens":[',
        tail=b'{"id":0,"content":"z"}]}',
    ),
    "regular expressions": lambda size: fill(
        b'{"type":"Split","pattern":{"Regex":"(a+)+$"},"behavior":"Isolated","invert":false},', size,
        head=b'{"version":"1.0","model":{"type":"WordLevel","vocab":{}},"pre_tokenizer":'
        b'{"type":"Sequence","pretokenizers":[',
        tail=b'{"type":"Whitespace"}]}}',
    ),
    "merges": lambda size: fill(
        b'["a","b"],', size, head=b'{"version":"1.0","model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[',
        tail=b'["a","b"]]}}',
    ),
}  # fmt: skip

SAFETENSORS: dict[str, Make] = {
    "empty objects": lambda size: _header(each(lambda n: b'"%x":{},' % n, size, head=b"{", tail=b'"z":{}}')),
    "metadata": lambda size: _header(each(lambda n: b'"%x":"",' % n, size, head=b'{"__metadata__":{',
                                          tail=b'"z":""}}')),
    "many dimensions": lambda size: _header(
        b'{"a":{"dtype":"U8","shape":[' + b"1," * (size // 2) + b'1],"data_offsets":[0,1]}}') + b"x",
    "nesting": lambda size: _header(b'{"a":' + b"[" * (size - 5)),
    "large shapes": lambda size: _header(each(
        lambda n: b'"%x":{"dtype":"U8","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,1]},' % n,
        size, head=b"{", tail=b'"z":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}')),
    "spaces": lambda size: _header(b"{" + b" " * (size - 2) + b"}"),
}  # fmt: skip

NPYS: dict[str, Make] = {
    "a header of 64 kB": lambda size: _npy("{'descr': " + "(" * 60_000, bytes(size)),
    "fields": lambda size: _npy(
        "{'descr': [" + "".join(f"('a{n}', '<f4')," for n in range(500)) + "], 'fortran_order': False, 'shape': (1,)}",
        bytes(size)),
    "a large shape": lambda size: _npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999,), }", bytes(size)),
}  # fmt: skip

GGUFS: dict[str, Make] = {
    "empty texts": lambda size: _gguf([_text(b"a") + struct.pack("<IIQ", 9, 8, size // 8) + bytes(size // 8 * 8)]),
    "small arrays": lambda size: _gguf([_text(b"a") + struct.pack("<IIQ", 9, 9, size // 12) + bytes(size // 12 * 12)]),
    "keys": lambda size: _gguf([_text(b"%x" % n) + struct.pack("<IB", 0, 1) for n in range(9_000)], data=bytes(size)),
    "tensors": lambda size: _gguf([], [_text(b"t%06x" % n) + struct.pack("<IQIQ", 1, 0, 0, 0)
                                       for n in range(size // 40)]),
    "one long key": lambda size: _gguf([_text(b"a" * size) + struct.pack("<IB", 0, 1)]),
    "array of bytes": lambda size: _gguf([_text(b"a") + struct.pack("<IIQ", 9, 0, size) + bytes(size)]),
}  # fmt: skip

MSGPACKS: dict[str, Make] = {
    "nothings": lambda size: b"\x81\xa1a\xdd" + struct.pack(">I", size) + b"\xc0" * size,
    "empty maps": lambda size: b"\x81\xa1a\xdd" + struct.pack(">I", size) + b"\x80" * size,
    "nesting": lambda size: b"\x91" * size + b"\xc0",
    "nesting: maps": lambda size: b"\x81\xa1a" * (size // 3) + b"\xc0",
    "keys": lambda size: b"\xdf" + struct.pack(">I", size // 7) + b"".join(
        b"\xa5%05x\xc0" % n for n in range(size // 7)),
    "a large count": lambda size: b"\xdf\xff\xff\xff\xff" + b"\xa1a\xc0" * (size // 3),
}  # fmt: skip

ZIPS: dict[str, Make] = {
    "members of one name": lambda size: _zip([("a", b"")] * 1 + [(f"{n:x}", b"") for n in range(size // 100)],
                                             zipfile.ZIP_STORED),
    "deflated zeroes": lambda size: _zip([("a.txt", bytes(size * 240))], zipfile.ZIP_DEFLATED),
    "deflated zeroes, many": lambda size: _zip([(f"{n}.txt", bytes(2_000_000)) for n in range(size // 2_100)],
                                               zipfile.ZIP_DEFLATED),
    "small pickles with gadgets": lambda size: _zip([(f"{n:x}.pkl", b"cos\nsystem\n.") for n in range(size // 120)],
                                                    zipfile.ZIP_STORED),
    "small pickles": lambda size: _zip([(f"{n:x}.pkl", b"\x80\x02N.") for n in range(size // 110)], zipfile.ZIP_STORED),
    "small gzips": lambda size: _zip([(f"{n:x}.gz", gzip.compress(b"")) for n in range(size // 130)], zipfile.ZIP_STORED),
    "end records": lambda size: fill(b"PK\x05\x06" + bytes(18), size, head=b"PK\x03\x04", tail=b""),
}  # fmt: skip

GZIPS: dict[str, Make] = {
    "zeroes": lambda size: gzip.compress(bytes(size * 250), 9),
    "members": lambda size: gzip.compress(b"") * (size // 20),
}

TEXTS: dict[str, Make] = {
    "one line": lambda size: b"a" * size,
    "a long textual number": lambda size: b"I" + b"1" * (size - 2) + b"\n",
    "marks": lambda size: b"(" * size,
    "carriage returns": lambda size: b"\r" * size,
}


def _legacy(size: int) -> bytes:
    return b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + b"\x80\x02M\xe9\x03." + fill(b"]", size)


LEGACIES: dict[str, Make] = {
    "empty lists": _legacy,
    "streams": lambda size: _legacy(size // 2)[:40] + b"\x80\x02}." + b"N." * (size // 2),
}

BOMBS: dict[str, dict[str, Make]] = {
    "pickle": {**PICKLES, **JOBLIBS},
    "json": JSONS,
    "tokenizer": TOKENIZERS,
    "safetensors": SAFETENSORS,
    "npy": NPYS,
    "gguf": GGUFS,
    "msgpack": MSGPACKS,
    "zip": ZIPS,
    "gzip": GZIPS,
    "text": TEXTS,
    "torch-legacy": LEGACIES,
}
"""Family: name of the bomb, the bytes of one of about so many."""


def main(folder: Path, family: str, *kinds: str) -> None:
    """Write files of one family, each to a folder of its number, and a twin of its size beside it.

    In a process of its own: what a parent holds in memory shows up in its children. Files of about the
    full size share one twin.
    """
    name, twin = TWINS[family]
    for number, kind in enumerate(kinds):
        bomb = BOMBS[family][kind](SIZE)
        place = folder / str(number)
        place.mkdir(parents=True)
        (place / name).write_bytes(bomb)
        size = SIZE if len(bomb) > _FULL * SIZE else len(bomb)
        place = folder / f"twin-{number if size < SIZE else 'full'}"
        if not place.exists():
            place.mkdir()
            (place / name).write_bytes(twin(size))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
