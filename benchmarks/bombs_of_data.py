"""JSON, tensor formats, archives and texts that ask for much."""

from __future__ import annotations

import gzip
import struct
import zipfile
from typing import TYPE_CHECKING

from benchmarks.bomb_pieces import archive, counted, each, fill, gguf, measured, npy

if TYPE_CHECKING:
    from benchmarks.bombs import Make

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
    "nesting within the bound, often": lambda size: fill(
        b"[" * 60 + b"]" * 60 + b",", size, head=b"[", tail=b"0]"
    ),
    "nesting: not closed": lambda size: b"[" * size,
    "the same key": lambda size: fill(b'"a":0,', size, head=b"{", tail=b'"a":0}'),
    "different keys": lambda size: each(lambda n: b'"%x":0,' % n, size, head=b"{", tail=b'"z":0}'),
    "a number of 4 MB": lambda size: b"[" + b"9" * (size - 2) + b"]",
    "numbers of 64 digits": lambda size: fill(b"9" * 64 + b",", size, head=b"[", tail=b"1]"),
    "a float of 4 MB": lambda size: b"[0." + b"9" * (size - 4) + b"]",
    "large exponents": lambda size: fill(b"1e307,", size, head=b"[", tail=b"0]"),
    "text of escapes": lambda size: b'["' + b"\\u00e9" * ((size - 4) // 6) + b'"]',
    "text of surrogates": lambda size: b'["' + b"\\ud83d\\ude00" * ((size - 4) // 12) + b'"]',
    "text of backslashes": lambda size: b'["' + b"\\\\" * ((size - 4) // 2) + b'"]',
    "text of 4-byte characters": lambda size: b'["' + "\U0001f600".encode() * ((size - 4) // 4) + b'"]',
    "spaces": lambda size: b"[" + b" " * (size - 3) + b"0]",
    "quotes": lambda size: b'[""' + b'"' * size,
    "config keys": lambda size: each(
        lambda n: b'"a%x":{"auto_map":{}},' % n, size, head=b"{", tail=b'"z":0}'
    ),
    "names of classes": lambda size: fill(b'{"_target_":"os.system"},', size, head=b"[", tail=b"0]"),
}

TOKENIZERS: dict[str, Make] = {
    "added tokens": lambda size: each(
        lambda n: b'{"id":%d,"content":"a%x","special":true},' % (n, n),
        size,
        head=b'{"version":"1.0","model":{"type":"WordLevel","vocab":{}},"added_tokens":[',
        tail=b'{"id":0,"content":"z"}]}',
    ),
    "regular expressions": lambda size: fill(
        b'{"type":"Split","pattern":{"Regex":"(a+)+$"},"behavior":"Isolated","invert":false},',
        size,
        head=b'{"version":"1.0","model":{"type":"WordLevel","vocab":{}},"pre_tokenizer":'
        b'{"type":"Sequence","pretokenizers":[',
        tail=b'{"type":"Whitespace"}]}}',
    ),
    "merges": lambda size: fill(
        b'["a","b"],',
        size,
        head=b'{"version":"1.0","model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[',
        tail=b'["a","b"]]}}',
    ),
}

SAFETENSORS: dict[str, Make] = {
    "empty objects": lambda size: measured(each(lambda n: b'"%x":{},' % n, size, head=b"{", tail=b'"z":{}}')),
    "metadata": lambda size: measured(
        each(lambda n: b'"%x":"",' % n, size, head=b'{"__metadata__":{', tail=b'"z":""}}')
    ),
    "many dimensions": lambda size: (
        measured(b'{"a":{"dtype":"U8","shape":[' + b"1," * (size // 2) + b'1],"data_offsets":[0,1]}}') + b"x"
    ),
    "nesting": lambda size: measured(b'{"a":' + b"[" * (size - 5)),
    "large shapes": lambda size: measured(
        each(
            lambda n: (
                b'"%x":{"dtype":"U8","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,1]},'
                % n
            ),
            size,
            head=b"{",
            tail=b'"z":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
        )
    ),
    "spaces": lambda size: measured(b"{" + b" " * (size - 2) + b"}"),
}

NPYS: dict[str, Make] = {
    "a header of 64 kB": lambda size: npy("{'descr': " + "(" * 60_000, bytes(size)),
    "fields": lambda size: npy(
        "{'descr': ["
        + "".join(f"('a{n}', '<f4')," for n in range(500))
        + "], 'fortran_order': False, 'shape': (1,)}",
        bytes(size),
    ),
    "a large shape": lambda size: npy(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999,), }", bytes(size)
    ),
}

GGUFS: dict[str, Make] = {
    "empty texts": lambda size: gguf(
        [counted(b"a") + struct.pack("<IIQ", 9, 8, size // 8) + bytes(size // 8 * 8)]
    ),
    "small arrays": lambda size: gguf(
        [counted(b"a") + struct.pack("<IIQ", 9, 9, size // 12) + bytes(size // 12 * 12)]
    ),
    "keys": lambda size: gguf(
        [counted(b"%x" % n) + struct.pack("<IB", 0, 1) for n in range(9_000)], data=bytes(size)
    ),
    "tensors": lambda size: gguf(
        [], [counted(b"t%06x" % n) + struct.pack("<IQIQ", 1, 0, 0, 0) for n in range(size // 40)]
    ),
    "one long key": lambda size: gguf([counted(b"a" * size) + struct.pack("<IB", 0, 1)]),
    "array of bytes": lambda size: gguf([counted(b"a") + struct.pack("<IIQ", 9, 0, size) + bytes(size)]),
}

MSGPACKS: dict[str, Make] = {
    "nothings": lambda size: b"\x81\xa1a\xdd" + struct.pack(">I", size) + b"\xc0" * size,
    "empty maps": lambda size: b"\x81\xa1a\xdd" + struct.pack(">I", size) + b"\x80" * size,
    "nesting": lambda size: b"\x91" * size + b"\xc0",
    "nesting: maps": lambda size: b"\x81\xa1a" * (size // 3) + b"\xc0",
    "keys": lambda size: (
        b"\xdf" + struct.pack(">I", size // 7) + b"".join(b"\xa5%05x\xc0" % n for n in range(size // 7))
    ),
    "a large count": lambda size: b"\xdf\xff\xff\xff\xff" + b"\xa1a\xc0" * (size // 3),
}

ZIPS: dict[str, Make] = {
    "empty members": lambda size: archive([(f"{n:x}", b"") for n in range(size // 110)], zipfile.ZIP_STORED),
    "deflated zeroes": lambda size: archive([("a.txt", bytes(size * 240))], zipfile.ZIP_DEFLATED),
    "deflated zeroes, many": lambda size: archive(
        [(f"{n}.txt", bytes(2_000_000)) for n in range(size // 2_100)], zipfile.ZIP_DEFLATED
    ),
    "small pickles with gadgets": lambda size: archive(
        [(f"{n:x}.pkl", b"cos\nsystem\n.") for n in range(size // 120)], zipfile.ZIP_STORED
    ),
    "small pickles": lambda size: archive(
        [(f"{n:x}.pkl", b"\x80\x02N.") for n in range(size // 110)], zipfile.ZIP_STORED
    ),
    "small gzips": lambda size: archive(
        [(f"{n:x}.gz", gzip.compress(b"")) for n in range(size // 130)], zipfile.ZIP_STORED
    ),
    "end records": lambda size: fill(b"PK\x05\x06" + bytes(18), size, head=b"PK\x03\x04", tail=b""),
}

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


def _hdf5(messages: bytes) -> bytes:
    """A file whose root has one header, with these messages."""
    from safeload.formats.hdf5_checksum import lookup3

    head = b"OHDR\x02\x02" + struct.pack("<I", len(messages)) + messages
    head += struct.pack("<I", lookup3(head))
    start = b"\x89HDF\r\n\x1a\n\x02\x08\x08\0" + bytes(8) + b"\xff" * 8
    start += struct.pack("<QQ", 48 + len(head), 48)
    return start + struct.pack("<I", lookup3(start)) + head


HDF5S: dict[str, Make] = {
    "empty messages": lambda size: _hdf5(bytes(4) * (size // 4)),
    "long messages": lambda size: _hdf5((b"\0\xff\xff\0" + bytes(65_535)) * (size // 65_539)),
}


def _torch(pickle: bytes) -> bytes:
    return archive([("archive/data.pkl", pickle), ("archive/version", b"3\n")], zipfile.ZIP_STORED)


TORCHES: dict[str, Make] = {
    "empty lists": lambda size: _torch(fill(b"]", size)),
    "imports": lambda size: _torch(each(lambda n: b"c%x\nb\n" % n, size)),
    "small dicts": lambda size: _torch(fill(b"}NNs", size)),
    "members without a storage": lambda size: archive(
        [
            ("archive/data.pkl", b"\x80\x02}."),
            *((f"archive/data/{n}", b"") for n in range(size // 130)),
            ("archive/version", b"3\n"),
        ],
        zipfile.ZIP_STORED,
    ),
}
