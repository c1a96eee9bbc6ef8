"""The child's side of `isolation = "all"`: the examination of this package, over one file.

Imported by the server that children are forked from, so that everything is in memory before a room
closes. Nothing of a checkpoint is read before that.
"""

from __future__ import annotations

import codecs
import os
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from safeload.core import Manifest, ManifestEntry, Role
from safeload.formats.view import Truncated, check_range
from safeload.isolation import fork_server
from safeload.isolation.rooms import ERRAND
from safeload.limits import Limits
from safeload.pipeline.apart_answer import encode
from safeload.pipeline.examination import Examination, prepare
from safeload.record import record
from safeload.scanners import Answer
from safeload.sources.blobs import MemoryBlob

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Json
    from safeload.scanners import Errand

PACKAGES = ("safeload.formats", "safeload.scanners")
LAZY = ("zlib", "_compat_pickle")
"""Standard modules that a parser imports at first use."""
CODECS = ("ascii", "latin-1", "cp437", "idna", "raw_unicode_escape", "unicode_escape", "utf-16", "utf-16-le",
          "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig")  # fmt: skip
"""Encodings, which Python imports at first use."""
CHUNK = 1 << 20


def main() -> int:
    """Import everything, then fork on demand."""
    for package in PACKAGES:
        home = import_module(package)
        for module in pkgutil.walk_packages(home.__path__, f"{package}."):
            import_module(module.name)
    for name in LAZY:
        import_module(name)
    for name in CODECS:
        codecs.lookup(name)
    prepare()
    return fork_server.serve(_work)


def _work(held: list[str]) -> None:
    """One child: take the request, examine, answer."""
    order, data = fork_server.receive(1 << 40)
    try:
        result, payload = _examined(order, data)
        answer: dict[str, Json] = {"room": held, "result": result}
    except Exception as error:  # noqa: BLE001  it ends as an answer that is none
        answer, payload = {"room": held, "error": type(error).__name__}, b""
    fork_server.send(answer, payload)


def _examined(order: dict[str, Any], data: bytes) -> tuple[dict[str, Json], bytes]:
    path, size = order["path"], order["size"]
    terms = _Terms(limits=Limits(**order["limits"]), inert=frozenset(order["packs"]))
    blob = MemoryBlob(data) if len(data) == size else _OpenFile(size)
    entry = ManifestEntry(path=path, size=size, role=Role.OTHER)
    manifest = Manifest(uri="", entries=(entry,))
    source = _OneFile(facts=(), broken={}, blobs={path: blob}, manifest=manifest)
    examination = _Inside(cast("Any", source), cast("Any", terms), quick=order["quick"])
    examination.most_errand = order["errand"]
    examination.scan([entry])
    file, members = examination.found(path)
    return encode(
        file,
        members=members,
        facts=examination.facts,
        streams=examination.streams,
        record=examination.records.get(path),
        most_stream=terms.limits.second_reader_bytes,
    )


@record
class _Terms:
    """What an examination wants to know of a policy."""

    limits: Limits
    inert: frozenset[str]
    isolation: str = "native"


@record
class _OneFile:
    """What an examination wants to know of a source."""

    facts: tuple[()]
    broken: dict[str, Any]
    blobs: dict[str, Any]
    manifest: Manifest


class _Inside(Examination):
    """An examination whose errands the parent runs."""

    most_errand = 0
    """Bytes of one errand."""

    def _answer(self, errand: Errand, *, inside: bool) -> Answer:
        if inside and self._unfolding.refuses(errand):
            most = self._policy.limits.member_errands
            return Answer(failure=f"more than {most} child processes for members of archives", exceeded=True)
        size = errand.view.size
        if size > self.most_errand:
            failure = f"{size} bytes, more than the {self.most_errand} that one child hands to another"
            return Answer(failure=failure, exceeded=True)
        fork_server.send({ERRAND: errand.task, "options": dict(errand.options)}, errand.view.read(0, size))
        reply, payload = fork_server.receive(1 << 40)
        return Answer(
            result=cast("dict[str, Json]", reply["result"]),
            payload=payload,
            failure=str(reply["failure"]),
            exceeded=bool(reply["exceeded"]),
        )


class _OpenFile:
    """The file behind the descriptor that the parent lent."""

    def __init__(self, size: int) -> None:
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes.

        Raises:
            Truncated: the file does not hold that range.
        """
        check_range(offset, length, self.size)
        return b"".join(self.stream(offset, length))

    def stream(self, offset: int, length: int) -> Iterator[bytes]:
        """The range in chunks.

        Raises:
            Truncated: the file does not hold that range.
        """
        check_range(offset, length, self.size)
        while length:
            part = os.pread(fork_server.FILE, min(length, CHUNK), offset)
            if not part:
                raise Truncated("the file shrank while it was read", offset=offset)
            yield part
            offset += len(part)
            length -= len(part)
