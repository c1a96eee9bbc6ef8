"""Runs files of policy tests, and says which rules none of them touches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from safeload.cli import ALLOWED, DENIED
from safeload.cli._output import write
from safeload.cli._policy import alone, reports
from safeload.core import Level, visible
from safeload.errors import UsageError
from safeload.formats.layout import role_of
from safeload.pipeline import rule_ids
from safeload.pipeline.replay import Recorded, replay, with_values
from safeload.policy.testing import parse_tests
from safeload.scanners import FACT_KINDS
from safeload.sources.policy_files import BUILT_IN, SCHEME, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from safeload.core import Decision
    from safeload.policy.testing import Case

HOME = "policies/tests"
SUFFIX = ".test.toml"


def run(paths: Sequence[str], *, coverage: bool) -> int:
    """Run every case, and print those that fail."""
    known, _ = rule_ids()
    seen: set[str] = set()
    count = failed = 0
    for file in _files(paths or [HOME]):
        cases = parse_tests(
            read_text(str(file)),
            source=visible(str(file)),
            rule_ids=known,
            fact_kinds=FACT_KINDS,
            role_of=role_of,
        )
        for case in cases:
            decision = _decided(case, file.parent)
            seen |= {reason.finding.rule for reason in decision.reasons}
            problems = list(differing(case, decision))
            count += 1
            failed += bool(problems)
            for problem in problems:
                write(f"{case.place}: {visible(case.name)}: {problem}\n", None)
    if coverage:
        missing = sorted(known - seen)
        write(f"{len(known) - len(missing)} of {len(known)} rules were seen\n", None)
        for rule in missing:
            write(f"  not seen: {rule}\n", None)
    write(f"{count} tests, {failed} failed\n", None)
    return DENIED if failed else ALLOWED


def _files(paths: Iterable[str]) -> list[Path]:
    """Files of tests, in order.

    Raises:
        UsageError: there is none.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        found += sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not found:
        raise UsageError(f"there is no *{SUFFIX} in {visible(', '.join(paths))}")
    return found


def _decided(case: Case, folder: Path) -> Decision:
    name = case.policy
    if name.removeprefix(SCHEME) not in BUILT_IN or not name.startswith(SCHEME):
        name = str(folder / name)
    recorded = Recorded(
        subject=case.subject, facts=case.facts, artifacts=case.artifacts, evidence=case.evidence
    )
    if case.report is not None:
        found = reports([str(folder / case.report)])
        if len(found) != 1:
            raise UsageError(f"{case.place}: {visible(case.report)} holds {len(found)} reports")
        recorded = found[0]
    return replay(with_values(recorded, case.values), alone(name), case.now, break_glass=case.break_glass)


def differing(case: Case, decision: Decision) -> Iterator[str]:
    """What was decided otherwise than the case expects."""
    from safeload.cli._policy_commands import verdict_of

    verdict = verdict_of(decision)
    if verdict != case.expect:
        said = ", ".join(sorted({reason.finding.rule for reason in decision.denials})) or "nothing denied"
        yield f"expected {case.expect}, and it is {verdict} ({said})"
    spoken = {reason.finding.rule for reason in decision.reasons if reason.level is not Level.ALLOW}
    for rule in case.rules:
        if rule not in spoken:
            yield f"{rule} neither warns nor denies"
    denied = {reason.finding.rule for reason in decision.denials}
    if case.denied is not None and set(case.denied) != denied:
        yield f"expected exactly {_listed(case.denied)} to deny, and it is {_listed(denied)}"
    waived = {reason.finding.rule for reason in decision.reasons if reason.waiver is not None}
    if case.waived is not None and set(case.waived) != waived:
        yield f"expected exactly {_listed(case.waived)} to be waived, and it is {_listed(waived)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
