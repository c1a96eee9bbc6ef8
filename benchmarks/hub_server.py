"""Serves one clone over HTTP as a process of its own: `python -m benchmarks.hub_server CLONE`.

Prints address and commit, and ends when its standard input does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.forge.git import git
from tests.forge.hub import serve

if __name__ == "__main__":
    clone = Path(sys.argv[1])
    with serve() as hub:
        served = hub.repository("acme/bert")
        git(clone, "push", "-q", str(served.folder), "HEAD:refs/heads/main")
        print(hub.git("acme/bert"), git(clone, "rev-parse", "HEAD").decode().strip(), flush=True)
        sys.stdin.read()
