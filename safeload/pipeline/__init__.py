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
import time
from typing import TYPE_CHECKING, NamedTuple

from safeload import discovery
from safeload.core import (
    EVERYTHING,
    AuditReport,
    Fact,
    Level,
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
from safeload.pipeline.terms import Circumstances, hub_facts
from safeload.policy.combine import resolve
from safeload.policy.engine import decide
from safeload.policy.schema import Policy
from safeload.record import replace
from safeload.sources.environment import weakened
from safeload.sources.hub_name import SCHEME, is_hub_name, parse_hub_name
from safeload.sources.local import LocalSource
from safeload.sources.policy_files import parent_text, policy_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from safeload.core import Decision
    from safeload.pipeline.examination import Progress
    from safeload.pipeline.held import Hold
    from safeload.pipeline.origin import FoundOrigin
    from safeload.sources import Source
    from safeload.sources.hub import HubSource
    from safeload.sources.hub_api import HubAccess
    from safeload.sources.lock_files import LockFile

__all__ = ["Origin", "admit", "amend", "audit", "resolve_policy", "rule_ids"]


def audit(
    target: str | Path,
    *,
    policy: Policy | str | Path | None = None,
    quick: bool = False,
    progress: Progress | None = None,
    origin: Origin | None = None,
    hub: HubAccess | None = None,
    lock: str | Path | LockFile | None = None,
    break_glass: str | None = None,
    locking: bool = False,
) -> AuditReport:
    """Judge every file of a checkpoint, and report.

    Args:
        target: a folder or file. A string `hf:org/name`, `hf:org/name@revision` or `org/name` names a
            repository of the Hub, of which every file is downloaded into the cache.
        policy: a Policy, a file, the name of a built-in, or None for the discovered one.
        quick: read interpreted bytes only. The rest ends as NOT_READ, and the report never allows.
        progress: called with path, bytes done and bytes in all while files are digested.
        origin: what the user says about where the checkpoint comes from, to be checked.
        hub: how a Hub is reached: revision, token, cache folder, endpoint, offline.
        lock: a lock file that has to hold the checkpoint, as it is.
        break_glass: why denials are to be overruled, where the policy permits that; recorded as a finding.
        locking: whether the commit is about to be written into a lock, which pins it.

    Raises:
        UsageError: the target, the policy or the lock cannot be read.
    """
    hold = _hold(lock, target, hub)
    circumstances = replace(_circumstances(break_glass), locking=locking)
    opened = _open(target, policy, origin or Origin(), hub, hold, circumstances=circumstances)
    source, rules, ambiguous, found, circumstances = opened
    examination: Examination | None = None
    try:
        refused = _prepare(opened, EVERYTHING, whole=not quick)
        if refused is not None:
            return AuditReport(
                decision=refused,
                manifest=source.manifest,
                facts=(*ambiguous, *source.facts),
                explanations={},
                quick=quick,
                lock=None if hold is None else hold.file.lock.source,
                lock_lines={} if hold is None else hold.lines,
            )
        examination = Examination(source, rules, quick=quick, origin=found, circumstances=circumstances)
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
        lock=None if hold is None else hold.file.lock.source,
        lock_lines={} if hold is None else hold.lines,
    )


def admit(
    target: str | Path,
    *,
    scope: Scope,
    policy: Policy | str | Path | None = None,
    weights: WeightsChoice | None = None,
    origin: Origin | None = None,
    hub: HubAccess | None = None,
    lock: str | Path | LockFile | None = None,
    break_glass: str | None = None,
) -> VerifiedSnapshot:
    """Judge a checkpoint for one purpose, and hand out what was judged.

    Args:
        target: a folder. A string `hf:org/name`, `hf:org/name@revision` or `org/name` names a repository
            of the Hub, of which the files that are handed out are downloaded into the cache.
        scope: which roles will be handed out. All structure is judged all the same.
        policy: a Policy, a file, the name of a built-in, or None for the discovered one.
        weights: which weight files are wanted, where the scope includes weights.
        origin: what the user says about where the checkpoint comes from, to be checked.
        hub: how a Hub is reached: revision, token, cache folder, endpoint, offline.
        lock: a lock file that has to hold the checkpoint, as far as the scope hands it out.
        break_glass: why denials are to be overruled, where the policy permits that; recorded as a finding.

    Raises:
        PolicyDenied: the policy refuses; the exception carries the decision.
        UsageError: the target, the policy or the lock cannot be read.
    """
    hold = _hold(lock, target, hub)
    opened = _open(target, policy, origin or Origin(), hub, hold, circumstances=_circumstances(break_glass))
    source, rules, _, found, circumstances = opened
    examination: Examination | None = None
    try:
        # a waiver names the digest of what it was given for, or that of the whole snapshot
        waivers = any(part.waivers for part in rules.alone) and _concern(rules, source)
        strict = rules.outside_scope.level is Level.DENY or rules.isolation == "all" or waivers
        _demand(_prepare(opened, scope, whole=strict))
        examination = _begin(opened)
        handed_out, chosen = _wanted(scope, weights, opened, examination.records)
        if not isinstance(source, LocalSource) and handed_out & source.remote:
            _download(opened, scope, handed_out)
            examination = _begin(opened)
        examination.seal(chosen)
        entries = source.manifest.entries
        examination.scan([entry for entry in entries if entry.role is not Role.INDEX])
        examination.read_again()
        examination.digest(source.blobs if waivers else handed_out)
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
        _policy=(rules, circumstances),
    )


def amend(snapshot: VerifiedSnapshot, facts: Iterable[Fact]) -> VerifiedSnapshot:
    """Decide again with facts that only the load itself brings up, such as a new head.

    Raises:
        PolicyDenied: the policy refuses them.
    """
    ruling: tuple[Policy, Circumstances] = snapshot._policy  # type: ignore[assignment]  # noqa: SLF001 - opaque to core, ours here
    policy, circumstances = ruling
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
        now=circumstances.now,
        break_glass=circumstances.break_glass,
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
    known, unwaivable = rule_ids()
    return resolve(
        policy_texts(policy, audited=audited),
        rule_ids=known,
        unwaivable=unwaivable,
        fetch=functools.partial(parent_text, audited=audited),
    )


@functools.cache
def rule_ids() -> tuple[frozenset[str], frozenset[str]]:
    """Every rule that exists, and those among them that nobody can waive."""
    rules = [module.RULE for module in discovery.modules("safeload.rules")]
    return frozenset(rule.id for rule in rules), frozenset(rule.id for rule in rules if not rule.waivable)


class _Opened(NamedTuple):
    source: LocalSource | HubSource
    policy: Policy
    facts: tuple[Fact, ...]
    origin: FoundOrigin
    circumstances: Circumstances


def _circumstances(break_glass: str | None) -> Circumstances:
    """The instant, and the reason where there is one.

    Raises:
        UsageError: the reason says nothing.
    """
    if break_glass is not None and not break_glass.strip():
        raise UsageError("break-glass needs a reason, which is recorded")
    return Circumstances(now=time.time(), break_glass=break_glass)


def _concern(policy: Policy, source: Source) -> bool:
    # most policies have no waiver
    from safeload.policy.waivers import concern

    return concern(policy, source.manifest.uri)


def _policy_for(policy: Policy, subject: str, origin: Origin) -> Policy:
    if not any(part.overrides for part in policy.alone):
        return policy
    from safeload.policy.overrides import for_subject

    return for_subject(policy, subject, claimed=origin.repository)


def _hold(lock: str | Path | LockFile | None, target: str | Path, hub: HubAccess | None) -> Hold | None:
    """The entry of a lock that the target is held to, where there is a lock.

    Raises:
        UsageError: the lock cannot be read, or contradicts what was asked for.
    """
    if lock is None:
        return None
    # most loads have none
    from safeload.pipeline.held import find_hold

    _check_target(target)
    return find_hold(lock, target, None if hub is None else hub.revision)


def _check_target(target: object) -> None:
    if not isinstance(target, str | os.PathLike) or not os.fspath(target) or "\0" in os.fspath(target):
        raise UsageError(f"{visible(repr(target))} is not the path of a checkpoint")


def _open(
    target: str | Path,
    policy: Policy | str | Path | None,
    origin: Origin,
    hub: HubAccess | None,
    hold: Hold | None,
    *,
    circumstances: Circumstances,
) -> _Opened:
    """Steps 1 and 2, at the locked commit where there is a lock.

    Raises:
        UsageError: the target or the policy cannot be read.
    """
    if hold is None:
        return _open_target(target, policy, origin, hub, circumstances)
    circumstances = replace(circumstances, held=hold.subject is not None)
    opened = _open_target(hold.target, policy, origin, hub, circumstances)
    return opened._replace(origin=hold.applied_to(opened.origin, opened.policy))


def _open_target(
    target: str | Path,
    policy: Policy | str | Path | None,
    origin: Origin,
    hub: HubAccess | None,
    circumstances: Circumstances,
) -> _Opened:
    facts: tuple[Fact, ...] = ()
    _check_target(target)
    if isinstance(target, str) and (target.startswith(SCHEME) or is_hub_name(target)):
        if target.startswith(SCHEME) or not os.path.exists(target):  # noqa: PTH110 - starts without pathlib
            return _open_hub(target, policy, origin, hub, circumstances)
        if not os.path.isfile(target):  # noqa: PTH113 - as above; a Hub repository is no file
            place = Location(artifact=target)
            facts = (Fact(kind="source.ambiguous", location=place, data={"name": target}),)
    if hub is not None and hub.revision not in (None, "main"):
        raise UsageError(f"revision={visible(hub.revision)}: a local folder has no revisions")
    resolved = resolve_policy(policy, audited=target)
    uri = f"file:{os.path.realpath(target)}"
    resolved = _policy_for(resolved, uri, origin)
    source = LocalSource(target, resolved.limits)
    facts += tuple(weakened(os.environ, uri))
    try:
        found = find_origin(origin, source, resolved, os.fspath(target))
        return _Opened(source, resolved, facts, found, circumstances)
    except BaseException:
        source.close()
        raise


def _open_hub(
    target: str,
    policy: Policy | str | Path | None,
    origin: Origin,
    hub: HubAccess | None,
    circumstances: Circumstances,
) -> _Opened:
    """Steps 1 and 2 for a repository of the Hub: it is resolved and listed, and nothing of it fetched."""
    from safeload.pipeline.origin import find_hub_origin
    from safeload.sources.hub import HubSource
    from safeload.sources.hub_api import HubAccess

    name = parse_hub_name(target)
    resolved = _policy_for(resolve_policy(policy), f"hf:{name.repository}", Origin())
    source = HubSource(name, hub or HubAccess(), resolved.limits)
    facts = (*hub_facts(source), *weakened(os.environ, source.manifest.uri))
    try:
        if os.path.isdir(source.root):  # noqa: PTH112 - starts without pathlib
            # no policy may lie among the files that it judges, wherever these are kept
            resolve_policy(policy, audited=source.root)
        return _Opened(source, resolved, facts, find_hub_origin(origin, source, resolved), circumstances)
    except BaseException:
        source.close()
        raise


def _prepare(opened: _Opened, scope: Scope, *, whole: bool) -> Decision | None:
    """Bring files of a Hub here, unless names and origin alone deny them: then that decision.

    Args:
        opened: the source and what is known of it.
        scope: what is asked for.
        whole: whether every file is needed, or the small ones and ranges of the others.
    """
    source, rules, facts, found, circumstances = opened
    if isinstance(source, LocalSource):
        return None
    from safeload.pipeline.remote import refused_by_origin

    refused = refused_by_origin(source, rules, found, facts, scope=scope, circumstances=circumstances)
    if refused is None:
        source.fetch(source.remote if whole else source.small)
    return refused


def _begin(opened: _Opened) -> Examination:
    """An examination that knows the shard indexes."""
    source, rules, facts, found, circumstances = opened
    examination = Examination(source, rules, quick=False, origin=found, circumstances=circumstances)
    examination.facts.extend(facts)
    examination.scan([entry for entry in source.manifest.entries if entry.role is Role.INDEX])
    return examination


def _download(opened: _Opened, scope: Scope, handed_out: frozenset[str]) -> None:
    """Bring here what will be handed out, unless what ranges of it show denies it.

    Raises:
        PolicyDenied: they do.
    """
    from safeload.pipeline.remote import refused_by_structure

    source, rules, facts, found, circumstances = opened
    assert not isinstance(source, LocalSource)  # noqa: S101 - for the type checker
    refused = refused_by_structure(
        source, rules, found, facts, scope=scope, handed_out=handed_out, circumstances=circumstances
    )
    _demand(refused)
    source.fetch(handed_out)


def _demand(refused: Decision | None) -> None:
    """Raise where there is a decision already.

    Raises:
        PolicyDenied: there is.
    """
    if refused is not None:
        raise PolicyDenied(refused)


def _wanted(
    scope: Scope, weights: WeightsChoice | None, opened: _Opened, records: Mapping[str, object]
) -> tuple[frozenset[str], frozenset[str]]:
    """Paths that the load will receive, and those among them that are weights."""
    source = opened.source
    entries = source.manifest.entries
    handed_out = frozenset(
        entry.path
        for entry in entries
        if (entry.role in scope.roles and entry.role is not Role.WEIGHTS) or entry.path in scope.files
    )
    if Role.WEIGHTS not in scope.roles:
        return handed_out, frozenset()
    candidates = (weights or WeightsChoice()).candidates(opened.policy.prefer)
    chosen, index = _choose(candidates, source, records)
    others = {entry.path for entry in entries if entry.role is Role.INDEX} - {index}
    return handed_out - others | chosen, chosen


def _choose(
    candidates: tuple[str, ...], source: Source, records: Mapping[str, object]
) -> tuple[frozenset[str], str | None]:
    """The weight files that a load would read, and the index that names them.

    The first candidate that is there is the choice, also where it cannot be read: a dangling link or a
    broken index must not bring up other weights instead.
    """
    there = {entry.path for entry in source.manifest.entries}
    for name in candidates:
        record = records.get(name)
        if isinstance(record, ShardIndex):
            return frozenset(there.intersection(record.shards)), name
        if name in there:
            return frozenset({name}), name
    return frozenset(), None
