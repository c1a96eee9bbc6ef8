"""Facts about an HDF5 file: what leads out of it, and what a model configuration in it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.hdf5 import parse_hdf5
from safeload.formats.hdf5_errors import NotInSubset, OutsideFile
from safeload.formats.json_strict import parse_json
from safeload.scanners import ScanResult
from safeload.scanners._keras_config import keras_facts

if TYPE_CHECKING:
    from safeload.formats.hdf5 import Hdf5
    from safeload.limits import Limits
    from safeload.scanners import Subject

_CONFIGS = ("model_config", "training_config")
"""Attributes in which Keras keeps a model and how it was compiled, as JSON."""


def scan_h5(subject: Subject, limits: Limits) -> ScanResult:
    """Read the structure, and state what leads out of the file or names something to call."""
    facts = [Fact(kind="format.not-loadable", location=subject.location, data={"format": subject.format})]
    record: Hdf5 | None = None
    try:
        record = parse_hdf5(subject.view, limits)
        for path, attributes in record.attributes.items():
            for name in _CONFIGS:
                if name in attributes:
                    where = f"{path}.{name}" if path else name
                    config = parse_json(str(attributes[name]).encode(), limits)
                    facts.extend(keras_facts(config, subject.location, where))
    except FormatError as error:
        if isinstance(error, OutsideFile):
            place = subject.location.at(offset=error.offset)
            data = {"key": error.code, "value": error.detail}
            facts.append(Fact(kind="config.redirect", location=place, data=data))
        return ScanResult(coverage=_coverage(error), reason=str(error), facts=tuple(facts), record=record)
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(facts), record=record)


def _coverage(error: FormatError) -> Coverage:
    """Valid HDF5 that is not read is unknown; what breaks the specification is broken."""
    if isinstance(error, LimitExceeded):
        return Coverage.LIMIT_EXCEEDED
    return Coverage.UNRECOGNISED if isinstance(error, NotInSubset) else Coverage.MALFORMED
