"""(i) A signed commit of 1,000 files: verified, bound and audited, against git's own three steps."""

from __future__ import annotations

from benchmarks import fixtures
from benchmarks.harness import Claim, Program, safeload

_GIT = """
set -e
rm -rf "$1/copy"
git clone -q "file://$1/bert" "$1/copy"
cd "$1/copy"
GNUPGHOME="$1/keyring" git verify-commit HEAD
test -z "$(git status --porcelain)"
"""


def claims() -> list[Claim]:
    """`safeload audit --repository` against `git clone`, `git verify-commit` and `git status`."""
    folder = str(fixtures.path("signed-clone"))
    named = ("--repository", "acme/bert", "--trust", f"{folder}/trust")
    return [
        Claim(
            id="i",
            text="`audit` of a signed clone of 1,000 files, all compared with the commit",
            ours=safeload("audit", f"{folder}/bert", *named),
            peer=Program(argv=("sh", "-c", _GIT, "git", folder)),
            peer_name="git",
            target=1.0,
        )
    ]
