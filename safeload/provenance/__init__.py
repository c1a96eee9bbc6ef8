"""Manifest -> evidence: who says that these files are theirs, and how far that was checked.

How a collector takes part: a public module in this folder with

    KIND: str                                  `commit-signature`; the rule reads `evidence.<KIND>`

    def collect(manifest: Manifest) -> Evidence

A collector establishes one kind of evidence and judges nothing: whether ABSENT matters is a rule's
and then the policy's to say. It always returns evidence. What could not be looked at is UNAVAILABLE
with the reason, which is never the same as ABSENT (looked, and there is none), and neither is
VERIFIED. An exception in a collector ends as UNAVAILABLE too: it may not end the audit, and it may
not pass as a check that was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from safeload import discovery
from safeload.core import Evidence, Status

if TYPE_CHECKING:
    from safeload.core import Manifest


class Collector(Protocol):
    """What this stage expects of a module in this folder."""

    KIND: str

    def collect(self, manifest: Manifest) -> Evidence:
        """Establish one kind of evidence about the files of a source."""
        ...


def collect_evidence(manifest: Manifest) -> tuple[Evidence, ...]:
    """Every kind of evidence about the files of a source, ordered by collector."""
    return tuple(_collect(module, manifest) for module in discovery.modules(__name__))


def _collect(module: Collector, manifest: Manifest) -> Evidence:
    try:
        return module.collect(manifest)
    except Exception as error:  # noqa: BLE001  whatever went wrong, the check was not made
        return Evidence(
            kind=module.KIND,
            status=Status.UNAVAILABLE,
            subject=manifest.uri,
            detail=f"the collector failed with {type(error).__name__}",
        )
