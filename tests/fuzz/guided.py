"""The fuzz targets under libFuzzer: `make fuzz-guided`, or `python -m tests.fuzz.guided --target hdf5_file`.

Coverage of the parsers steers the mutation (https://github.com/google/atheris). Each target runs in a
process of its own, which libFuzzer ends itself; it starts from the target's seeds, and what it finds
stays in .bench/fuzz/corpus/<target>/ for the next time. Input that breaks an invariant is written to
.bench/fuzz/, for `python -m tests.fuzz.run --replay`.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys

from tests.fuzz.run import CRASHES, TARGETS, Count, load, one

MOST_BYTES = 1 << 14
EVERY = 1_000


def guide(name: str, seconds: int, most: int) -> None:
    """Run one target in this process. libFuzzer ends it at once, so the count is written as it grows."""
    import atheris

    with atheris.instrument_imports(include=["safeload"]):
        target = load(name)
    ran = Count()
    corpus = CRASHES / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for data in target.seeds():
        one(target, data)
        (corpus / hashlib.sha256(data).hexdigest()).write_bytes(data)

    def run_one(data: bytes) -> None:
        ran.deep += one(target, data)
        ran.ran += 1
        if ran.ran % EVERY == 0:
            (CRASHES / f"{name}.count").write_text(f"{ran.ran} {ran.deep}")

    options = [f"-max_total_time={seconds}", f"-runs={most}", f"-max_len={MOST_BYTES}"]
    options += ["-rss_limit_mb=2048", "-timeout=20", "-print_final_stats=0", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={CRASHES}/{name}-", str(corpus)], run_one)
    atheris.Fuzz()


def main() -> int:
    """Run the chosen targets, one process after the other."""
    parser = argparse.ArgumentParser(description="let coverage steer the mutation of the seeds")
    parser.add_argument("--seconds", type=int, default=60, help="per target")
    parser.add_argument("--inputs", type=int, default=-1, help="per target, if they come first")
    parser.add_argument("--target", choices=TARGETS, nargs="+", default=list(TARGETS))
    parser.add_argument("--here", action="store_true", help="run the first target in this very process")
    options = parser.parse_args()
    if options.here:
        guide(options.target[0], options.seconds, options.inputs)
        return 0
    broken = []
    for name in options.target:
        command = [sys.executable, "-m", "tests.fuzz.guided", "--here", "--target", name]
        command += ["--seconds", str(options.seconds), "--inputs", str(options.inputs)]
        if subprocess.run(command, check=False).returncode != 0:
            broken.append(name)
        ran, deep = map(int, (CRASHES / f"{name}.count").read_text().split())
        print(
            f"{name}: {ran} inputs guided by coverage, {100 * deep / ran:.0f} % past the header", flush=True
        )
    print(f"broken: {', '.join(broken) or 'none'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
