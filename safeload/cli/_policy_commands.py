"""What the commands of `safeload policy` do."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.cli import ALLOWED, DENIED, FAILED, complain
from safeload.cli._output import write
from safeload.cli._policy import (
    alone,
    next_id,
    reports,
    resolved,
    text_of,
    today,
    without,
    written,
)
from safeload.core import Level, Verdict, shown, visible
from safeload.errors import UsageError
from safeload.pipeline import resolve_policy, rule_ids
from safeload.pipeline.replay import NOT_REPLAYED, of_report, replay
from safeload.policy.keys import NEVER_WAIVED, catalogue
from safeload.policy.schema import PolicyInvalid
from safeload.policy.waivers import bound_to
from safeload.sources.policy_files import BUILT_IN, SCHEME, policy_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safeload.core import Decision, Finding
    from safeload.pipeline.replay import Recorded
    from safeload.policy.entries import Entry
    from safeload.policy.schema import Policy
    from safeload.sources.policy_files import PolicyText


def check(files: Sequence[str]) -> int:
    """Tell every mistake of every policy."""
    from safeload.policy.model import accepts

    code = ALLOWED
    texts = [text_of(name) for name in files] or list(policy_texts())
    for text in texts:
        try:
            policy = resolved([text])
            problems = [*_trust_problems(policy)]
            # the reader has found nothing, so neither does the schema, unless one of them is wrong
            problems += [
                f"{text.source}: the schema disagrees: {said}" for said in accepts(text.text, *rule_ids())
            ]
        except PolicyInvalid as error:
            problems = list(error.problems)
        for problem in problems:
            complain(problem)
        if problems:
            code = FAILED
            continue
        waivers = sum(len(part.waivers) for part in policy.alone)
        rest = f", {waivers} waiver{'' if waivers == 1 else 's'}" if waivers else ""
        write(f"{visible(text.source)}: {visible(policy.name)} ({policy.digest}{rest})\n", None)
    return code


def _trust_problems(policy: Policy) -> Iterable[str]:
    """What is wrong with the trust store that a policy names, and with the names of its keys."""
    entry = policy.entries.get("provenance.keys")
    if policy.trust_store_path is None:
        if entry is not None:
            yield f"{entry.place}: [provenance] keys names keys of no trust store"
        return
    from safeload.cli._trust import load

    try:
        store = load(policy.trust_store_path)
    except UsageError as error:
        yield from str(error).splitlines()
        return
    names = {key.name for key in store.keys}
    for name in sorted((policy.keys or frozenset()) - names):
        place = entry.place if entry is not None else policy.source
        yield f"{place}: the trust store has no key {visible(name)}"


def test(paths: Sequence[str], *, coverage: bool) -> int:
    """Run files of tests."""
    from safeload.cli._policy_tests import run

    return run(paths, coverage=coverage)


def explain(name: str, named: str | None, subject: str | None) -> None:
    """Show one value and the lines behind it."""
    keys = catalogue(*rule_ids())
    key = keys.get(name) or keys.get(f"rules.{name}")
    if key is None:
        from safeload.formats.toml_reader import unknown_word

        known = {*keys, *(full.removeprefix("rules.") for full in keys if full.startswith("rules."))}
        raise UsageError(unknown_word("rule or key", name, known))
    policy = resolve_policy(named)
    if subject is not None:
        from safeload.policy.overrides import for_subject

        policy = for_subject(policy, _subject(subject))
    lines = []
    if key.name.startswith("rules."):
        setting = policy.setting(key.name.removeprefix("rules."))
        lines.append(f"{key.name} = {setting.level.value}, set by {visible(setting.set_by)}")
    from safeload.policy.extends import shown_value

    for part in policy.alone:
        entry: Entry | None = part.entries.get(key.name)
        if entry is None:
            lines.append(f"{visible(part.source)} leaves {key.name} out: {shown_value(key.absent)}")
        elif not key.name.startswith("rules.") or len(policy.alone) > 1:
            lines.append(f"{key.name} = {shown_value(entry.value)}, set by {visible(entry.place)}")
        while entry is not None and entry.over is not None:
            entry = entry.over
            lines.append(f"  in place of {shown_value(entry.value)}, set by {visible(entry.place)}")
    if len(policy.alone) > 1 and not key.name.startswith("rules."):
        lines.append("of several policies the strictest value holds")
    lines.append(key.doc)
    write("\n".join(lines) + "\n", None)


def _subject(text: str) -> str:
    """A source as manifests name it."""
    from safeload.sources.hub_name import is_hub_name

    if text.startswith(("hf:", "file:")):
        return text
    return f"hf:{text}" if is_hub_name(text) and not Path(text).exists() else f"file:{Path(text).resolve()}"


def diff(first: str, second: str, facts: Sequence[str], lock: str | None, *, fail_on_loosened: bool) -> int:
    """Show differences and replay what was recorded."""
    from safeload.policy.differences import LOOSENED, differences

    old, new = alone(first), alone(second)
    keys = catalogue(*rule_ids())
    found = differences(old, new, keys)
    lines = [
        f"{item.direction:<9}  {visible(item.key)}: {item.old} -> {item.new} ({visible(item.place)})"
        for item in found
    ] or ["no difference in what the policies mean"]
    counts = {
        word: sum(item.direction == word for item in found) for word in ("tightened", "loosened", "changed")
    }
    lines.append(", ".join(f"{count} {word}" for word, count in counts.items()))
    unreplayed = [
        item.key
        for item in found
        if any(item.key == name or item.key.startswith(f"{name}.") for name in NOT_REPLAYED)
    ]
    recorded = [*(reports(facts) if facts else ()), *(_locked(lock, old) if lock is not None else ())]
    if recorded:
        lines += ["", *_replayed(old, new, recorded)]
        if unreplayed:
            lines.append(f"not replayed, since they change what is read: {', '.join(unreplayed)}")
    write("\n".join(lines) + "\n", None)
    return DENIED if fail_on_loosened and counts[LOOSENED] else ALLOWED


def _locked(lock: str, policy: Policy) -> Iterable[Recorded]:
    """Every subject of a lock, as its files are on this machine.

    Raises:
        UsageError: one of them cannot be read.
    """
    from safeload.cli._subjects import audit_subject, read_lock_of, subjects_of

    held = read_lock_of(lock, locked=True)
    for subject in subjects_of((), held, {}):
        yield of_report(audit_subject(subject, policy, quick=False, offline=True, lock=held))


def _replayed(old: Policy, new: Policy, recorded: Sequence[Recorded]) -> Iterable[str]:
    """Which verdicts change, with what is behind it."""
    now = time.time()
    moves: dict[tuple[str, str], int] = {}
    for item in recorded:
        before, after = replay(item, old, now), replay(item, new, now)
        if before.headline == after.headline:
            continue
        move = (before.headline, after.headline)
        moves[move] = moves.get(move, 0) + 1
        yield f"{shown(item.subject)}: {before.headline} -> {after.headline}"
        for line in sorted(_denying(after) ^ _denying(before)):
            yield f"  {line}"
    for (one, other), count in sorted(moves.items()):
        yield f"{count} of {len(recorded)} recorded go {one} -> {other}"
    if not moves:
        yield f"0 of {len(recorded)} recorded verdicts change"


def _denying(decision: Decision) -> set[str]:
    return {f"{reason.finding.rule} ({visible(reason.set_by)})" for reason in decision.denials}


def init(facts: Sequence[str], base: str, *, owner: str, reason: str, days: int, output: str | None) -> None:
    """Write a baseline."""
    name = base.removeprefix(SCHEME)
    if name not in BUILT_IN:
        raise UsageError(f"--extends {visible(base)} is none of {', '.join(BUILT_IN)}")
    policy, recorded = alone(name), reports(facts)
    texts: dict[tuple[str, str, str], str] = {}
    left: list[str] = []
    for item in recorded:
        for denial in replay(item, policy, time.time()).denials:
            finding = denial.finding
            sha256 = _digest(item, finding)
            if sha256 is None:
                where = f"{shown(item.subject)}: {shown(str(finding.location))}"
                left.append(f"# cannot be waived: {finding.rule} in {where}")
                continue
            note = str(finding.location) if finding.location.artifact != item.subject else ""
            key = (finding.rule, item.subject, sha256)
            identity = f"W-{len(texts) + 1:04}"
            if key not in texts:
                texts[key] = _waiver(identity, key, note=note, owner=owner, reason=reason, days=days)
    head = [
        f"# Written by `safeload policy init` on {today()} from {len(recorded)} recorded reports: what was",
        "# denied then is waived below, for the files as they are. Take one after the other out again.",
        *dict.fromkeys(left),
        "",
        "schema = 1",
        'name = "baseline"',
        f'extends = ["{SCHEME}{name}"]',
        "",
        "[waivers]",
        f"max-days = {max(1, min(days, 366))}",
    ]
    text = "\n".join(head) + "\n" + "".join(texts.values())
    _parsed(text, output or "baseline.toml")
    write(text, output)


def _waiver(
    identity: str, key: tuple[str, str, str], *, note: str, owner: str, reason: str, days: int
) -> str:
    rule, subject, sha256 = key
    start = today()
    values = {
        "id": identity,
        "rule": rule,
        "subject": subject,
        "sha256": sha256,
        "reason": reason,
        "owner": owner,
        "created": start.isoformat(),
        "expires": (start + dt.timedelta(days=max(0, min(days, 3_660)))).isoformat(),
    }
    return written(values, note)


def _digest(recorded: Recorded, finding: Finding) -> str | None:
    """What a waiver of the finding has to name, or None where there can be none."""
    if not finding.waivable or finding.rule in NEVER_WAIVED:
        return None
    return bound_to(finding.rule, finding.location.artifact, recorded.artifacts)


def _parsed(text: str, source: str, folder: str | None = None) -> Policy:
    """A text that we wrote, read again before it is kept.

    Raises:
        UsageError: it has mistakes, such as an owner without a name.
    """
    from safeload.sources.policy_files import PolicyText

    return resolved([PolicyText(text, source, folder if folder is not None else "")])


def waive(
    file: str,
    facts: Sequence[str],
    rule: str,
    artifact: str | None,
    subject: str | None,
    *,
    reason: str,
    owner: str,
    days: int,
) -> None:
    """Add waivers for the findings of a rule."""
    known, unwaivable = rule_ids()
    if rule not in known:
        from safeload.formats.toml_reader import unknown_word

        raise UsageError(unknown_word("rule", rule, known))
    if rule in unwaivable or rule in NEVER_WAIVED:
        raise UsageError(f"nobody can waive {rule}")
    policy, text = _editable(file)
    added: dict[tuple[str, str, str], str] = {}
    taken: list[str] = []
    undigested = 0
    for item in reports(facts):
        for finding in _findings(item, policy, rule):
            if artifact is not None and finding.location.artifact != artifact:
                continue
            sha256 = _digest(item, finding)
            if sha256 is None:
                undigested += 1
                continue
            key = (rule, subject or item.subject, sha256)
            if key not in added:
                identity = next_id(policy, taken)
                taken.append(identity)
                note = str(finding.location) if finding.location.artifact != item.subject else ""
                added[key] = _waiver(identity, key, note=note, owner=owner, reason=reason, days=days)
    if not added:
        why = "was not digested: audit it without --quick" if undigested else "was not found in the reports"
        raise UsageError(f"{rule}{f' in {visible(artifact)}' if artifact else ''} {why}")
    changed = text.text.rstrip("\n") + "\n" + "".join(added.values())
    _parsed(changed, text.source, text.folder)
    write(changed, file)
    write(f"added {len(added)} waiver{'' if len(added) == 1 else 's'} of {rule} to {visible(file)}\n", None)


def _findings(item: Recorded, policy: Policy, rule: str) -> list[Finding]:
    return [
        reason.finding for reason in replay(item, policy, time.time()).reasons if reason.finding.rule == rule
    ]


def _editable(file: str) -> tuple[Policy, PolicyText]:
    """A policy file that we may write to.

    Raises:
        UsageError: it is a built-in, or has mistakes.
    """
    if file.removeprefix(SCHEME) in BUILT_IN:
        raise UsageError(
            f"{file} is built in: write a policy that extends {SCHEME}{file.removeprefix(SCHEME)}"
        )
    text = text_of(file)
    return resolved([text]), text


def prune(file: str, facts: Sequence[str], *, only_check: bool) -> int:
    """Take out what has ended or matches nothing."""
    policy, text = _editable(file)
    own = [item for item in policy.waivers if item.place.rpartition(":")[0] == text.source]
    day = today().isoformat()
    gone = {item.waiver.id: f"ended on {item.waiver.expires}" for item in own if item.waiver.expires < day}
    if facts:
        gone |= {name: why for name, why in _unused(policy, reports(facts)).items() if name not in gone}
        ids = {item.waiver.id for item in own}
        gone = {name: why for name, why in gone.items() if name in ids}
    for name, why in gone.items():
        write(f"{visible(name)}: {why}\n", None)
    if gone and not only_check:
        changed = without(text.text, frozenset(gone))
        again = _parsed(changed, text.source, text.folder)
        if len(again.waivers) != len(policy.waivers) - len(gone):
            raise UsageError(
                f"{visible(file)} is written in a way that cannot be edited: take them out by hand"
            )
        write(changed, file)
    write(f"{len(gone)} of {len(own)} waivers {'to take out' if only_check else 'taken out'}\n", None)
    return DENIED if gone and only_check else ALLOWED


def _unused(policy: Policy, recorded: Sequence[Recorded]) -> dict[str, str]:
    """Waivers that some report is about and none needs."""
    used: set[str] = set()
    idle: set[str] = set()
    for item in recorded:
        for reason in replay(item, policy, time.time()).reasons:
            if reason.waiver is not None:
                used.add(reason.waiver.id)
            elif reason.finding.rule == "waiver.unused":
                idle.add(reason.finding.message.partition("waiver ")[2].partition(" of ")[0])
    return dict.fromkeys(sorted(idle - used), "matches nothing in the reports")


def schema() -> None:
    """Print the JSON schema."""
    write(schema_text(), None)


def schema_text() -> str:
    """The JSON schema as policies/policy.schema.json has it."""
    import json

    from safeload.policy.model import json_schema

    return json.dumps(json_schema(*rule_ids()), indent=2) + "\n"


def verdict_of(decision: Decision) -> str:
    """A decision in one word of policy tests."""
    if decision.verdict is Verdict.DENY:
        return "inconclusive" if decision.inconclusive else "deny"
    warned = any(reason.level is Level.WARN for reason in decision.reasons)
    return "warn" if warned else "allow"
