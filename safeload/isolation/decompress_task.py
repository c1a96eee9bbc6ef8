"""The child's task `decompress`: one compressed file, by the standard library or an optional codec.

Runs in the child only. What it returns is no verdict: how far it came, why it stopped, and the bytes.

Every stream of the file is read, as the tools of these codecs do: bzip2 and xz files may be joined, zstd
and lz4 files as well, with skippable frames between them, and xz files may be padded with zeros.
"""

from __future__ import annotations

import bz2
import lzma
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.core import Json

    Options = Mapping[str, Json]

_IN, _OUT = 1 << 14, 1 << 20
"""Bytes of input and of output at a time."""
_SLOW_OUT = 1 << 12
"""Bytes of output at a time where a stream breaks."""
_NEVER = 1 << 63
_ZSTD_IN = 64
"""zstandard's decoder has no cap on its output: a block of four bytes may unfold into 128 KiB."""
_SKIPPABLE = b"\x2a\x4d\x18"
_FRAMED = frozenset({"zstd", "lz4"})
_LZMA_BESIDE = 4 << 20
"""What liblzma needs beside the dictionary."""
_MAGIC = {
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "lzma": b"\x00 never joined",
    "zstd": b"\x28\xb5\x2f\xfd",
    "lz4": b"\x04\x22\x4d\x18",
}
_SAMPLES = {
    "bzip2": b"BZh9\x17rE8P\x90\x00\x00\x00\x00",
    "xz": b"\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4F\x00\x00\x00\x00\x1c\xdfD!"
    b"\x1f\xb6\xf3}\x01\x00\x00\x00\x00\x04YZ",
    "zstd": b"\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00",
    "lz4": b"\x04\x22\x4d\x18\x60\x40\x82\x00\x00\x00\x00",
}
"""An empty file of each codec."""


class Decoder(Protocol):
    """What the decoders of the standard library and of lz4 have in common."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        ...

    @property
    def unused_data(self) -> bytes | None:
        """Bytes behind the end."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether more output needs more input."""
        ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Up to `max_length` more bytes."""
        ...


class _Zstandard:
    """zstandard's decoder in the same shape."""

    def __init__(self, maker: Any) -> None:  # noqa: ANN401 - the library is optional
        self._decoder = maker.decompressobj()
        self._waiting = b""
        self.eof = False
        self.unused_data = b""
        self.needs_input = True

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """More bytes, of a small piece of input at a time."""
        self._waiting += data
        size = _ZSTD_IN if max_length > _SLOW_OUT else 1
        piece, self._waiting = self._waiting[:size], self._waiting[size:]
        out: bytes = self._decoder.decompress(piece)
        if self._decoder.eof:
            self.eof = True
            self.unused_data = self._decoder.unused_data + self._waiting
        self.needs_input = not self._waiting
        return out


def load() -> Callable[[bytes, Options], tuple[dict[str, Json], bytes]]:
    """Import what there is, use each once so that nothing is imported later, and return the task."""
    makers = _makers()
    for codec, sample in _SAMPLES.items():
        options: dict[str, Json] = {"codec": codec, "most": 16, "streams": 4, "window": 1 << 23}
        decompress(sample, options, makers)
    return lambda data, options: decompress(data, options, makers)


def _makers() -> dict[str, Callable[[int], Decoder]]:
    makers: dict[str, Callable[[int], Decoder]] = {
        "bzip2": lambda _window: bz2.BZ2Decompressor(),
        "xz": lambda window: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=window + _LZMA_BESIDE),
        "lzma": lambda window: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=window + _LZMA_BESIDE),
    }
    zstd = _zstd()
    if zstd is not None:
        makers["zstd"] = zstd
    try:
        import lz4.frame
    except ImportError:
        pass
    else:
        makers["lz4"] = lambda _window: lz4.frame.LZ4FrameDecompressor()
    return makers


def _zstd() -> Callable[[int], Decoder] | None:
    try:
        from compression import zstd
    except ImportError:
        pass
    else:
        most = zstd.DecompressionParameter.window_log_max
        return lambda window: zstd.ZstdDecompressor(options={most: window.bit_length() - 1})
    try:
        import zstandard
    except ImportError:
        return None
    return lambda window: _Zstandard(zstandard.ZstdDecompressor(max_window_size=window))


def decompress(
    data: bytes, options: Options, makers: Mapping[str, Callable[[int], Decoder]]
) -> tuple[dict[str, Json], bytes]:
    """All streams of one file.

    Args:
        data: the file.
        options: `codec`; `most` bytes of output; `streams` at most; `window` bytes of a decoder.
        makers: the codecs that are installed.

    Returns:
        `problem`, a word that is empty where all was read; `consumed`, where what was understood ends;
        and the bytes, as far as they came.
    """
    codec = options["codec"]
    most, streams, window = (_number(options, name) for name in ("most", "streams", "window"))
    out, at, count, problem = bytearray(), 0, 0, ""
    if not isinstance(codec, str) or codec not in makers:
        return {"problem": "missing", "consumed": 0}, b""
    while at < len(data) and not problem:
        kind, length = _next(codec, data, at, first=count == 0)
        if count == streams:
            problem = "streams"
        elif kind == "stream":
            start, kept = at, len(out)
            problem, at = _stream(makers[codec](window), data, start, (out, most))
            if problem == "broken":
                # byte by byte up to the damage: a loader that reads as it goes has seen what came before
                del out[kept:]
                slow_from = max(at - _IN, start)
                problem, at = _stream(makers[codec](window), data, start, (out, most), slow_from)
        elif kind == "skip":
            problem = "truncated" if length > len(data) - at else ""
            at += length
        else:
            problem = "trailing"
        count += kind != "padding"
    return {"problem": problem, "consumed": min(at, len(data))}, bytes(out)


def _next(codec: str, data: bytes, at: int, *, first: bool) -> tuple[str, int]:
    """What begins at `at`, and its length where that is known."""
    if codec in _FRAMED and data[at + 1 : at + 4] == _SKIPPABLE and 0x50 <= data[at] <= 0x5F:
        return "skip", 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    if first or data.startswith(_MAGIC[codec], at):
        return "stream", 0
    if codec == "xz":
        # padding in fours, and only as many zeros as there are
        end = min(at + _IN, len(data))
        zeros = end - at - len(data[at:end].lstrip(b"\0"))
        return ("skip", zeros) if zeros and zeros % 4 == 0 else ("nothing", 0)
    return "nothing", 0


def _stream(
    decoder: Decoder, data: bytes, at: int, into: tuple[bytearray, int], slow_from: int = _NEVER
) -> tuple[str, int]:
    """Read one stream into a buffer that may hold so much: why that failed, and where it ends."""
    out, most = into
    try:
        while not decoder.eof:
            room = most - len(out)
            piece = b""
            if decoder.needs_input:
                piece = data[at : at + min(_IN, max(slow_from - at, 1))]
                if not piece:
                    return "truncated", at
                at += len(piece)
            part = decoder.decompress(piece, min(room + 1, _OUT if at < slow_from else _SLOW_OUT))
            out += part[:room]
            if len(part) > room:
                return "too-large", at
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  each library has its own, and one raises RuntimeError
        return "memory" if "emory" in str(error) else "broken", at
    return "", at - len(decoder.unused_data or b"")


def _number(options: Options, name: str) -> int:
    value = options[name]
    if type(value) is not int or value < 0:
        raise ValueError(name)
    return value
