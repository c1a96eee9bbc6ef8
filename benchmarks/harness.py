"""Runs whole processes in turn, ours and the peer's, and compares their CPU time and memory.

What is measured is what a user pays: a fresh process from its start to its end, user and system time
of it and of every process that it waited for, and its peak resident memory, all from `os.wait4`.
One pair is run first and thrown away (page cache, compiled bytecode). Pairs alternate A B A B, so that
a machine that slows down slows both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # an audit remembers which commit it allowed
    "XDG_STATE_HOME": str(Path(__file__).resolve().parent.parent / ".bench" / "state"),
}
MIB = 1 << 20


def environment() -> dict[str, str]:
    """Ours without Python's switches: with PYTHONDONTWRITEBYTECODE a source tree compiles at every start."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "PYTHONPATH" or not name.startswith("PYTHON")
    }
    return {**kept, **ENVIRONMENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A command, and the exit codes that mean it did its work."""

    argv: tuple[str, ...]
    accept: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Ours against the peer, or against a bound."""

    id: str
    text: str
    ours: Program
    peer: Program | None
    """None where the claim is an absolute bound on memory."""
    peer_name: str
    target: float
    """Greatest allowed ratio of CPU times, or MiB where there is no peer."""
    most_memory: float | None = None
    """MiB that no process of ours may exceed, where the claim bounds both."""
    pairs: int | None = None
    """Pairs to run, where the claim has a number of its own, and none to warm up with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one process cost."""

    cpu: float
    """Seconds, user and system."""
    memory: float
    """Peak resident MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The figures of one claim."""

    claim: Claim
    ours: tuple[Usage, ...]
    peer: tuple[Usage, ...]

    @property
    def figure(self) -> float:
        """Median of the ratios of the pairs, or the greatest memory."""
        if self.peer:
            return statistics.median(a.cpu / b.cpu for a, b in zip(self.ours, self.peer, strict=True))
        return self.memory

    @property
    def kept(self) -> bool:
        """Whether the figure is within the target, and memory within its bound."""
        most = self.claim.most_memory
        return self.figure <= self.claim.target and (most is None or self.memory <= most)

    @property
    def memory(self) -> float:
        """The greatest memory of ours."""
        return max(usage.memory for usage in self.ours)


def beside_python(name: str) -> str:
    """A program installed in the environment of this interpreter."""
    return str(Path(sys.executable).with_name(name))


def safeload(*arguments: str, accept: tuple[int, ...] = (0,)) -> Program:
    """The command line, as installed."""
    return Program(argv=(beside_python("safeload"), *arguments), accept=accept)


def script(source: str, *arguments: str) -> Program:
    """A Python script in a process of its own."""
    return Program(argv=(sys.executable, "-c", source, *arguments))


def measure(program: Program) -> Usage:
    """Run one process to its end.

    Raises:
        RuntimeError: it ended with an exit code that does not mean success.
    """
    # Output goes to a file: nobody reads a pipe while wait4 waits.
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  os.devnull is a string
        process = subprocess.Popen(
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=nowhere,
            stderr=nowhere,
            env=environment(),
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in program.accept:
        raise RuntimeError(f"{' '.join(program.argv)!r:.300} ended with {process.returncode}")
    return Usage(cpu=used.ru_utime + used.ru_stime, memory=used.ru_maxrss * 1024 / MIB)


def compare(claim: Claim, pairs: int) -> Outcome:
    """One warm-up, then `pairs` pairs in turn; a claim's own number of pairs has no warm-up."""
    ours, peer = [], []
    warm_ups = claim.pairs is None
    for round_number in range((claim.pairs or pairs) + warm_ups):
        usage = measure(claim.ours)
        other = measure(claim.peer) if claim.peer is not None else None
        if round_number >= warm_ups:
            ours.append(usage)
            if other is not None:
                peer.append(other)
    return Outcome(claim=claim, ours=tuple(ours), peer=tuple(peer))


HEADER = "| | claim | ours | peer | ratio (least, most) | target | |\n|---|---|---:|---:|---:|---:|---|"


def row(outcome: Outcome) -> str:
    """One line of the table."""
    claim = outcome.claim
    kept = "kept" if outcome.kept else "MISSED"
    if not outcome.peer:
        return (
            f"| {claim.id} | {claim.text} | {outcome.figure:.0f} MiB | | | {claim.target:.0f} MiB | {kept} |"
        )
    ratios = sorted(a.cpu / b.cpu for a, b in zip(outcome.ours, outcome.peer, strict=True))
    ours = statistics.median(usage.cpu for usage in outcome.ours)
    peer = statistics.median(usage.cpu for usage in outcome.peer)
    memory = "" if claim.most_memory is None else f", {outcome.memory:.0f} MiB"
    return (
        f"| {claim.id} | {claim.text} | {ours:.3f} s{memory} | {claim.peer_name} {peer:.3f} s "
        f"| {outcome.figure:.3f} ({ratios[0]:.3f}, {ratios[-1]:.3f}) | {claim.target:.2f} | {kept} |"
    )
