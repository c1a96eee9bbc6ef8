"""formats.identify: by content, never by name, and every reading of a polyglot."""

from __future__ import annotations

import collections
import contextlib
import io
import json
import pickle
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.formats.identify import Identification, identify
from safeload.formats.view import BytesView
from tests.forge.flax import pack, params
from tests.forge.safetensors import forge, tensor, two_tensors


def look(data: bytes, name: str = "file") -> Identification:
    return identify(BytesView(data), name)


class Runs:
    """Its pickle calls print."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("x",)


def a_zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a", "b")
    return target.getvalue()


def a_tar(*, old: bool = False) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("a"))
    data = bytearray(target.getvalue())
    if old:
        data[257:265] = bytes(8)
        data[148:156] = b" " * 8
        data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


HDF5 = b"\x89HDF\r\n\x1a\n"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"
PE = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\x00\x00"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (two_tensors(), "safetensors"),
        (a_zip(), "zip"), (b"PK\x05\x06" + bytes(18), "zip"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "torch-legacy"),
        (a_tar(), "tar"), (a_tar(old=True), "tar"),
        (b"\x1f\x8b\x08\x00", "gzip"), (b"BZh91AY&SY", "bzip2"), (b"\xfd7zXZ\x00", "xz"),
        (b"\x57\x2a\x4d\x18\0\0\0\0", "zstd"), (b"MSCF\0\0\0\0", "cab"), (b"xar!\0\x1c", "xar"),
        (b"070701" + b"0" * 104, "cpio"), (b"070707" + b"0" * 70, "cpio"), (b"\xc7\x71", "cpio"),
        (b"hsqs" + bytes(24) + b"\4\0", "squashfs"), (b"\xed\xab\xee\xdb", "rpm"), (b"LZIP\1", "lzip"),
        (b"MSWIM\0\0\0", "wim"), (b"\x1f\x9d\x90", "compress"), (b"\xff\6\0\0sNaPpY", "snappy"),
        (b"\x89LZO\0\r\n\x1a\n", "lzop"), (b"7kSt\xa0\x31\x83\xd3", "zpaq"), (b"\x60\xea\x20\0\0", "arj"),
        (b"\x20\x20-lh5-\0", "lzh"), (bytes(7) + b"**ACE**", "ace"), (bytes(0x8001) + b"CD001", "iso9660"),
        (b"\x28\xb5\x2f\xfd", "zstd"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x04\x22\x4d\x18", "lz4"),
        (b"x\x9c\x03\x00\x00", "zlib"),
        (HDF5, "hdf5"), (b"GGUF\x03\x00", "gguf"), (b"\x93NUMPY\x01\x00", "npy"),
        (b"\x1c\0\0\0TFL3", "tflite"), (b"\x08\x07\x12\x07pytorch", "onnx"),
        (b"\x7fELF\x02\x01", "elf"), (PE, "pe"), (b"\xcf\xfa\xed\xfe", "mach-o"), (b"!<arch>\n", "ar"),
        (b"\x00asm\x01", "wasm"), (b"\xca\xfe\xba\xbe\0\0\0\x41", "java-class"),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", "mach-o"), (b"\xa7\x0d\r\n" + bytes(12), "python-bytecode"),
        (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff\xe0", "jpeg"), (b"GIF89a", "gif"),
        (b"RIFF\0\0\0\0WEBP", "webp"), (b"RIFF\0\0\0\0WAVE", "wav"), (b"\0\0\0\x18ftypisom", "mp4"),
        (b"\0\0\1\0\1\0\1\1\0\0\1\0\x20\0\x28\0\0\0\x16\0\0\0" + bytes(40), "ico"),
        (b"\0\0\1\0\1\0" + bytes(80), None), (b"OggS\0", "ogg"), (b"fLaC\0", "flac"), (b"%PDF-1.7\n", "pdf"),
        (POINTER, "lfs-pointer"),
        (b'{"a": 1}', "json"), (b" \n[1, 2]", "json"), (b"{}", "json"), (b"[[]]", "json"),
        (b'\xef\xbb\xbf{"a": 1}', "json"), (b'[{"idx": 0}]', "json"),
        (b"# Title\n", "text"), (b"", "text"), ("é\n".encode(), "text"), (b"<svg/>", "text"),
        (b"#!/usr/bin/env python3\n", "python"),
        (b"\x00\x01\x02", None), (bytes(1024), None), (b"caf\xe9", "text-8bit"),
    ],
)  # fmt: skip
def test_by_content(data: bytes, name: str | None) -> None:
    """The bytes alone name the format, and there is one reading."""
    found = look(data)
    assert (found.format, found.also) == (name, ())
    assert not found.mismatch


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["w.bin", "config.json", "README.md", "no-extension", "x.SAFETENSORS"])
def test_pickles_of_every_protocol_under_any_name(protocol: int, name: str) -> None:
    """A stream that calls something is a pickle whatever it is called, and an inert one is, too."""
    for value in (Runs(), [Runs()], {"a": [1, 2.5, (None, True)]}, collections.OrderedDict(a=1)):
        assert look(pickle.dumps(value, protocol), name).format == "pickle"


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'x'\ntR.",
        b"(S'x'\nios\nsystem\n.",
        b"(cos\nsystem\nS'x'\no.",
        b"(0cos\nsystem\n(S'x'\ntR.",
        b"((1cos\nsystem\n(S'x'\ntR.",
        b"I0001\n0cos\nsystem\n(S'x'\ntR.",
        b"L5L\n0Fnan\n0V\\u00e9\n0cmy-mod\nf\n(tR.",
        b"cos\nsystem\nX\x01\x00\x00\x00x\x85R.",
        b"X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93)R.",
        b"cos\nsystem\nU\x01x\x85R garbage behind the call",
        b"S'" + b"a" * 300_000 + b"'\n0cos\nsystem\n(S'x'\ntR.",
        b"T\x00\x00\x01\x00" + bytes(65536) + b"0cos\nsystem\n(S'x'\ntR.",
        b"N0" * 60_000 + b"cos\nsystem\n(S'x'\ntR.",
        b"cthis\nd\n.",
    ],
)
def test_streams_without_the_protocol_opcode(data: bytes) -> None:
    """What an unpickler would run is found behind padding, marks and long arguments."""
    assert look(data, "notes.txt").format == "pickle"


@pytest.mark.parametrize(
    "text",
    [
        "cat\ndog\nhen\n", "card\ndeck\n[PAD]\n", "Paris\nPrague\nRome\n", "Version 1\nfoo\n", "Input\n",
        "(c) 2020\n", "(in short)\nthis is\n", "build\n", "config one\nconfig two\nREADME\n", ".", "(",
        "N\n", "]R.", "ccc", "VV\nVV\n",
        "[![badge](x)](y)\n", "[link](x)\n", "[1] Author\n", "[section]\na = 1\n", "[[table]]\n",
        "{% for m in messages %}{% endfor %}", "{{ bos_token }}", '{"a": 1}\n{"a": 2}\n',
        "MZ " * 40, "PK is short for\n", "\x89PNG",
    ],
)  # fmt: skip
def test_text_is_text(text: str) -> None:
    """Prose, word lists, Markdown, templates and tables are none of the formats that they resemble."""
    found = look(text.encode(), "a.txt")
    assert (found.format, found.also, found.text, found.mismatch) == ("text", (), True, False)


@pytest.mark.parametrize(
    ("data", "formats"),
    [
        (pickle.dumps(Runs(), 2) + a_zip(), ("pickle", "zip")),
        (b"cos\nsystem\n(S'x'\ntR." + a_zip(), ("pickle", "zip")),
        (b"\x89PNG\r\n\x1a\n" + a_zip(), ("png", "zip")),
        (b"\x89PNG\r\n\x1a\n" + a_zip() + b"behind", ("png", "zip")),
        (two_tensors() + a_zip(), ("safetensors", "zip")),
        (b"\x01\x02\x03junk" + a_zip(), ("zip", "leading bytes")),
        (a_zip().ljust(512, b"\0") + HDF5, ("zip", "hdf5")),
        (b"\x7fELF".ljust(2048, b"\0") + HDF5, ("elf", "hdf5")),
        (bytes(1024) + HDF5, ("hdf5", "leading bytes")),
    ],
)  # fmt: skip
def test_polyglots(data: bytes, formats: tuple[str, ...]) -> None:
    """Every reading is named, the one at byte 0 first."""
    assert look(data).formats == formats


def test_a_safetensors_header_that_is_a_pickle_too() -> None:
    """A header length whose bytes are opcodes makes no hiding place: both readings are named."""
    header = b'{"__metadata__":{"x":"cos\nsystem\n(tR."}}'.ljust(0x1C55)
    data = forge(header)
    assert data.startswith(b"U\x1c")  # a string of 28 bytes, up to the value of x
    assert data[2 + 0x1C :].startswith(b"cos")
    assert look(data).formats == ("pickle", "safetensors")


@pytest.mark.parametrize(
    ("data", "name", "mismatch"),
    [
        (two_tensors(), "model.safetensors", False),
        (two_tensors(), "model.bin", True),
        (two_tensors(), "weights", False),
        (a_zip(), "model.safetensors", True),
        (a_zip(), "pytorch_model.bin", False),
        (a_zip(), "PYTORCH_MODEL.BIN", False),
        (a_zip(), "a.json", True),
        (b'{"a": 1}', "a.json", False),
        (b'{"a": 1}', "a.md", False),
        (b"{'a': 1}", "a.json", True),
        (b"text", "a.safetensors", True),
        (b"text", "a.jinja", False),
        (b"import os\n", "a.py", False),
        (POINTER, "model.safetensors", False),
        (b"\x00\x01", "model.safetensors", False),
        (b"text", "archive.zip!data.pkl", True),
    ],
)
def test_the_extension_only_adds_a_fact(data: bytes, name: str, mismatch: bool) -> None:  # noqa: FBT001 - a table
    """A name that claims another format is said; one that claims nothing is not."""
    assert look(data, name).mismatch is mismatch


@given(st.binary(max_size=80))
@settings(max_examples=300, deadline=None)
def test_what_an_unpickler_ran_is_a_pickle(body: bytes) -> None:
    """Whatever CPython's unpickler reads to a call of a global is identified as a pickle."""
    called = []

    class Spy(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> object:
            return lambda *args: called.append(args)

    # two opcodes less: for a large memo index or bytearray the unpickler itself takes gigabytes
    data = b"(0cos\nsystem\n" + body.translate(None, b"\rr\x96") + b"(tR."
    with contextlib.suppress(Exception):  # an unpickler ends in anything on random bytes
        Spy(io.BytesIO(data)).load()
    if called:
        assert look(data).format == "pickle"


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"caf\xe9 \x93to go\x94\r\n", "README.txt", "text-8bit"),
        (b"100% |####| \x08\x08\x1b[32mdone\x1b[0m\r\n", "train.log", "text"),
        (b'{"a": "\x7f"}', "vocab.json", "json"),
        (b"# caf\xe9\nimport os\n", "model.py", "python"),
        (b'{"auto_map": "caf\xe9"}', "config.json", None),
        (b"caf\xe9 \x00", "README.txt", None),
        (b"\xc0\xc1\xc2", "README.txt", None),
    ],
)
def test_text_of_other_writers(data: bytes, name: str, kind: str | None) -> None:
    """Old encodings and terminals make text, too, as long as nothing would be read from it."""
    assert look(data, name).format == kind


@pytest.mark.parametrize("number", [b"I1\0x\n", b"I\0x\n", b"F1.5\0x\n", b"L1\0x\n", b"Np1\0x\n"])
def test_media_that_an_unpickler_runs(number: bytes) -> None:
    """C reads the number of a text opcode up to a NUL, and goes on behind the line."""
    picture = b"GIF89aXYZ" + number + b"0cos\ngetpid\n(tR."
    assert look(picture, "picture.gif").formats == ("pickle", "gif")


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"PK\x03\x04", b"%PDF-1.4"])
@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
def test_a_tar_that_begins_as_something_else(start: bytes, kind: int) -> None:
    """A tar begins with the name of its first member, which may be the magic of a picture."""
    info = tarfile.TarInfo(start.decode("latin-1"))
    data = info.tobuf(kind, "latin-1") + bytes(1024)
    with tarfile.open(fileobj=io.BytesIO(data), encoding="latin-1") as archive:
        assert archive.getnames() == [start.decode("latin-1")]
    found = look(data, "picture")
    assert found.also == ("tar",)
    assert found.format not in {None, "tar"}


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\0\0\0\x18ftypisom", b"GIF89a"])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("form", ["{:06o}\0 ", "{:08o}", "0o{:05o} ", "binary"])
def test_every_sum_that_a_reader_of_tar_takes(start: bytes, signed: bool, form: str) -> None:  # noqa: FBT001 - a table
    """Old headers have no magic but a sum, which readers take signed or unsigned, in several spellings."""
    block = bytearray(start.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"0" * 11 + b"\0")
    block += b"0" * 11 + b"\0" + b" " * 8 + b"0"
    block = block.ljust(512, b"\0")
    total = sum(byte - 256 * (signed and byte > 127) for byte in block)
    field = b"\x80" + total.to_bytes(7, "big") if form == "binary" else form.format(total).encode()
    block[148:156] = field
    with tarfile.open(fileobj=io.BytesIO(bytes(block) + bytes(1024)), encoding="latin-1") as archive:
        assert len(archive.getmembers()) == 1
    assert "tar" in look(bytes(block) + bytes(1024), "picture").formats


def test_one_long_line_is_text() -> None:
    """A text of one line that begins with an opcode is no pickle, however long it is."""
    assert look(b"Very " * 500_000, "corpus.txt").format == "text"


def test_a_zip_is_no_persistent_id() -> None:
    """`PK` is an opcode, and what follows the first line of an archive may look like more of them."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.npy", b"header\n.")
    assert look(target.getvalue(), "arrays.npz").formats == ("zip",)


def test_a_header_length_is_no_persistent_id() -> None:
    """A safetensors header of 80 bytes makes the file start with `P`."""
    header = json.dumps({"w": tensor(0, 2, [2])}).encode().ljust(80)
    assert look(forge(header, b"\n."), "model.safetensors").formats == ("safetensors",)


@given(st.sampled_from([two_tensors(), a_zip(), a_tar(), HDF5, POINTER, b'{"a": 1}', PE]), st.data())
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_identified(data: bytes, choice: st.DataObject) -> None:
    """Cut, flipped or spliced bytes are identified as something, without an exception."""
    changed = bytearray(data)
    at = choice.draw(st.integers(0, len(data) - 1))
    changed[at] ^= choice.draw(st.integers(1, 255))
    cut = choice.draw(st.integers(0, len(data)))
    changed[cut:] = choice.draw(st.binary(max_size=8))
    look(bytes(changed), "x.bin")
    assert look(forge({"a": tensor(0, 1, [1])}, b"x")).format == "safetensors"


@pytest.mark.parametrize(
    "tree", [params(), {"params": params(20)}, {"é" * 40: {}}, {str(at): None for at in range(20)}]
)
def test_flax_checkpoints_are_msgpack(tree: dict[str, object]) -> None:
    """Maps of any size with keys of any length, and tensor data that is no other format."""
    found = look(pack(tree), "flax_model.msgpack")
    assert (found.format, found.also, found.mismatch) == ("msgpack", (), False)


def test_every_format_has_a_scanner() -> None:
    """No name that identification gives is left without a module that accounts for it."""
    from safeload import discovery
    from safeload.formats import magic

    scanned = {
        name for module in discovery.modules("safeload.scanners") for name in getattr(module, "FORMATS", ())
    }
    named = {name for _, name in magic._AT_START} | set(magic._RIFF.values())
    named |= {"safetensors", "torch-legacy", "pickle", "bzip2", "mp4", "tflite", "tar", "pe", "java-class"}
    named |= {"python-bytecode", "onnx", "sentencepiece", "zlib", "msgpack", "text", "json", "python"}
    assert named | {"lfs-pointer"} <= scanned
