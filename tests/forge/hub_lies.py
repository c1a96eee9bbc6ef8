"""What a Hub, a network or somebody between may do wrong: one function for each.

A lie is called with the request and with what would answer it honestly, and answers instead.
"""

from __future__ import annotations

import hashlib
import json
import threading
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from tests.forge.git import entry, pack
from tests.forge.hub_http import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.forge.hub import Hub
    from tests.forge.hub_http import Request


class Lie(Protocol):
    """Answers a request in place of `honest`."""

    def __call__(self, request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        """The answer."""


def changed(how: Callable[[Answer], Answer]) -> Lie:
    """The honest answer, changed."""
    return lambda request, *, honest: how(honest(request))


def whole(answer: Answer) -> bytes:
    """The body in one piece."""
    return answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)


# bodies: of files, of the API and of git alike


def body(how: Callable[[bytes], bytes]) -> Lie:
    """Another body, announced with its own length. HEAD tells the honest size of a file."""

    def lie(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        answer = honest(request)
        if request.method != "HEAD" and answer.status in {200, 206}:
            answer.body = how(whole(answer))
        return answer

    return lie


def flipped(at: int = -1, bits: int = 1) -> Lie:
    """Same size, one byte changed: what huggingface_hub does not notice."""
    return body(lambda data: flip(data, at, bits))


def flip(data: bytes, at: int, bits: int = 1) -> bytes:
    """The bytes with one of them changed."""
    made = bytearray(data)
    made[at] ^= bits
    return bytes(made)


def instead(data: bytes) -> Lie:
    """These bytes in place of the body."""
    return body(lambda _: data)


def truncated(keep: int) -> Lie:
    """The connection ends after so many bytes of the body; its whole length was announced."""

    def lie(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        answer = honest(request)
        data = whole(answer)
        answer.body, answer.length, answer.cut = data[:keep], len(data), True
        return answer

    return lie


def shortened(keep: int) -> Lie:
    """So many bytes, and no more are announced: a complete answer of less than there is."""
    return body(lambda data: data[:keep])


def longer(more: bytes) -> Lie:
    """Bytes behind the end, announced in this answer, not in the file's metadata."""
    return body(lambda data: data + more)


def overrun(more: bytes) -> Lie:
    """Bytes behind the end that no length announces."""

    def lie(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        answer = honest(request)
        data = whole(answer)
        answer.body, answer.length, answer.cut = data + more, len(data), True
        return answer

    return lie


def range_ignored(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
    """200 and the whole file where a range was asked for."""
    return honest(replace(request, headers={k: v for k, v in request.headers.items() if k != "range"}))


def range_moved(by: int) -> Lie:
    """Another range of the same length, called by the name of the one that was asked for."""

    def lie(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        wanted = request.headers.get("range", "")
        if not wanted:
            return honest(request)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        moved = f"bytes={int(first) + by}-{int(last) + by}"
        answer = honest(replace(request, headers={**request.headers, "range": moved}))
        total = answer.headers["Content-Range"].partition("/")[2]
        answer.headers["Content-Range"] = f"bytes {first}-{last}/{total}"
        return answer

    return lie


class Hold:
    """A body that stops in the middle until the test goes on: nobody sleeps."""

    def __init__(self, hub: Hub, keep: int) -> None:
        self.reached = threading.Event()
        """Set once the first bytes are on their way."""
        self._released = threading.Event()
        self._keep = keep
        hub.holds.append(self)

    def __call__(self, request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        """Send `keep` bytes, wait, send the rest."""
        answer = honest(request)
        data = whole(answer)
        if request.method == "HEAD" or answer.status >= 300:
            return answer
        answer.body, answer.length = self._pieces(data), len(data)
        return answer

    def release(self) -> None:
        """Send the rest, now and from now on."""
        self._released.set()

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        yield data[: self._keep]
        self.reached.set()
        self._released.wait()
        yield data[self._keep :]


class Together:
    """Bodies that begin once so many clients wait for theirs: nobody is first."""

    def __init__(self, clients: int) -> None:
        self._barrier = threading.Barrier(clients, timeout=120)
        self._met = threading.Event()

    def __call__(self, request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        """Wait for the others, the first time."""
        if not self._met.is_set():
            self._barrier.wait()
            self._met.set()
        return honest(request)


# status and redirects


def status(code: int, **headers: str) -> Lie:
    """An error instead; `Retry_After="1"` gives the header Retry-After."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request, *, honest: Answer(status=code, headers=dict(sent), body=b"no\n")


def redirected(to: str, code: int = 307) -> Lie:
    """Another address; a trailing slash keeps path and query."""

    def lie(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        where = to.rstrip("/") + request.target if to.endswith("/") else to
        return Answer(status=code, headers={"Location": where}, body=b"elsewhere\n")

    return lie


def redirect_loop(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
    """To itself, for ever."""
    return Answer(status=307, headers={"Location": request.target}, body=b"elsewhere\n")


def headers(**given: str) -> Lie:
    """Other headers; an empty value removes one."""

    def how(answer: Answer) -> Answer:
        for name, value in given.items():
            answer.headers.pop(name.replace("_", "-"), None)
            if value:
                answer.headers[name.replace("_", "-")] = value
        return answer

    return changed(how)


# the models API


def told(**fields: object) -> Lie:
    """Other fields in an answer of the models API, such as `sha`; Ellipsis leaves one out."""

    def how(data: bytes) -> bytes:
        value = json.loads(data) | fields
        return json.dumps({k: v for k, v in value.items() if v is not ...}).encode()

    return body(how)


def first_then(first: Lie, then: Lie | None = None) -> Lie:
    """One lie for the first request, another one, or the truth, from the second on."""
    count = iter(range(1 << 30))

    def lie(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        chosen = first if next(count) == 0 else then
        return honest(request) if chosen is None else chosen(request, honest=honest)

    return lie


def moved(hub: Hub, name: str, to: str, branch: str = "main") -> Lie:
    """The branch moves right after it was asked about: the second question gets the other commit."""

    def lie(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        answer = honest(request)
        hub.repositories[name].branch(branch, to)
        return answer

    return lie


def as_of(commit: str) -> Lie:
    """What is true of this commit, whichever was asked about."""
    return lambda request, *, honest: honest(replace(request, revision=commit))


# the tree API


def listed(how: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Lie:
    """Another list of files."""
    return body(lambda data: json.dumps(how(json.loads(data))).encode())


def item(path: str, **fields: object) -> Lie:
    """One file with other fields: `oid`, `size`, `type`, `lfs`, `path`; Ellipsis leaves one out."""

    def how(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {k: v for k, v in {**each, **fields}.items() if v is not ...} if each["path"] == path else each
            for each in items
        ]

    return listed(how)


def left_out(path: str) -> Lie:
    """One file is not listed."""
    return listed(lambda items: [each for each in items if each["path"] != path])


def added(path: object, *, content: bytes = b"more", kind: str = "file") -> Lie:
    """One more entry, such as `../x`, an absolute path, a path twice or in other case."""
    oid = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    more = {"type": kind, "oid": oid, "size": len(content), "path": path}
    return listed(lambda items: [*items, more])


def endless(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
    """Each page names a next one, with new entries on it."""
    number = int(request.query.rpartition("page=")[2] or 0) if "page=" in request.query else 0
    items = [{"type": "file", "oid": "0" * 40, "size": 1, "path": f"{number}-{each}"} for each in range(1000)]
    path = request.target.partition("?")[0]
    following = f"http://{request.headers['host']}{path}?recursive=true&page={number + 1}"
    return Answer(headers={"Link": f'<{following}>; rel="next"'}, body=json.dumps(items).encode())


def repeating(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
    """Each page names itself as the next one."""
    answer = honest(request)
    answer.headers["Link"] = f'<http://{request.headers["host"]}{request.target}>; rel="next"'
    return answer


def elsewhere_next(address: str) -> Lie:
    """The next page is on another host."""
    return headers(Link=f'<{address}>; rel="next"')


# git


def old_protocol(version: str = "") -> Lie:
    """Version 2 is not understood: 0 is spoken, or `version=1`."""
    return lambda request, *, honest: honest(
        replace(request, headers={**request.headers, "git-protocol": version})
    )


def without_filter(hub: Hub, name: str) -> None:
    """The server knows no filters: not a lie, but what a stock git server is like."""
    hub.repositories[name].configure("uploadpack.allowFilter", "false")


def asked_for(other: str) -> Lie:
    """The pack of another commit, whatever was wanted."""

    def lie(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        lines = request.body.split(b"want ")
        wanted = [other.encode() + line[40:] for line in lines[1:]]
        return honest(replace(request, body=b"want ".join([lines[0], *wanted])))

    return lie


def line(data: bytes) -> bytes:
    """One pkt-line."""
    return b"%04x" % (len(data) + 4) + data


def side_band(data: bytes) -> Iterator[bytes]:
    """A pack as version 2 frames it."""
    for at in range(0, len(data), 60_000):
        yield line(b"\x01" + data[at : at + 60_000])


def packed(data: bytes, *, shallow: str | None = None) -> Lie:
    """These bytes as the pack, correctly framed, where a pack was asked for."""

    def lie(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
        if b"command=fetch" not in request.body:
            return honest(request)
        head = line(b"shallow-info\n") + line(f"shallow {shallow}".encode()) + b"0001" if shallow else b""
        framed = head + line(b"packfile\n") + b"".join(side_band(data)) + b"0000"
        return Answer(headers={"Content-Type": "application/x-git-upload-pack-result"}, body=framed)

    return lie


def endless_pack(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
    """A pack of very many small objects, which never ends."""
    if b"command=fetch" not in request.body:
        return honest(request)

    def pieces() -> Iterator[bytes]:
        yield line(b"packfile\n") + line(b"\x01PACK\0\0\0\2\xff\xff\xff\xff")
        many = line(b"\x01" + entry("blob", b"x") * 3000)
        while True:
            yield many

    return Answer(headers={"Content-Type": "application/x-git-upload-pack-result"}, body=pieces())


def endless_progress(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
    """Progress messages that never end, and no pack."""
    if b"command=fetch" not in request.body:
        return honest(request)

    def pieces() -> Iterator[bytes]:
        yield line(b"packfile\n")
        many = line(b"\x02counting objects\n") * 1000
        while True:
            yield many

    return Answer(headers={"Content-Type": "application/x-git-upload-pack-result"}, body=pieces())


def bomb(size: int) -> bytes:
    """A pack with one blob of `size` zeros, and little else."""
    packer = zlib.compressobj(9)
    made = packer.compress(bytes(size)) + packer.flush()
    head = entry("blob", b"", size=size)[: -len(zlib.compress(b""))]
    return pack([head + made])


def served_pack(
    hub: Hub, name: str, commit: str, how: Callable[[str, bytes], bytes | None] | None = None
) -> bytes:
    """The pack of a commit with its trees, each object changed by `how(kind, raw)`; None leaves one out."""
    repository = hub.repositories[name]
    wanted = [commit, repository.root(commit)]
    wanted += [each.id for each in repository.entries(commit) if each.mode == "40000"]
    objects = [repository.objects[each] for each in dict.fromkeys(wanted)]
    made = [(kind, how(kind, raw) if how else raw) for kind, raw in objects]
    return pack(entry(kind, raw) for kind, raw in made if raw is not None)


def html(request: Request, *, honest: Callable[[Request], Answer]) -> Answer:
    """200 with a page for people, as captive portals and error pages are."""
    return Answer(headers={"Content-Type": "text/html"}, body=b"<html><body>Sign in</body></html>")
