"""bzip2, xz, lzma, zstd and lz4 files: named here, decompressed in a child process.

The decoders are native code, so none of them runs in this process. What comes back is the content of
this very file and judged like any other; a child that lies about it lies about nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.scanners import Errand, ScanResult

if TYPE_CHECKING:
    from safeload.errors import FormatError
    from safeload.limits import Limits
    from safeload.scanners import Answer, Subject

FORMATS = ("bzip2", "lz4", "xz", "zstd")

_NEEDED = {"zstd": "zstandard", "lz4": "lz4"}


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """What the header says, and the errand of decompressing what follows.

    Raises:
        FormatError: a header that no decoder takes, or a view that cannot be read.
    """
    from safeload.formats.codec_headers import read_codec_header
    from safeload.formats.unpack import ALWAYS_UNPACKED, most_unpacked
    from safeload.scanners._unpacked import unread

    skipped = unread(subject, limits.small_file_bytes)
    if skipped is not None:
        return skipped
    header = read_codec_header(subject.view, limits)
    most = most_unpacked(subject.view.size, limits)
    if header.stated is not None and header.stated > most:
        most = ALWAYS_UNPACKED  # it is refused anyway: enough to see what it begins with
    options = {
        "codec": header.codec,
        "most": most,
        "streams": limits.compressed_streams,
        "window": limits.unpack_window_bytes,
    }
    errand = Errand(task="decompress", view=subject.view, options=options, label=header.codec)
    return ScanResult(coverage=Coverage.SCANNED, errands=(errand,))


def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:
    """The content as a child, or why there is none."""
    from safeload.formats import unpack
    from safeload.scanners._unpacked import unpacked

    if answer.failure:
        coverage = Coverage.LIMIT_EXCEEDED if answer.exceeded else Coverage.MALFORMED
        return ScanResult(coverage=coverage, reason=f"{errand.label}: {answer.failure}")
    problem, consumed = answer.result.get("problem"), answer.result.get("consumed")
    if problem == "missing":
        package = _NEEDED.get(errand.label, errand.label)
        reason = f"{errand.label}-compressed: reading it needs {package} (pip install 'safeload[codecs]')"
        return ScanResult(coverage=Coverage.UNRECOGNISED, reason=reason)
    if type(consumed) is not int or not 0 <= consumed <= subject.view.size:
        return ScanResult(coverage=Coverage.MALFORMED, reason=f"{errand.label}: the answer makes no sense")
    most = errand.options["most"]
    errors: dict[str, FormatError | None] = {
        "broken": unpack.StreamBroken(f"holds data that is no {errand.label} stream", offset=consumed),
        "truncated": unpack.StreamEndsEarly("ends within compressed data", offset=consumed),
        "trailing": unpack.BytesBehindStream(
            f"{subject.view.size - consumed} bytes follow the last stream", offset=consumed
        ),
        "too-large": unpack.UnpacksTooLarge(f"unfolds into more than {most} bytes", offset=consumed),
        "memory": unpack.NeedsTooMuchMemory(
            f"needs a window of more than {limits.unpack_window_bytes} bytes", offset=consumed
        ),
        "streams": unpack.TooManyStreams(
            f"more than {limits.compressed_streams} streams in one file", offset=consumed
        ),
        "": None,
    }
    if not isinstance(problem, str) or problem not in errors:
        return ScanResult(coverage=Coverage.MALFORMED, reason=f"{errand.label}: the answer makes no sense")
    return unpacked(subject, answer.payload, errors[problem])
