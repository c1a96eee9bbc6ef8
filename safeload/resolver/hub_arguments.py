"""Arguments of `from_pretrained` about downloading: those that users of huggingface_hub know.

They are checked and taken for a local folder too, where nothing is downloaded.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from safeload.errors import UsageError
from safeload.sources.hub_api import HubAccess
from safeload.sources.hub_name import checked_revision

if TYPE_CHECKING:
    from collections.abc import MutableMapping

DOWNLOAD = frozenset({"cache_dir", "force_download", "local_files_only", "proxies", "revision", "token"})


def take_hub_access(values: MutableMapping[str, Any]) -> HubAccess:
    """Take the arguments about downloading out of keyword arguments.

    Raises:
        UsageError: one of them is not what it has to be.
    """
    revision = values.pop("revision", None)
    if revision is not None and not isinstance(revision, str):
        raise UsageError(f"revision={revision!r} is no branch, tag or commit")
    token = values.pop("token", None)
    if token is not None and not isinstance(token, str | bool):
        raise UsageError("token= takes a token, True, False or None")
    cache_dir = values.pop("cache_dir", None)
    if cache_dir is not None and not isinstance(cache_dir, str | os.PathLike):
        raise UsageError(f"cache_dir={cache_dir!r} is no path")
    if values.pop("proxies", None):
        raise UsageError("proxies= is refused: set HTTPS_PROXY, which holds for every request")
    return HubAccess(
        revision=None if revision is None else checked_revision(revision),
        token=None if token is True else token,
        cache_dir=None if cache_dir is None else os.fspath(cache_dir),
        local_files_only=bool(values.pop("local_files_only", False)),
        force_download=bool(values.pop("force_download", False)),
    )
