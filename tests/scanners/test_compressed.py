"""scanners.compressed: what is not opened is said."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Location
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import Subject
from safeload.scanners.compressed import FORMATS, scan


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("depth", [0, 1])
def test_is_unrecognised_with_its_reason(kind: str, depth: int) -> None:
    """Never clean; inside another archive it is nested as well."""
    subject = Subject(view=BytesView(b""), location=Location(artifact="x"), format=kind, depth=depth)
    result = scan(subject, DEFAULT_LIMITS)
    assert result.coverage is Coverage.UNRECOGNISED
    assert result.reason.startswith(kind)
    assert [fact.kind for fact in result.facts] == ["archive.nested"] * depth
