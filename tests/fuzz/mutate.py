"""Mutations of seed files: bit flips, truncations, splices, and the numbers at which parsers break.

Deterministic for a given generator, so that a failure is found again from its seed and round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 63, (1 << 64) - 1)
MOST_BYTES = 1 << 16


def flip(data: bytes, _other: bytes, rng: random.Random) -> bytes:
    """One bit in one to eight places."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(data: bytes, _other: bytes, rng: random.Random) -> bytes:
    """A prefix or a suffix."""
    cut = rng.randint(0, len(data))
    return data[:cut] if rng.random() < 0.8 else data[cut:]


def splice(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """The start of one file and the end of another."""
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def number(data: bytes, _other: bytes, rng: random.Random) -> bytes:
    """A number at the edge of its type, written over what stood there."""
    width = rng.choice((1, 2, 4, 8))
    value = (rng.choice(EDGES) + rng.randint(-1, 1)) % (1 << 8 * width)
    at = rng.randint(0, len(data))
    return data[:at] + value.to_bytes(width, rng.choice(("little", "big"))) + data[at + width :]


def repeat(data: bytes, _other: bytes, rng: random.Random) -> bytes:
    """A part, several times over."""
    start = rng.randint(0, len(data))
    part = data[start : start + rng.randint(1, 64)]
    return data[:start] + part * rng.randint(2, 200) + data[start:]


def drop(data: bytes, _other: bytes, rng: random.Random) -> bytes:
    """A part less."""
    start = rng.randint(0, len(data))
    return data[:start] + data[start + rng.randint(1, 16) :]


def insert(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A part of another file, put in the middle."""
    at, start = rng.randint(0, len(data)), rng.randint(0, len(other))
    return data[:at] + other[start : start + rng.randint(1, 64)] + data[at:]


MUTATIONS: tuple[Callable[[bytes, bytes, random.Random], bytes], ...] = (
    flip, truncate, splice, number, repeat, drop, insert,
)  # fmt: skip


def mutated(seeds: Sequence[bytes], rng: random.Random, most: int = MOST_BYTES) -> bytes:
    """A seed after one to four mutations, cut to `most` bytes."""
    data = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 2, 4))):
        data = rng.choice(MUTATIONS)(data, rng.choice(seeds), rng)[:most]
    return data
