"""Pickles in files that look like something else, for what one of Python's two unpicklers lets pass.

The unpickler in C (https://github.com/python/cpython/blob/3.14/Modules/_pickle.c) and the one in Python
(https://github.com/python/cpython/blob/3.14/Lib/pickle.py), which joblib uses, differ in what they refuse.
"""

from __future__ import annotations

import io
import pickle
import zlib
from itertools import count
from typing import TYPE_CHECKING

import pytest

from safeload.formats.identify import identify
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from tests.forge.audits import audited
from tests.forge.tar import archive, member

if TYPE_CHECKING:
    from pathlib import Path

CALL = b"cposix\nsystem\n(S'true'\ntR."
HARMLESS = b"cbuiltins\nlen\n(S'true'\ntR."
HIDDEN = {
    "an empty BUILD in text": b"NNb0" + CALL,
    "an empty BUILD in a picture": b"GIF89a\x01\0\x01Nb" + CALL,
    "an empty BUILD by Python's rule": b"N)b0" + CALL,
    "a frame longer than the file": b"\x95" + b" " * 8 + CALL,
    "arguments in a list": b"cposix\nsystem\n](S'true'\neR.",
    "INST in a line that does not end": b"(S'true'\niposix\nsystem!",
}
CHANGED = {
    "an environment": b"cos\nenviron\nS'LD_PRELOAD'\nS'/tmp/x.so'\ns~",
    "a path": b"csys\npath\nS'/tmp'\na~",
    "a path, by many": b"csys\npath\n(S'/tmp'\ne~",
}


@pytest.mark.parametrize("data", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize("name", ["model.joblib", "x.gif", "README.md"])
def test_a_call_behind_what_does_nothing(tmp_path: Path, data: bytes, name: str) -> None:
    """It is a pickle by what it does."""
    outcome = audited(tmp_path, data, name)
    assert outcome.rules & {"pickle.dangerous-global", "pickle.malformed"}


def test_the_unpicklers_do_run_them() -> None:
    """The claim about CPython, with a call that harms nobody."""
    run = {key: data.replace(CALL, HARMLESS) for key, data in HIDDEN.items() if data.endswith(CALL)}
    assert pickle.loads(run["an empty BUILD in text"]) == 4
    assert pickle.loads(run["an empty BUILD in a picture"]) == 4
    run["arguments in a list"] = b"cbuiltins\nlen\n](S'true'\neR."
    for data in run.values():
        assert pickle._Unpickler(io.BytesIO(data)).load() == 4


@pytest.mark.parametrize("data", CHANGED.values(), ids=CHANGED)
def test_a_change_of_what_is_imported(tmp_path: Path, data: bytes) -> None:
    """An item that is put into a list or dict of a module stays there, though the stream breaks."""
    outcome = audited(tmp_path, data, "notes.txt")
    assert "pickle.malformed" in outcome.rules


def stored_as_text(data: bytes) -> bytes:
    """A zlib stream that is plain text: one stored block of a length whose complement is UTF-8."""
    for number in count():
        body = (data + b"%d#" % number).ljust(0x7F3D, bytes([33 + number % 90]))
        end = zlib.adler32(body).to_bytes(4, "big")
        if end.isascii() and end.decode().isprintable():
            return b"x^!=\x7f\xc2\x80" + body + end
    raise AssertionError


def test_joblib_inflates_what_begins_with_x(tmp_path: Path) -> None:
    """The loader goes by the first byte, so a text may be a compressed pickle."""
    data = stored_as_text(CALL)
    assert zlib.decompress(data).startswith(CALL)
    assert "pickle.dangerous-global" in audited(tmp_path, data, "model.joblib").rules


def test_the_first_format_of_joblib(tmp_path: Path) -> None:
    """`ZF`, a length in hexadecimal, and the same stream."""
    data = b"ZF" + hex(0x7F3D).encode().ljust(19) + stored_as_text(CALL)
    assert "artifact.malformed" in audited(tmp_path, data, "model.joblib").rules


def test_a_codec_in_the_name_of_a_member_of_a_tar(tmp_path: Path) -> None:
    """The name of a member may hold a whole compressed pickle behind its end."""
    import lzma

    for packed in (zlib.compress(CALL), lzma.compress(CALL, lzma.FORMAT_ALONE)):
        data = bytearray(archive(member(b"y", b"text")))
        data[: len(packed)] = packed
        data[148:156] = b" " * 8
        data[148:156] = b"%06o\0 " % sum(data[:512])
        outcome = audited(tmp_path, bytes(data), "model.joblib")
        assert "format.polyglot" in outcome.rules
        assert outcome.denied


def test_a_codec_that_nothing_else_names() -> None:
    """What joblib unpacks has a name, so that no other file can claim it for raw values of tensors."""
    import lzma

    packed = bytearray(lzma.compress(CALL, lzma.FORMAT_ALONE))
    packed[2] = 1  # a dictionary of another size, which every decoder takes
    assert lzma.decompress(bytes(packed), lzma.FORMAT_ALONE) == CALL
    assert identify(BytesView(bytes(packed)), "model.joblib").formats == ("xz",)
    old = b"ZF" + hex(len(CALL)).encode().ljust(19) + zlib.compress(CALL)
    assert identify(BytesView(old), "model.joblib").formats == ("zlib",)


@pytest.mark.parametrize("text", ["x^2 + y^2 = z^2\n", "x^", "x^!", "ZF is a firm in Friedrichshafen\n" * 9])
def test_honest_texts_that_begin_so(text: str) -> None:
    """Formulas and names stay text."""
    assert identify(BytesView(text.encode()), "notes.txt").formats == ("text",)


def dtype(name: str, state: str) -> str:
    return f"cnumpy\ndtype\n(S'{name}'\nI00\nI01\ntR({state}tb"


@pytest.mark.parametrize("name", ["S5", "U5"])
def test_a_negative_size_of_a_dtype(name: str) -> None:
    """Numpy takes the size of a text dtype from the state as it is, and reads outside of what it has."""
    order = "|" if name[0] == "S" else "<"
    bad = dtype(name, f"I3\nS'{order}'\nNNNI-1\nI-1\nI0\n") + "."
    trace = run_pickle(bad.encode(), DEFAULT_LIMITS, packs=frozenset({"numpy"}))
    assert trace.status is StreamStatus.UNLISTED
    width = 5 if name[0] == "S" else 20
    good = dtype(name, f"I3\nS'{order}'\nNNNI{width}\nI1\nI0\n") + "."
    trace = run_pickle(good.encode(), DEFAULT_LIMITS, packs=frozenset({"numpy"}))
    assert trace.status is StreamStatus.INERT


def test_bytes_for_python_objects() -> None:
    """A dtype of Python objects has no bytes of its own, in a field or in a scalar."""
    objects = "cnumpy\ndtype\n(S'O8'\nI00\nI01\ntR"
    scalar = f"cnumpy.core.multiarray\nscalar\n({objects}c_codecs\nencode\n(V12345678\nVlatin1\ntRtR."
    field = dtype("V8", f"I3\nS'|'\nN(Va\nt(dVa\n({objects}I0\ntsI8\nI1\nI16\n") + "."
    for stream in (scalar, field):
        trace = run_pickle(stream.encode(), DEFAULT_LIMITS, packs=frozenset({"numpy"}), objects=True)
        assert trace.status is StreamStatus.UNLISTED


def joblib_before_padding(array: bytes) -> bytes:
    """What joblib wrote before 1.2: the bytes of an array right behind its record."""
    fields = (
        b"X\x08\0\0\0subclasscnumpy\nndarray\nX\x05\0\0\0shapeK" + bytes([len(array)]) + b"\x85"
        b"X\x05\0\0\0orderX\x01\0\0\0CX\x05\0\0\0dtypecnumpy\ndtype\n(X\x02\0\0\0u1I00\nI01\ntR"
        b"X\x0a\0\0\0allow_mmap\x89"
    )
    return b"\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(" + fields + b"ub" + array + b"."


@pytest.mark.parametrize(
    "start",
    [
        b"NNb0",
        b"I0x1\n0",
        b"F1_0\n0",
        b"U\x01\xff0",
        b"\x95\0\0\0\x10\0\0\0\0",
        b"p0x1\n",
        b"L1_0\n0",
        b"cbuiltins\nlen\n](S'1'\neR0",
        b"\x96\1\0\0\0\0\0\0\0x\x980",
    ],
)
def test_an_array_of_joblib_that_pickle_would_run(tmp_path: Path, start: bytes) -> None:
    """Where the machine stops for being strict, nobody knows how far another unpickler comes."""
    outcome = audited(tmp_path, joblib_before_padding(start + CALL), "model.joblib")
    assert "pickle.malformed" in outcome.rules


@pytest.mark.parametrize("array", [bytes(range(100)), b"Itext\n", b"\x95" + b"\xff" * 8, b"Fnumber\n"])
def test_an_array_of_joblib_at_which_pickle_stops(tmp_path: Path, array: bytes) -> None:
    """An honest array is no pickle."""
    assert not audited(tmp_path, joblib_before_padding(array), "model.joblib").denied
