"""ONNX: which operators a model needs, and which files beside it.

Known operators are those of domains that a runtime brings along, and those that the model itself defines.
Every other domain stands for a library of native code that a user has to load for the model to run, and a
few operators run Python. Where values lie outside the file, the place has to be one inside the folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.formats.onnx import Onnx
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("onnx",)

_DOMAINS = frozenset(
    {
        "", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training",
        "com.microsoft", "com.microsoft.nchwc", "com.microsoft.nhwc", "com.microsoft.experimental",
        "com.ms.internal.nhwc", "ai.onnx.quantization", "onnx.quantize",
    }
)  # fmt: skip
"""Domains whose operators onnx and onnxruntime themselves implement."""
_PYTHON = frozenset({"pyop", "pythonop", "pythonopgrad", "pyfunc", "pyopgrad"})
"""Operators that call Python, in lower case: those of onnxruntime's language interop and training builds."""
_ATEN = frozenset({"ATen", "ATenOp"})
"""Operators that call whatever function of torch the model names."""
_SHOWN = 20
"""Operators of one kind that are named one by one."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the format, operators that are code elsewhere, and places outside the folder.

    Raises:
        FormatError: the model breaks the specification.
    """
    from safeload.formats.onnx import UnlistedField, parse_onnx

    facts = [Fact(kind="format.not-loadable", location=subject.location, data={"format": subject.format})]
    try:
        record = parse_onnx(subject.view, limits)
    except UnlistedField as error:
        return ScanResult(coverage=Coverage.UNRECOGNISED, reason=str(error), facts=tuple(facts))
    facts += _operators(record, subject)
    escapes = list(_escapes(record, subject))
    # With a place that leads elsewhere the model is no guide to files.
    return ScanResult(coverage=Coverage.SCANNED, facts=(*facts, *escapes), record=None if escapes else record)


def _operators(record: Onnx, subject: Subject) -> Iterator[Fact]:
    used = sorted(record.operators - record.functions)
    code = [(domain, name) for domain, name in used if name.lower() in _PYTHON or name in _ATEN]
    for domain, name in code[:_SHOWN]:
        what = "Python" if name.lower() in _PYTHON else "any function of torch"
        yield _executable(subject, f"the operator {domain}::{name} calls {what}")
    foreign = sorted(
        {domain for domain, name in used if domain not in _DOMAINS and (domain, name) not in code}
    )
    for domain in foreign[:_SHOWN]:
        names = ", ".join(name for found, name in used if found == domain)[: _SHOWN * 10]
        yield _executable(subject, f"operators of {domain} need a library of native code: {names}")


def _executable(subject: Subject, detail: str) -> Fact:
    data = {"format": subject.format, "detail": detail}
    return Fact(kind="format.executable", location=subject.location, data=data)


def _escapes(record: Onnx, subject: Subject) -> Iterator[Fact]:
    """Places of values that are no plain relative paths."""
    from safeload.formats.relative_path import relative_problem

    places = sorted({(tensor.location, tensor.base) for tensor in record.external})
    for location, base in places:
        problem = relative_problem(location)
        name = location
        if base:
            problem, name = "a base folder of the file's own choice", base
        if problem is not None:
            data = {"name": name, "problem": problem, "what": "external data"}
            where = subject.location.at(key="external_data")
            yield Fact(kind="index.path", location=where, data=data)
