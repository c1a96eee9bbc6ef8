"""formats.meter: two budgets from the size of a file, and nothing taken past them."""

from __future__ import annotations

import pytest

from safeload.formats.meter import InflatedTotal, Meter
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits


def test_small_files_have_the_least() -> None:
    """Eight MiB of what is interpreted, 64 of what is not, whatever the file's size."""
    meter = Meter(100, DEFAULT_LIMITS)
    meter.take(8 << 20, dear=True)
    meter.take(64 << 20, dear=False)
    for dear in (True, False):
        with pytest.raises(InflatedTotal):
            meter.take(1, dear=dear)


def test_large_files_have_a_multiple() -> None:
    """Eight times the size of the file, up to the budget of the policy."""
    Meter(4 << 20, DEFAULT_LIMITS).take(32 << 20, dear=True)
    with pytest.raises(InflatedTotal):
        Meter(4 << 20, DEFAULT_LIMITS).take((32 << 20) + 1, dear=True)
    with pytest.raises(InflatedTotal):
        Meter(4 << 30, Limits(inflated_bytes=1_000)).take(1_001, dear=True)


def test_what_is_refused_is_not_taken() -> None:
    """A member that is too large leaves the budget to the others."""
    meter = Meter(100, DEFAULT_LIMITS)
    with pytest.raises(InflatedTotal):
        meter.take(9 << 20, dear=True)
    meter.take(8 << 20, dear=True)


def test_values_have_a_budget_of_their_own() -> None:
    """A document of half a million objects in a few bytes each is refused before it is parsed."""
    meter = Meter(100, DEFAULT_LIMITS)
    meter.count(BytesView(b"[" + b"{}," * 300_000 + b"0]"))
    with pytest.raises(InflatedTotal):
        meter.count(BytesView(b"[" + b"{}," * 300_000 + b"0]"))
    Meter(8 << 20, DEFAULT_LIMITS).count(BytesView(b"[" + b"{}," * 500_000 + b"0]"))
