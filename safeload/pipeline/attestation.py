"""What an audit established, as a statement for later and for others; `attested` checks it.

https://slsa.dev/spec/v1.1/verification_summary, in an envelope of https://github.com/secure-systems-lab/dsse

    summary_of()   AuditReport -> Summary: PASSED or FAILED, under which policy, over which bytes
    seal()         Summary -> a signed envelope, or a bare statement that nobody signed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload import __version__
from safeload.core import Level, Verdict
from safeload.errors import UsageError
from safeload.formats.dsse import IN_TOTO, pae, write_envelope
from safeload.formats.verification_summary import FAILED, VERIFIER, Summary, write_summary
from safeload.policy.requirements import counted
from safeload.policy.schema import REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeload.core import AuditReport, Evidence, Json
    from safeload.provenance.keys import Private

ALLOWED = "SAFELOAD_ALLOWED"
"""The level that says that a policy allowed the files."""
PROVENANCE = "SAFELOAD_PROVENANCE_"
"""What the levels begin with that say how much of an origin was proven."""
PACKAGE = "pkg:huggingface/"


def summary_of(report: AuditReport, now: float, repository: str | None = None) -> Summary:
    """What an audit established.

    Args:
        report: of an audit that digested everything, so not of a quick one.
        now: seconds since 1970.
        repository: `org/name`, as the user asked for it; it counts only where it was proven.

    Raises:
        UsageError: there is no file to say anything about.
    """
    decision = report.decision
    proven = counted(decision.evidence)
    passed = decision.verdict is Verdict.ALLOW and not report.quick
    digests = {
        artifact.location.artifact: artifact.digest.hex
        for artifact in decision.artifacts
        if not artifact.location.members and artifact.digest is not None
    }
    if not digests:
        raise UsageError("no file was digested, so there is nothing to attest")
    level = max((item.level for item in proven), key=REQUIREMENTS.index, default="none")
    names = (ALLOWED,) if level == "none" else (ALLOWED, f"{PROVENANCE}{level.upper()}")
    return Summary(
        files=digests,
        verifier=VERIFIER,
        versions={"safeload": __version__},
        time=int(now),
        resource=_resource(report, proven, repository),
        policy=decision.policy_source,
        policy_digest=decision.policy_digest.hex,
        passed=passed,
        levels=names if passed else (FAILED,),
        inputs=tuple(_input(item) for item in proven),
        more=_more(report, digests),
    )


def seal(summary: Summary, private: Private | None) -> bytes:
    """The summary as a file: signed, or a bare statement that says nothing about who wrote it."""
    statement = write_summary(summary)
    if private is None:
        return statement
    from safeload.provenance.keys import public_of, sign

    return write_envelope(statement, sign(private, pae(IN_TOTO, statement)), public_of(private).fingerprint)


def _resource(report: AuditReport, proven: Sequence[Evidence], repository: str | None) -> str:
    """What was audited. A name that the user gave counts only where a signature of the rule for it holds."""
    uri = report.manifest.uri
    if uri.startswith("hf:"):
        return PACKAGE + uri.removeprefix("hf:")
    if repository is not None and proven:
        commit = next((item.subject for item in proven if item.kind == "commit-signature"), None)
        return f"{PACKAGE}{repository}@{commit}" if commit else f"{PACKAGE}{repository}"
    from urllib.parse import quote

    return quote(uri, safe=":/")


def _input(item: Evidence) -> Mapping[str, Json]:
    """Resource descriptor of a commit or a bundle, with who signed it."""
    name, _, digest = item.subject.rpartition(":")
    said = {"level": item.level}
    if item.signer:
        said["signer"] = item.signer
    return {"name": item.kind, "digest": {name or "gitCommit": digest}, "annotations": said}


def _more(report: AuditReport, digests: Mapping[str, str]) -> Mapping[str, Json]:
    """What the specification has no field for."""
    decision = report.decision
    rules = {
        level: sorted({reason.finding.rule for reason in decision.reasons if reason.level is level})
        for level in Level
    }
    return {
        "verdict": decision.headline,
        "scope": decision.scope.name,
        "denied": rules[Level.DENY],
        "warned": rules[Level.WARN],
        "allowed": rules[Level.ALLOW],
        "undigested": [entry.path for entry in report.manifest.entries if entry.path not in digests],
        "trustStores": sorted({item.basis for item in decision.evidence if item.basis}),
    }
