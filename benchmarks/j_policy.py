"""(j) Decisions about 1,000 files and 200 findings, against cedarpy deciding as many requests.

Both processes get policy and findings as data and decide ten times. Ours reads the default policy, gives
each finding its level and line, accounts for every file and sorts the reasons. The peer reads a policy set
with one `permit` and one `forbid` per denied rule and is asked once per finding, in one batch.
"""

from __future__ import annotations

from benchmarks.harness import Claim, script

ROUNDS = 10
_OURS = """
import sys
from safeload.core import EVERYTHING, Artifact, Coverage, Digest, Finding, Location, Role, Severity
from safeload.pipeline import resolve_policy, rule_ids
from safeload.policy.engine import decide

files = [
    Artifact(location=Location(artifact=f"part/{n:04}.safetensors"), size=1, role=Role.WEIGHTS,
             format="safetensors", coverage=Coverage.SCANNED, digest=Digest(hex="ab" * 32))
    for n in range(1000)
]
known = sorted(rule_ids()[0] - rule_ids()[1])
found = [
    Finding(rule=known[n % len(known)], severity=Severity.MEDIUM, message=f"finding {n}",
            location=Location(artifact=f"part/{n * 5:04}.safetensors"), fix="fix it")
    for n in range(200)
]
policy = resolve_policy("default")
for _ in range(int(sys.argv[1])):
    decision = decide(
        policy, subject="file:/model", scope=EVERYTHING, findings=found, artifacts=files, evidence=(),
        handed_out=frozenset(item.location.artifact for item in files), now=0.0,
    )
sys.exit(len(decision.reasons) != 200)
"""
_PEER = """
import sys
import cedarpy

known, denied = (argument.split() for argument in sys.argv[2:])
policies = "permit(principal, action, resource);" + "".join(
    f'forbid(principal, action == Action::"{rule}", resource);' for rule in denied
)
requests = [
    {"principal": 'Load::"model"', "action": f'Action::"{known[n % len(known)]}"',
     "resource": f'File::"part/{n * 5:04}.safetensors"', "context": {}}
    for n in range(200)
]
for _ in range(int(sys.argv[1])):
    answers = cedarpy.is_authorized_batch(requests, policies, [])
sys.exit(len(answers) != 200)
"""


def claims() -> list[Claim]:
    """One claim. The peer gets its rules by its arguments, so that it imports nothing of ours."""
    from safeload.pipeline import resolve_policy, rule_ids

    policy = resolve_policy("default")
    known = sorted(rule_ids()[0] - rule_ids()[1])
    denied = [rule for rule in known if policy.setting(rule).level.value == "deny"]
    return [
        Claim(
            id="j",
            text="ten decisions about 1,000 files and 200 findings",
            ours=script(_OURS, str(ROUNDS)),
            peer=script(_PEER, str(ROUNDS), " ".join(known), " ".join(denied)),
            peer_name="cedarpy",
            target=1.0,
        )
    ]
