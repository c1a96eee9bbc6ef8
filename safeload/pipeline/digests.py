"""Step 6 for many files: hashlib and the kernel work without the interpreter's lock, so threads help."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.sources.blobs import MemoryBlob

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.core import Digest
    from safeload.sources.blobs import Blob

    Progress = Callable[[str, int, int], None]

_DIGEST_THREADS = 2


def digest_all(blobs: Mapping[str, Blob], progress: Progress | None) -> dict[str, Digest | FormatError]:
    """Digest every blob, the largest first, on a few threads."""
    total = sum(blob.size for blob in blobs.values())
    done: dict[str, int] = {}
    digests: dict[str, Digest | FormatError] = {}
    queue = sorted(blobs, key=lambda path: blobs[path].size)
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not queue:
                    return
                path = queue.pop()

            def report(count: int, path: str = path) -> None:
                with lock:
                    done[path] = count
                    if progress is not None:
                        progress(path, sum(done.values()), total)

            try:
                digests[path] = blobs[path].digest(report if progress is not None else None)
            except FormatError as error:
                digests[path] = error

    large = sum(not isinstance(blob, MemoryBlob) for blob in blobs.values())
    threads = [threading.Thread(target=work) for _ in range(min(large, _DIGEST_THREADS) - 1)]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    return digests
