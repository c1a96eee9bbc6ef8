"""The fuzz runner: `make fuzz`, or `python -m tests.fuzz.run --seconds 60 --target pickle_machine`.

A target is a module of this folder with an invariant in its docstring and

    seeds() -> list[bytes]              where mutation starts
    read(data) -> object                the parser, run under the seal of tests/conftest.py
    check(data, result) -> None         asserts about what came back, unsealed: it may ask an oracle
    deep(result) -> bool                whether the input got past the format's header check

Mutation needs the standard library only; tests/fuzz/guided.py runs the same targets under coverage.
Input that breaks an invariant is written to the current folder's .bench/fuzz/, and `--replay FILE`
runs it again.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import pkgutil
import random
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from tests.conftest import _Seal
from tests.fuzz.mutate import mutated

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGETS = tuple(
    sorted(
        module.name
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if module.name not in {"run", "mutate", "guided"} and not module.name.startswith("test_")
    )
)
CRASHES = Path(".bench") / "fuzz"
SLOW_SECONDS = 5.0
"""No input of 64 KiB may take longer: that is a hang in the making."""


class Target(Protocol):
    """What a module of this folder offers."""

    def seeds(self) -> list[bytes]:
        """Where mutation starts."""
        ...

    def read(self, data: bytes) -> object:
        """Run the parser."""
        ...

    def check(self, data: bytes, result: object) -> None:
        """Assert what has to hold."""
        ...

    def deep(self, result: object) -> bool:
        """Whether the parser got past the header check."""
        ...


def load(name: str) -> Target:
    """A target by its module name, from the closed list."""
    assert name in TARGETS
    return cast("Target", importlib.import_module(f"tests.fuzz.{name}"))


@contextlib.contextmanager
def sealed(seal: _Seal | None) -> Iterator[None]:
    """Opening, importing, connecting or executing is a failure here."""
    if seal is None:
        yield
        return
    seal.closed = True
    try:
        yield
    finally:
        seal.closed = False


def one(target: Target, data: bytes, seal: _Seal | None = None) -> bool:
    """Run one input, under the seal if there is one, and check what came back.

    Returns:
        Whether the parser got past the header check.
    """
    started = time.process_time()
    with sealed(seal):
        result = target.read(data)
    assert time.process_time() - started < SLOW_SECONDS
    target.check(data, result)
    return target.deep(result)


class Count:
    """How many inputs ran, and how many of them got past the header check."""

    ran = deep = 0


def rounds(target: Target, count: int, rng: random.Random, seal: _Seal | None, ran: Count) -> Iterator[bytes]:
    """Run the seeds and then `count` mutations; each input is yielded before it runs."""
    seeds = target.seeds()
    for data in seeds:
        # Unsealed first, so that what is imported at first use is imported.
        yield data
        one(target, data)
        one(target, data, seal)
    for _ in range(count):
        data = mutated(seeds, rng)
        yield data
        ran.deep += one(target, data, seal)
        ran.ran += 1


def fuzz(name: str, seconds: float, most: int, seed: int, seal: _Seal | None) -> bool:
    """Mutate until the time is over or the inputs have run; False where an invariant broke."""
    deadline = time.monotonic() + seconds
    ran, current = Count(), b""
    try:
        for data in rounds(load(name), most, random.Random(seed), seal, ran):
            current = data
            if time.monotonic() > deadline:
                break
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        CRASHES.mkdir(parents=True, exist_ok=True)
        file = CRASHES / f"{name}-{seed}-{ran.ran}"
        file.write_bytes(current)
        traceback.print_exc()
        print(f"{name}: broken after {ran.ran} inputs of seed {seed}; {file} holds the input")
        return False
    share = 100 * ran.deep / max(ran.ran, 1)
    print(
        f"{name}: {ran.ran} inputs, {share:.0f} % past the header, the invariant holds (seed {seed})",
        flush=True,
    )
    return True


def main() -> int:
    """Run the chosen targets."""
    parser = argparse.ArgumentParser(description="mutate seeds and check the invariants of the parsers")
    parser.add_argument("--seconds", type=float, default=60, help="per target")
    parser.add_argument("--target", choices=TARGETS, nargs="+", default=list(TARGETS))
    parser.add_argument("--inputs", type=int, default=sys.maxsize, help="per target, if they come first")
    parser.add_argument("--seed", type=int, default=None, help="random by default, and printed")
    parser.add_argument("--replay", type=Path, help="run this one input through the first target")
    options = parser.parse_args()
    if options.replay is not None:
        one(load(options.target[0]), options.replay.read_bytes())
        return 0
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    seal = _Seal()
    held = [fuzz(name, options.seconds, options.inputs, seed, seal) for name in options.target]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
