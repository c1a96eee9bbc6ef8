"""The only module that sees every stage: source, scanners, rules, provenance, policy.

    audit()   judges everything and reports; nothing is handed out
    admit()   judges, and returns the VerifiedSnapshot or raises PolicyDenied
    amend()   judges again with facts that only the resolver can know

The order, for both:

    1. the policy is read; one that lies inside the audited path is refused
    2. the source opens every file once
    3. weights that will be handed out are copied into sealed memory
    4. each artifact is identified by content and scanned, containers' members in turn
    5. every pickle stream that is not plainly inert goes to the second reader, in isolation
    6. digests are taken over what was judged
    7. facts that need several records are stated; evidence is collected
    8. rules turn facts and evidence into findings, and the policy decides

An exception in a stage ends as a coverage that denies, never as a clean result.
"""

from __future__ import annotations

import functools
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from safeload import discovery
from safeload.core import (
    EVERYTHING,
    AuditReport,
    Fact,
    Location,
    Role,
    Scope,
    Verdict,
    VerifiedSnapshot,
    visible,
)
from safeload.errors import PolicyDenied, UsageError
from safeload.formats.layout import WeightsChoice
from safeload.formats.shard_index import ShardIndex
from safeload.pipeline.examination import Examination, findings_of
from safeload.pipeline.excerpts import excerpts_of
from safeload.pipeline.origin import Origin, find_origin
from safeload.policy.combine import resolve
from safeload.policy.engine import decide
from safeload.policy.schema import Policy
from safeload.record import replace
from safeload.sources.local import LocalSource
from safeload.sources.policy_files import policy_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from safeload.pipeline.examination import Progress
    from safeload.pipeline.origin import FoundOrigin

__all__ = ["Origin", "admit", "amend", "audit", "resolve_policy"]

_HUB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


def audit(
    target: str | Path,
    *,
    policy: Policy | str | Path | None = None,
    quick: bool = False,
    progress: Progress | None = None,
    origin: Origin | None = None,
) -> AuditReport:
    """Judge every file of a checkpoint, and report.

    Args:
        target: a folder or file. A string of the form `org/name` names a Hub repository.
        policy: a Policy, a file, the name of a built-in, or None for the discovered one.
        quick: read interpreted bytes only. The rest ends as NOT_READ, and the report never allows.
        progress: called with path, bytes done and bytes in all while files are digested.
        origin: what the user says about where the checkpoint comes from, to be checked.

    Raises:
        UsageError: the target or the policy cannot be read.
    """
    source, rules, ambiguous = _open(target, policy)
    found: FoundOrigin | None = None
    examination: Examination | None = None
    try:
        found = find_origin(origin or Origin(), source, rules, os.fspath(target))
        examination = Examination(source, rules, quick=quick, origin=found)
        examination.facts.extend(ambiguous)
        examination.scan(source.manifest.entries)
        examination.read_again()
        if not quick:
            examination.digest(source.blobs, progress)
        decision, _ = examination.decide(
            EVERYTHING, frozenset(entry.path for entry in source.manifest.entries)
        )
        excerpts = excerpts_of(decision, examination.streams, source.blobs)
    finally:
        if examination is not None:
            examination.close()
        source.close()
        if found is not None:
            found.close()
    return AuditReport(
        decision=decision,
        manifest=source.manifest,
        facts=tuple(examination.facts),
        explanations=examination.explanations,
        streams=tuple(examination.streams),
        quick=quick,
        rooms=tuple(sorted(examination.rooms)),
        excerpts=excerpts,
    )


def admit(
    target: str | Path,
    *,
    scope: Scope,
    policy: Policy | str | Path | None = None,
    weights: WeightsChoice | None = None,
    origin: Origin | None = None,
) -> VerifiedSnapshot:
    """Judge a checkpoint for one purpose, and hand out what was judged.

    Args:
        target: a folder. A string of the form `org/name` names a Hub repository.
        scope: which roles will be handed out. All structure is judged all the same.
        policy: a Policy, a file, the name of a built-in, or None for the discovered one.
        weights: which weight files are wanted, where the scope includes weights.
        origin: what the user says about where the checkpoint comes from, to be checked.

    Raises:
        PolicyDenied: the policy refuses; the exception carries the decision.
        UsageError: the target or the policy cannot be read.
    """
    source, rules, ambiguous = _open(target, policy)
    found: FoundOrigin | None = None
    examination: Examination | None = None
    try:
        found = find_origin(origin or Origin(), source, rules, os.fspath(target))
        examination = Examination(source, rules, quick=False, origin=found)
        examination.facts.extend(ambiguous)
        entries = source.manifest.entries
        examination.scan([entry for entry in entries if entry.role is Role.INDEX])
        handed_out = frozenset(
            entry.path for entry in entries if entry.role in scope.roles and entry.role is not Role.WEIGHTS
        )
        if Role.WEIGHTS in scope.roles:
            chosen, index = _choose(weights or WeightsChoice(), source, examination.records)
            others = {entry.path for entry in entries if entry.role is Role.INDEX} - {index}
            handed_out = handed_out - others | chosen
            examination.seal(chosen)
        examination.scan([entry for entry in entries if entry.role is not Role.INDEX])
        examination.read_again()
        examination.digest(handed_out)
        decision, findings = examination.decide(scope, handed_out)
        if decision.verdict is Verdict.ALLOW and examination.confirm(
            [entry for entry in entries if entry.path in handed_out]
        ):
            decision, findings = examination.decide(scope, handed_out)
    except BaseException:
        source.close()
        raise
    finally:
        if examination is not None:
            examination.close()
        if found is not None:
            found.close()
    if decision.verdict is not Verdict.ALLOW:
        # sealed weights are given back too: who catches the exception keeps these frames alive
        source.close()
        raise PolicyDenied(decision)
    source.close_files()
    return VerifiedSnapshot(
        decision=decision,
        manifest=source.manifest,
        findings=findings,
        _judged=examination.judged(handed_out),
        _policy=rules,
    )


def amend(snapshot: VerifiedSnapshot, facts: Iterable[Fact]) -> VerifiedSnapshot:
    """Decide again with facts that only the load itself brings up, such as a new head.

    Raises:
        PolicyDenied: the policy refuses them.
    """
    policy: Policy = snapshot._policy  # type: ignore[assignment]  # noqa: SLF001 - opaque to core, ours here
    added = tuple(facts)
    findings = (*snapshot.findings, *findings_of(added, ()))
    old = snapshot.decision
    decision = decide(
        policy,
        subject=old.subject,
        scope=old.scope,
        findings=findings,
        artifacts=old.artifacts,
        evidence=old.evidence,
        handed_out=frozenset(path for path in snapshot.paths if snapshot.hands_out(path)),
    )
    if decision.verdict is not Verdict.ALLOW:
        raise PolicyDenied(decision)
    return replace(snapshot, decision=decision, findings=findings)


def resolve_policy(policy: Policy | str | Path | None = None, *, audited: str | Path | None = None) -> Policy:
    """The policy that applies: the named or discovered one, tightened by the organisation's.

    Args:
        policy: a Policy, a file, the name of a built-in, or None for the discovered one.
        audited: the path under audit, in which no policy may lie.

    Raises:
        UsageError: a policy cannot be read, has mistakes, or lies inside the audited path.
    """
    if isinstance(policy, Policy):
        return policy
    if policy is not None and not isinstance(policy, str | os.PathLike):
        raise UsageError(f"policy= takes a Policy, a file or the name of a built-in, not {policy!r}")
    known, unwaivable = _rule_ids()
    return resolve(policy_texts(policy, audited=audited), rule_ids=known, unwaivable=unwaivable)


@functools.cache
def _rule_ids() -> tuple[frozenset[str], frozenset[str]]:
    """Every rule that exists, and those among them that nobody can waive."""
    rules = [module.RULE for module in discovery.modules("safeload.rules")]
    return frozenset(rule.id for rule in rules), frozenset(rule.id for rule in rules if not rule.waivable)


class _Opened(NamedTuple):
    source: LocalSource
    policy: Policy
    facts: tuple[Fact, ...]


def _open(target: str | Path, policy: Policy | str | Path | None) -> _Opened:
    """Steps 1 and 2.

    Raises:
        UsageError: the target or the policy cannot be read.
    """
    facts: tuple[Fact, ...] = ()
    if not isinstance(target, str | os.PathLike) or not os.fspath(target) or "\0" in os.fspath(target):
        raise UsageError(f"{visible(repr(target))} is not the path of a checkpoint")
    if isinstance(target, str):
        if target.startswith("hf:"):
            raise UsageError(f"{visible(target)}: this version reads local folders only; download it first")
        if _HUB_NAME.match(target):
            if not os.path.exists(target):  # noqa: PTH110 - pathlib would be a twentieth of the start
                raise UsageError(
                    f"{visible(target)} names a Hub repository, and this version reads local folders only: "
                    f"fetch it with `hf download {visible(target)} --local-dir DIR`, and give DIR"
                )
            if not os.path.isfile(target):  # noqa: PTH113 - as above; a Hub repository is no file
                place = Location(artifact=target)
                facts = (Fact(kind="source.ambiguous", location=place, data={"name": target}),)
    resolved = resolve_policy(policy, audited=target)
    return _Opened(LocalSource(target, resolved.limits), resolved, facts)


def _choose(
    choice: WeightsChoice, source: LocalSource, records: Mapping[str, object]
) -> tuple[frozenset[str], str | None]:
    """The weight files that a load would read, and the index that names them.

    The first candidate that is there is the choice, also where it cannot be read: a dangling link or a
    broken index must not bring up other weights instead.
    """
    there = {entry.path for entry in source.manifest.entries}
    for name in choice.candidates():
        record = records.get(name)
        if isinstance(record, ShardIndex):
            return frozenset(there.intersection(record.shards)), name
        if name in there:
            return frozenset({name}), name
    return frozenset(), None
