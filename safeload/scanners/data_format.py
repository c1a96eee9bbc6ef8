"""Data formats that this version names but has no reader for, and those that it knows by their frame.

A table (Parquet, Arrow, SQLite), vectors of words or a model of trees hold values for programs that nobody
here starts. The frame is checked, and one thing in tables is looked for: Arrow types that older readers
unpickle. What is named only counts as unknown, and for formats that hold code by design, that is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import FormatError
from safeload.formats.families import TABLES, UNREAD, UNREAD_PROGRAMS
from safeload.scanners import ScanResult
from safeload.scanners._misplaced import misplaced

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = tuple(sorted(UNREAD | UNREAD_PROGRAMS | TABLES))

_CODE = {
    "tensorrt": "an engine is native code and plugins for one kind of machine",
    "executorch": "it is a program for a runtime, with parts for delegates that are native code",
    "torch7": "it can hold functions of Lua, which run when they are called",
    "r-data": "it can hold promises, which R evaluates when the value is used (CVE-2024-27322)",
    "paddle-program": "it is a graph of operators, some of which call Python",
}
_PICKLED_TYPE = b"arrow.py_extension_type"
"""The name of Arrow types that pyarrow before 14.0.1 unpickles (CVE-2023-47248)."""
_BASE64 = rb"[A-Za-z0-9+/]{64,}={0,2}"
_MOST_FOOTER = 1 << 24
_MOST_DIMENSION = 1 << 16
_LONGEST_LINE = 32


class TableCutShort(FormatError):
    """A table whose end is not that of its format."""


def scan(subject: Subject, limits: Limits) -> ScanResult:  # noqa: ARG001 - the protocol of scanners
    """State the format. What nobody here reads counts as unknown, never as clean.

    Raises:
        FormatError: the frame of a table is broken.
    """
    kind = subject.format
    facts = [Fact(kind="format.not-loadable", location=subject.location, data={"format": kind})]
    if kind in _CODE:
        data = {"format": kind, "detail": _CODE[kind]}
        facts = [Fact(kind="format.executable", location=subject.location, data=data)]
    if kind not in TABLES:
        reason = f"{kind}: this version has no reader for it"
        return ScanResult(coverage=Coverage.UNRECOGNISED, reason=reason, facts=tuple(facts))
    footer = _FRAMES[kind](subject.view)
    if _names_pickle(footer):
        detail = "it names a type that pyarrow before 14.0.1 unpickles (CVE-2023-47248)"
        facts.append(
            Fact(kind="format.executable", location=subject.location, data={"format": kind, "detail": detail})
        )
    misnamed = misplaced(subject)
    if misnamed is not None:
        return ScanResult(coverage=Coverage.MALFORMED, reason=misnamed, facts=tuple(facts))
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(facts))


def _parquet(view: View) -> bytes:
    """The footer, which holds the schema: its length and the magic bytes stand at the end."""
    return _footer(view, b"PAR1", 4)


def _arrow(view: View) -> bytes:
    """The footer of an Arrow file: as for Parquet, with other magic bytes."""
    return _footer(view, b"ARROW1", 8)


def _footer(view: View, magic: bytes, front: int) -> bytes:
    size = view.size
    end = size - len(magic) - 4
    if end < front or view.read(end + 4, len(magic)) != magic:
        raise TableCutShort("the file does not end as it begins")
    length = int.from_bytes(view.read(end, 4), "little")
    if length > end - front or length > _MOST_FOOTER:
        raise TableCutShort(f"the footer has {length} bytes", offset=end)
    return view.read(end - length, length)


def _sqlite(view: View) -> bytes:
    """Nothing of the tables: only that the file is made of whole pages."""
    head = view.read(0, min(100, view.size))
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    if len(head) < 100 or page < 512 or page & (page - 1) or view.size % page:
        raise TableCutShort(f"the file is not made of pages of {page} bytes", offset=16)
    return b""


def _weights(view: View) -> bytes:
    """Nothing: numbers behind a head of 64 bytes."""
    if view.size < 128:
        raise TableCutShort("the file ends inside the first entry")
    return b""


def _catboost(view: View) -> bytes:
    """Nothing: a length, and a model of trees that has it."""
    if view.size < 8 or 8 + int.from_bytes(view.read(4, 4), "little") > view.size:
        raise TableCutShort("the model ends behind the file", offset=4)
    return b""


def _fasttext(view: View) -> bytes:
    """Nothing: settings, a dictionary and matrices. Versions and dimension are those that there are."""
    head = view.read(0, min(12, view.size))
    version, dimension = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:12], "little")
    if len(head) < 12 or version not in {11, 12} or not 0 < dimension <= _MOST_DIMENSION:
        raise TableCutShort(f"version {version} with {dimension} dimensions", offset=4)
    return b""


def _word2vec(view: View) -> bytes:
    """Nothing: as many words with vectors as the first line says."""
    line = view.read(0, min(_LONGEST_LINE, view.size)).partition(b"\n")[0]
    words, dimension = (int(number) for number in line.split())
    if len(line) + 1 + words * (4 * dimension + 2) > view.size:
        raise TableCutShort(f"{words} vectors of {dimension} numbers do not fit")
    return b""


def _imatrix(view: View) -> bytes:  # noqa: ARG001 - the form of all frames
    """Nothing: that every byte is accounted for is how it was told."""
    return b""


def _wandb(view: View) -> bytes:
    """Nothing of the run: that its first record has a kind and lies in the file."""
    head = view.read(0, min(14, view.size))
    if view.size != 7 and (len(head) < 14 or not 0 < head[13] <= 4):
        raise TableCutShort("the first record is none", offset=7)
    return b""


_FRAMES = {
    "imatrix": _imatrix,
    "wandb": _wandb,
    "catboost": _catboost,
    "fasttext": _fasttext,
    "word2vec": _word2vec,
    "parquet": _parquet,
    "arrow": _arrow,
    "sqlite": _sqlite,
    "coreml-weights": _weights,
}


def _names_pickle(footer: bytes) -> bool:
    """Whether a schema names such a type. Parquet keeps Arrow's schema in base64."""
    if _PICKLED_TYPE in footer:
        return True
    # only tables need these
    import base64
    import binascii
    import re

    for match in re.finditer(_BASE64, footer):
        written = match[0].rstrip(b"=")
        # a length in front of the text may look like a part of it: so every start is tried
        for start in range(4):
            part = written[start:]
            try:
                if _PICKLED_TYPE in base64.b64decode(part[: len(part) // 4 * 4]):
                    return True
            except binascii.Error:
                continue
    return False
