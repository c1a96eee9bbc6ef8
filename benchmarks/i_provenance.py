"""(i) A signed commit of 1,000 files, verified and compared with them, against git's own three steps."""

from __future__ import annotations

from benchmarks import fixtures
from benchmarks.harness import Claim, Program, safeload, script

_OURS = """
import sys
from safeload.core import EVERYTHING, Status
from safeload.pipeline import Origin, resolve_policy
from safeload.pipeline.origin import find_origin
from safeload.provenance import collect_evidence
from safeload.sources.local import LocalSource

clone, trust = sys.argv[1:]
policy = resolve_policy("default")
source = LocalSource(clone, policy.limits)
origin = find_origin(Origin(repository="acme/bert", trust=trust), source, policy, clone)
found = collect_evidence(origin.case(source, EVERYTHING, frozenset(source.blobs), {}))
sys.exit([item.status for item in found.evidence[:2]] != [Status.VERIFIED] * 2)
"""
_GIT = """
set -e
rm -rf "$1/copy"
git clone -q "file://$1/bert" "$1/copy"
cd "$1/copy"
GNUPGHOME="$1/keyring" git verify-commit HEAD
test -z "$(git status --porcelain)"
"""


def claims() -> list[Claim]:
    """Verification alone and the whole audit, against `git clone`, `git verify-commit` and `git status`."""
    folder = str(fixtures.path("signed-clone"))
    clone, trust = f"{folder}/bert", f"{folder}/trust"
    git = Program(argv=("sh", "-c", _GIT, "git", folder))
    return [
        Claim(
            id="i1",
            text="signature and binding of a clone of 1,000 files",
            ours=script(_OURS, clone, trust),
            peer=git,
            peer_name="git",
            target=1.0,
        ),
        Claim(
            id="i2",
            text="the same with the `audit` of all files",
            ours=safeload("audit", clone, "--repository", "acme/bert", "--trust", trust),
            peer=git,
            peer_name="git",
            target=1.5,
        ),
    ]
