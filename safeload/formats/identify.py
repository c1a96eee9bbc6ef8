"""Which format the bytes of an artifact have, told from the bytes alone.

Guarantees: a file that more than one reader would accept is named with all of them (`also`), so that
it can be refused; a file that an unpickler could execute is named `pickle`, whatever it is called.
The extension never chooses the format. It only tells what the file claims to be (`mismatch`).

Strong formats are told by magic bytes in their place, and two of them make a polyglot. Weak ones
(Protocol Buffers, msgpack, zlib) have no magic: they name a file that nothing else explains.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.formats.extensions import claimed_formats, extension_of
from safeload.formats.lfs_pointer import looks_like_pointer
from safeload.formats.magic import is_tar, strong_format
from safeload.formats.pickle_probe import looks_like_pickle
from safeload.formats.view import expect
from safeload.record import record

if TYPE_CHECKING:
    from safeload.core import View

HEAD_BYTES = 1 << 16
_TAIL_BYTES = (1 << 16) + 22
"""A zip's end record has 22 bytes and a comment of at most 65535."""
_HDF5 = b"\x89HDF\r\n\x1a\n"
_HDF5_FIRST_OFFSET = 512
_FIXED_NAMES = MappingProxyType({"saved_model.pb": "saved-model", "keras_metadata.pb": "keras-metadata"})
"""The names under which TensorFlow looks for a model, and Keras for what it made the model of."""
_MESSAGES = frozenset(
    {
        "coreml", "keras-metadata", "onnx", "paddle-program", "saved-model", "sentencepiece",
        "tf-fingerprint", "tf-graph", "tf-meta-graph",
    }
)  # fmt: skip
_LZMA_HEAD = 13
"""Bytes in front of the data in LZMA without a container."""
_BOM = b"\xef\xbb\xbf"
_CONTROLS = re.compile(rb"[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f]")
"""Backspace and escape stay: logs of progress bars and of coloured terminals are text. So does DEL: JSON
allows it in strings, and vocabularies hold it."""
_ASCII = bytes(range(128))
_8_BIT = MappingProxyType({"text": "text-8bit", "python": "python"})
"""What text may be that is not UTF-8. JSON may not: it stays without a name."""
_JSON = re.compile(
    rb"""\s*(?: \{ \s* (?: " | \} )
              | \[ (?:\s*\[)* \s* (?: ["{] | \] \s* (?: [],] | \Z )
                                    | (?: -?[0-9][0-9.eE+-]* | true | false | null )
                                      \s* (?: , | \][\s\],]*\Z ) ) )""",
    re.VERBOSE,
)
_SHEBANG_PYTHON = re.compile(rb"#![^\n]*python")
_PYTHON_EXTENSIONS = frozenset({"py", "pyi", "pyw"})


@record
class Identification:
    """What a file is, and what it claims to be."""

    format: str | None
    """Name of the format, or None where nothing fits."""
    also: tuple[str, ...] = ()
    """Further readings of the same bytes: not empty for a polyglot."""
    text: bool = False
    """Whether the first bytes are plain UTF-8 text."""
    extension: str = ""
    """Lower-case, without the dot."""
    mismatch: bool = False
    """Whether the extension claims a format, and it is another one."""

    @property
    def formats(self) -> tuple[str, ...]:
        """Every reading, the one that is scanned first."""
        return (self.format, *self.also) if self.format is not None else self.also


def identify(view: View, name: str) -> Identification:
    """The format of `view`, whose file or member is called `name`.

    Raises:
        FormatError: the view cannot be read.
    """
    size = view.size
    head = view.read(0, min(size, HEAD_BYTES))
    extension = extension_of(name)
    text = is_text(head, whole=size <= len(head))
    found = _readings(view, head, size, text=text)
    if text and not found:
        found = [_text_format(head, size, extension)]
    elif not found and (weak := _weak(view, head)) is not None:
        found = [weak]
    elif not found and is_8_bit_text(head) and (encoded := _text_format(head, size, extension)) in _8_BIT:
        found = [_8_BIT[encoded]]
    kind = found[0] if found else None
    claims = claimed_formats(extension)
    if kind is not None and (other := _by_name(kind, name, claims)) is not None:
        found.append(other)
    return Identification(
        format=kind,
        also=tuple(found[1:]),
        text=text,
        extension=extension,
        mismatch=kind not in {None, "lfs-pointer"} and bool(claims) and kind not in claims,
    )


def _by_name(kind: str, name: str, claims: frozenset[str]) -> str | None:
    """What a reader that goes by the name would take the file for, where its bytes cannot contradict.

    Messages of Protocol Buffers bear no mark, and one may hold another: a field that one schema lacks is
    stepped over.
    """
    fixed = _FIXED_NAMES.get(name.rsplit("!", 1)[-1].rsplit("/", 1)[-1].lower())
    if fixed is not None:
        return None if kind in {fixed, "lfs-pointer", "empty"} else fixed
    if kind in _MESSAGES and kind not in claims:
        return min(claims & _MESSAGES, default=None)
    return None


def _weak(view: View, head: bytes) -> str | None:
    # most audits meet no such file, and every start would pay for the walks
    from safeload.formats.weak import weak_format

    return weak_format(view, head)


def is_text(data: bytes, *, whole: bool) -> bool:
    """Whether `data` is UTF-8 without control characters, but for those that terminals and JSON take.

    Args:
        data: the bytes, or the first of them.
        whole: False where `data` may end within a character.
    """
    if _CONTROLS.search(data):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return not whole and error.reason == "unexpected end of data"
    return True


def is_8_bit_text(data: bytes) -> bool:
    """Whether `data` is text in one of the encodings that extend ASCII, which its bytes do not tell apart.

    So at least three quarters are ASCII, and there are no control characters of either half.
    """
    if not data or _CONTROLS.search(data):
        return False
    others = len(data.translate(None, _ASCII))
    return 4 * others <= len(data)


def _readings(view: View, head: bytes, size: int, *, text: bool) -> list[str]:
    """Every strong reading, the one at byte 0 first."""
    found = []
    first = strong_format(head, size)
    if first is not None:
        found.append(first)
    if first not in {"pickle", "torch-legacy"} and looks_like_pickle(view, text=text):
        # an unpickler runs it, so that is how it is scanned
        found.insert(0, "pickle")
    packed = _packed(head, first)
    if packed is not None:
        found.append(packed)
    if first != "tar" and is_tar(head):
        found.append("tar")
    # TFLite models carry files in an appended archive, and their scanner accounts for one that ends the file
    appended = first == "tflite" and view.read(max(0, size - 22), 4) == b"PK\x05\x06"
    if first != "zip" and not appended and _has_zip_end(view, size):
        found.append("zip")
        if not found[:-1]:
            found.append("leading text" if text else "leading bytes")
    if first not in {"hdf5", "matlab"} and _has_hdf5_behind(view, size):
        # MATLAB's newer files have their own head in front of HDF5, and are named after it
        found.append("hdf5")
        if not found[:-1]:
            found.append("leading bytes")
    return found


def _packed(head: bytes, first: str | None) -> str | None:
    """What a reader that heeds the first two or three bytes alone would unpack."""
    if head[:2] in {b"x\x01", b"x^", b"x\x9c", b"x\xda", b"ZF"}:
        from safeload.formats.weak import hides_zlib  # few files begin like that

        return "zlib" if hides_zlib(head) else None
    # the first byte of LZMA's data is zero, and the next one is not where a pickle comes out
    if first != "xz" and head[:2] == b"]\0" and len(head) > _LZMA_HEAD + 1 and not head[_LZMA_HEAD]:
        return "xz" if 0 < head[_LZMA_HEAD + 1] < 0x80 else None
    return None


def _has_zip_end(view: View, size: int) -> bool:
    """Whether zip readers, which search from the end, would find an archive here."""
    tail_size = min(size, _TAIL_BYTES)
    tail_start = size - tail_size
    tail = view.read(tail_start, tail_size)
    at = tail.find(b"PK\x05\x06")
    while at >= 0:
        record = tail[at : at + 22]
        if len(record) == 22:
            position = tail_start + at
            entries = int.from_bytes(record[10:12], "little")
            length = int.from_bytes(record[12:16], "little")
            offset = int.from_bytes(record[16:20], "little")
            if not entries and not length:
                return True
            if tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
                return True
            for start in {position - length, offset}:
                if 0 <= start <= size - 4 and view.read(start, 4) == b"PK\x01\x02":
                    return True
        at = tail.find(b"PK\x05\x06", at + 1)
    return False


def _has_hdf5_behind(view: View, size: int) -> bool:
    """Whether a superblock stands behind a user block: at 512 bytes, or a doubling of that."""
    offsets = []
    offset = _HDF5_FIRST_OFFSET
    while offset + len(_HDF5) <= size:
        offsets.append(offset)
        offset *= 2
    expect(view, ((offset, len(_HDF5)) for offset in offsets))
    return any(view.read(offset, len(_HDF5)) == _HDF5 for offset in offsets)


def _text_format(head: bytes, size: int, extension: str) -> str:
    """The kind of a plain text."""
    if looks_like_pointer(head, size):
        return "lfs-pointer"
    # which text is Python cannot be told from its bytes, so here the name may only add suspicion
    if extension in _PYTHON_EXTENSIONS or _SHEBANG_PYTHON.match(head):
        return "python"
    body = head.removeprefix(_BOM)
    if _JSON.match(body) and not _is_json_lines(body):
        return "json"
    return "text"


def _is_json_lines(body: bytes) -> bool:
    """One object per line: as a whole no JSON, and never valid as such.

    A line that is not the last and ends with `}` is followed by `,`, `]` or `}` in valid JSON.
    """
    first, _, rest = body.lstrip().partition(b"\n")
    return first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")
