"""An abstract interpreter for pickle streams, protocols 0 to 5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from safeload.formats.pickle_trace import Trace
    from safeload.limits import Limits


def run_pickle(
    data: bytes,
    limits: Limits,
    *,
    packs: frozenset[str] = frozenset(),
    persistent: Literal["torch", "none"] = "none",
    start: int = 0,
) -> Trace:
    """Interpret the stream that starts at byte `start`; errors are in the trace."""
    raise NotImplementedError
