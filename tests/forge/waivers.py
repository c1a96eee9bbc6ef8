"""Policies with waivers, and what is decided under them at some instant."""

from __future__ import annotations

import datetime as dt

from safeload.core import EVERYTHING, Digest
from safeload.policy.engine import decide
from safeload.record import replace
from tests.forge.findings import artifact, finding
from tests.forge.policies import parse

SHA = "ab" * 32
OTHER = "cd" * 32
BASE = 'schema = 1\n[formats]\nallow = ["safetensors"]\n'


def waiver(**changes):
    """The text of a waiver of pickle.unlisted-global in model.bin of /model, for January and February."""
    values = {
        "id": "W-1", "rule": "pickle.unlisted-global", "subject": "file:/model", "sha256": SHA,
        "reason": "reviewed by hand", "owner": "ml@acme.example",
        "created": "2026-01-10", "expires": "2026-02-28",
    } | changes  # fmt: skip
    days = ("created", "expires")
    lines = [
        f"{key} = {value}" if key in days else f'{key} = "{value}"'
        for key, value in values.items()
        if value is not None
    ]
    return "\n".join(["[[waiver]]", *lines, ""])


def at(day):
    """Seconds since 1970 of noon on a day, in UTC."""
    return dt.datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()


def judge(policy, *, day="2026-01-15", findings=None, sha=SHA, subject="file:/model", **more):
    """The decision about one digested file."""
    file = replace(artifact(), digest=Digest(hex=sha))
    options = {"artifacts": [file], "scope": EVERYTHING, "evidence": []} | more
    return decide(
        parse(policy) if isinstance(policy, str) else policy,
        subject=subject,
        findings=[finding()] if findings is None else findings,
        handed_out=frozenset({"model.bin"}),
        now=None if day is None else at(day),
        **options,
    )


def upkeep(day, *, found=True, subject="file:/model"):
    """The rules about the upkeep of waivers in a decision."""
    decision = judge(BASE + waiver(), day=day, findings=None if found else [], subject=subject)
    return [reason.finding.rule for reason in decision.reasons if reason.finding.rule.startswith("waiver.")]
