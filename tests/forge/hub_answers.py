"""What an honest Hub answers: models API, resolve, raw and git, all derived from one git repository.

https://huggingface.co/docs/hub/api and the requests that huggingface_hub makes
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote

from tests.forge.hub_git import pointer
from tests.forge.hub_http import Answer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tests.forge.hub_git import Entry, Repository
    from tests.forge.hub_http import Request

MODEL, TREE, PATHS, REFS, COMMITS = "model", "tree", "paths-info", "refs", "commits"
RESOLVE, RAW, CDN, GIT_REFS, GIT_PACK = "resolve", "raw", "cdn", "git-refs", "git-pack"
UNKNOWN = "unknown"
API = (MODEL, TREE, PATHS, REFS, COMMITS)
GIT = (GIT_REFS, GIT_PACK)
FILES = (RESOLVE, RAW, CDN)
_MISSING = {"repository": "RepoNotFound", "revision": "RevisionNotFound", "entry": "EntryNotFound"}


def route(target: str, names: Collection[str]) -> tuple[str, str, str, str]:
    """Kind, repository, revision and path that an address of the first port is about."""
    parts = target.partition("?")[0].lstrip("/").split("/")
    api = parts[:2] == ["api", "models"]
    parts = parts[2:] if api else parts
    for count in (2, 1):
        name = "/".join(parts[:count]).removesuffix(".git")
        if name in names:
            break
    else:
        # as if it were hidden: which part of the Hub was asked is known all the same
        name, count = "/".join(parts[:2]).removesuffix(".git"), 2
    rest = parts[count:]
    revision = unquote(rest[1]) if len(rest) > 1 else ""
    path = unquote("/".join(rest[2:]))
    if api:
        what = {"revision": MODEL, TREE: TREE, PATHS: PATHS, REFS: REFS, COMMITS: COMMITS}
        return (what.get(rest[0], UNKNOWN) if rest else MODEL), name, revision or "main", path
    if rest == ["info", "refs"]:
        return GIT_REFS, name, "", "info/refs"
    if rest == ["git-upload-pack"]:
        return GIT_PACK, name, "", "git-upload-pack"
    if len(rest) > 2 and rest[0] in {RESOLVE, RAW}:
        return rest[0], name, revision, path
    return UNKNOWN, name, "", ""


def missing(what: str, **headers: str) -> Answer:
    """There is no such repository, revision or entry."""
    status = 401 if what == "repository" else 404
    return Answer(status=status, headers={"X-Error-Code": _MISSING[what], **headers}, body=b"{}")


def answer(request: Request, repository: Repository, cdn: str, page: int) -> Answer:
    """An honest answer of the first port.

    Args:
        request: routed.
        repository: that it is about.
        cdn: address of the second port.
        page: entries on one page of a listing.
    """
    refused = _guard(request, repository)
    if refused is not None:
        return refused
    if request.kind in GIT:
        return repository.backend(request)
    if request.kind == REFS:
        return _json(_refs(repository))
    commit = repository.resolve(request.revision)
    if commit is None:
        return missing("revision")
    if request.kind == MODEL:
        return _json(_model(request, repository, commit))
    if request.kind == TREE:
        within = f"{request.path}/" if request.path else ""
        recursive = "recursive=true" in request.query.lower()
        return _paged(
            request,
            [
                _item(repository, entry)
                for entry in repository.entries(commit)
                if entry.path.startswith(within)
                and entry.mode != "160000"
                and (recursive or "/" not in entry.path[len(within) :])
            ],
            page,
        )
    if request.kind == PATHS:
        wanted = parse_qs(request.body.decode()).get("paths", [])
        return _json([_item(repository, e) for e in repository.entries(commit) if e.path in wanted])
    if request.kind == COMMITS:
        return _paged(request, _history(repository, commit), page)
    return _file(request, repository, commit, cdn)


def stored(request: Request, content: bytes | None) -> Answer:
    """An honest answer of the second port, which knows LFS content by its sha256 and asks for no token."""
    return missing("entry") if content is None else _ranged(request, content, {})


def _guard(request: Request, repository: Repository) -> Answer | None:
    if repository.token is None:
        return None
    import base64

    given = request.headers.get("authorization", "")
    if given == f"Bearer {repository.token}":
        return None
    if given.startswith("Basic ") and base64.b64decode(given[6:]).decode().endswith(f":{repository.token}"):
        return None
    if request.kind in GIT:
        return Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="Hub"'}, body=b"no\n")
    if not repository.gated:
        return missing("repository")
    if request.kind in API:
        return None
    return Answer(
        status=403 if given else 401, headers={"X-Error-Code": "GatedRepo", "X-Error-Message": "ask"}
    )


def _json(value: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(
        headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
        body=json.dumps(value).encode(),
    )


def _paged(request: Request, items: list[dict[str, object]], page: int) -> Answer:
    start = int(parse_qs(request.query).get("cursor", ["0"])[0])
    headers = {}
    if start + page < len(items):
        path = request.target.partition("?")[0]
        query = "&".join(part for part in request.query.split("&") if part and "cursor=" not in part)
        address = f"http://{request.headers['host']}{path}?{query}&cursor={start + page}"
        headers["Link"] = f'<{address}>; rel="next"'
    return _json(items[start : start + page], headers)


def _model(request: Request, repository: Repository, commit: str) -> dict[str, object]:
    files = [entry for entry in repository.entries(commit) if entry.mode not in {"40000", "160000"}]
    told: dict[str, object] = {
        "_id": hashlib.sha256(repository.name.encode()).hexdigest()[:24],
        "id": repository.name,
        "modelId": repository.name,
        "author": repository.name.partition("/")[0],
        "sha": commit,
        "createdAt": repository.created,
        "lastModified": repository.modified,
        "private": repository.token is not None and not repository.gated,
        "gated": "auto" if repository.gated else False,
        "disabled": False,
        "tags": [],
        "downloads": 0,
        "likes": 0,
        "siblings": [{"rfilename": entry.path} for entry in files],
    }
    if "securityStatus" in request.query and repository.security is not None:
        told["securityRepoStatus"] = repository.security
    return told


def _item(repository: Repository, entry: Entry) -> dict[str, object]:
    if entry.mode == "40000":
        return {"type": "directory", "oid": entry.id, "size": 0, "path": entry.path}
    content = repository.content(entry.id)
    told: dict[str, object] = {"type": "file", "oid": entry.id, "size": len(content), "path": entry.path}
    if entry.id in repository.pointers:
        told["lfs"] = {
            "oid": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            "pointerSize": len(pointer(content)),
        }
    return told


def _refs(repository: Repository) -> dict[str, object]:
    told: dict[str, list[dict[str, str]]] = {"branches": [], "converts": [], "tags": [], "pullRequests": []}
    for name, commit in repository.branches.items():
        full = name if name.startswith("refs/") else f"refs/heads/{name}"
        kind = {"refs/tags": "tags", "refs/pr": "pullRequests", "refs/convert": "converts"}
        where = kind.get("/".join(full.split("/")[:2]), "branches")
        told[where].append({"name": full.split("/", 2)[2], "ref": full, "targetCommit": commit})
    return dict(told)


def _history(repository: Repository, commit: str) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = []
    at: str | None = commit
    while at in repository.objects:
        head, _, message = repository.objects[at][1].partition(b"\n\n")
        title, _, rest = message.decode("utf-8", "replace").strip().partition("\n")
        listed.append(
            {
                "id": at,
                "title": title,
                "message": rest,
                "authors": [{"user": "ann", "avatar": ""}],
                "date": "2024-01-02T00:00:00.000Z",
            }
        )
        parents = [line[7:].decode() for line in head.split(b"\n") if line.startswith(b"parent ")]
        at = parents[0] if parents else None
    return listed


def _file(request: Request, repository: Repository, commit: str, cdn: str) -> Answer:
    headers = {"X-Repo-Commit": commit}
    found = [e for e in repository.entries(commit) if e.path == request.path and e.mode != "40000"]
    if not found:
        return missing("entry", **headers)
    blob = found[0].id
    if request.kind == RAW:
        return _ranged(request, repository.objects[blob][1], headers)
    content = repository.content(blob)
    if blob not in repository.pointers:
        return _ranged(request, content, {**headers, "ETag": f'"{blob}"'})
    sha256 = hashlib.sha256(content).hexdigest()
    headers |= {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(content)), "ETag": f'"{sha256}"'}
    where = f"{cdn}/{quote(repository.name)}/{sha256}?{quote(request.path, safe='')}"
    return Answer(status=302, headers={**headers, "Location": where}, body=b"Found")


def _ranged(request: Request, content: bytes, headers: Mapping[str, str]) -> Answer:
    """RFC 9110, section 14, for one range."""
    sent = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **headers}
    unit, _, wanted = request.headers.get("range", "").partition("=")
    first, _, last = wanted.partition("-")
    if unit != "bytes" or "," in wanted:
        return Answer(headers=sent, body=content)
    start = int(first) if first else max(0, len(content) - int(last))
    end = min(int(last), len(content) - 1) if first and last else len(content) - 1
    if start > end:
        return Answer(status=416, headers={**sent, "Content-Range": f"bytes */{len(content)}"})
    sent["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
    return Answer(status=206, headers=sent, body=content[start : end + 1])
