"""A short run of every fuzz target, with a fixed seed; `make fuzz` runs them for minutes."""

from __future__ import annotations

import random

import pytest

from tests.fuzz import run
from tests.fuzz.mutate import MOST_BYTES, MUTATIONS, mutated


@pytest.mark.parametrize("name", run.TARGETS)
def test_the_invariant_holds(name, _seal):  # noqa: PT019  the seal itself is passed on
    """Any bytes give what the target's docstring promises, under the seal, and some come past the header."""
    ran = run.Count()
    for _ in run.rounds(run.load(name), 1_000, random.Random(2), _seal, ran):
        pass
    assert ran.deep > ran.ran // 10


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_mutations_take_any_bytes(mutation):
    """The runner itself does not fail on empty or short input."""
    rng = random.Random(0)
    for data in (b"", b"a", b"abc" * 50):
        for other in (b"", b"b", b"xyz" * 50):
            assert isinstance(mutation(data, other, rng), bytes)


def test_a_seed_finds_the_same_input_again():
    """A failure that was printed with its seed can be looked at."""
    first, second = random.Random(7), random.Random(7)
    seeds = [b"abc" * 9, b"xyz"]
    assert [mutated(seeds, first) for _ in range(50)] == [mutated(seeds, second) for _ in range(50)]
    assert all(len(mutated(seeds, first)) <= MOST_BYTES for _ in range(50))
