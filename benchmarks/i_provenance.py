"""(i) A signed commit, verified and compared with its files: against git's own steps, and against sha256."""

from __future__ import annotations

import subprocess
import sys

from benchmarks import fixtures
from benchmarks.harness import Claim, Program, safeload, script

_SERVERS: list[subprocess.Popen[str]] = []
"""Kept, so that their standard input stays open as long as this process lives."""
_OURS = """
import sys
from safeload.core import EVERYTHING, Status
from safeload.formats.git_objects import ObjectTable
from safeload.pipeline import resolve_policy
from safeload.pipeline.origin import FoundOrigin
from safeload.provenance import Claim, collect_evidence
from safeload.provenance.trust_store import parse_trust
from safeload.sources.git_transport import fetch_commit
from safeload.sources.local import LocalSource
from safeload.sources.trust_files import read_trust

clone, trust, address, commit = sys.argv[1:]
policy = resolve_policy("default")
objects = fetch_commit(address, commit, token=None, limits=policy.limits)
files = read_trust(trust)
store = parse_trust(files.text, source=files.source, files=files.keys)
source = LocalSource(clone, policy.limits)
origin = FoundOrigin(
    claim=Claim(repository="acme/bert", commit=commit, objects=ObjectTable(objects)), store=store
)
found = collect_evidence(origin.case(source, EVERYTHING, frozenset(source.blobs), {}))
sys.exit([item.status for item in found.evidence[:2]] != [Status.VERIFIED] * 2)
"""
_GIT = """
set -e
rm -rf "$1/copy"
git clone -q "$2" "$1/copy"
cd "$1/copy"
GNUPGHOME="$1/keyring" git verify-commit HEAD
test -z "$(git status --porcelain)"
"""
_PLAIN = """
"$0" -m safeload audit "$1" > /dev/null || test $? = 3 || exit 2
shift
exec openssl dgst -sha256 "$@"
"""


def claims() -> list[Claim]:
    """Verification, the audit, and the audit of weights, against git's steps and against sha256."""
    folder, big = str(fixtures.path("signed-clone")), fixtures.path("signed-big")
    clone, trust = f"{folder}/bert", f"{folder}/trust"
    address, commit = _served(clone)
    peer = Program(argv=("sh", "-c", _GIT, "git", folder, address))
    weights = sorted(str(file) for file in (big / "bert").iterdir() if file.is_file())
    return [
        Claim(
            id="i1",
            text="a commit of 1,000 files fetched, its signature and the files verified",
            ours=script(_OURS, clone, trust, address, commit),
            peer=peer,
            peer_name="git",
            target=1.0,
        ),
        Claim(
            id="i2",
            text="a clone verified, with the `audit` of all files",
            ours=safeload("audit", clone, "--repository", "acme/bert", "--trust", trust),
            peer=peer,
            peer_name="git",
            target=1.5,
        ),
        Claim(
            id="i3",
            text="`audit` of 1.2 GB with a signed commit",  # may add what sha256 of the same bytes costs
            ours=safeload(
                "audit", str(big / "bert"), "--repository", "acme/bert", "--trust", str(big / "trust"),
                accept=(0, 3),
            ),
            peer=Program(argv=("sh", "-c", _PLAIN, sys.executable, str(big / "bert"), *weights)),
            peer_name="`audit` without, then openssl",
            target=1.0,
        ),
    ]  # fmt: skip


def _served(clone: str) -> tuple[str, str]:
    """Serve a clone over HTTP until this process ends: address and commit."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.hub_server", clone],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    _SERVERS.append(server)
    assert server.stdout is not None
    address, commit = server.stdout.readline().split()
    return address, commit
