"""HDF5, as Keras writes weights and whole models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import ScanResult, Subject

FORMATS = ("hdf5",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Read the structure, and state what leads out of the file or names something to call."""
    # The reader is nine modules, which an audit without such a file does not need.
    from safeload.scanners._keras_h5 import scan_h5

    return scan_h5(subject, limits)
